/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/disk-file.h"
#include "next/next-kernel.h"
#include "next/rehearsed.h"

#define IMAGE_MAX	(1u << 30)	/* a unified image contains its initrd */
#define INITRD_MAX	(1u << 30)

char next_vfio_pci(const struct next *next, const char **ret_source)
{
	char value;

	if (next->config.text) {
		value = kconfig_get(&next->config, "VFIO_PCI");
		*ret_source = next->config.source;
		return value ? value : 'n';
	}
	*ret_source = "modules.builtin";
	if (userland_builtin(&next->initrd, "vfio_pci") >= 0 ||
	    userland_builtin(&next->root, "vfio_pci") >= 0)
		return 'y';
	*ret_source = "its modules";
	return userland_has(&next->initrd, "vfio_pci") ||
	       userland_has(&next->root, "vfio_pci") ? 'm' : 0;
}

/* Looks inside the image, beside it, and where distributions put the configuration. */
static int read_config(struct next *next)
{
	const char *release = next->image.release;

	if (next->image.config) {
		next->config.text = next->image.config;
		next->image.config = NULL;
		strcpy(next->config.source, "its embedded configuration");
		return 0;
	}
	return release[0] ? kconfig_read(next->ctx, next->asked->kernel, release, &next->config) : 0;
}

static int see_iommu(void *arg, const char *name)
{
	const char **option = arg;

	if (strncmp(name, "dmar", 4) == 0)
		*option = "INTEL_IOMMU";
	else if (strncmp(name, "ivhd", 4) == 0)
		*option = "AMD_IOMMU";
	else if (strncmp(name, "smmu3", 5) == 0)
		*option = "ARM_SMMU_V3";
	return *option != NULL;
}

static int read_image(struct next *next)
{
	char release[128], build[128];
	size_t size;
	int ret;

	ret = file_read_named(next->ctx, next->asked->kernel, IMAGE_MAX, &next->file, &size);
	if (ret)
		return ret;
	ret = image_parse(next->file, size, &next->image);
	if (ret == -ENOMEM)
		return vlu_nomem(next->ctx);
	next->is_image = ret == 0;
	next->running = next->is_image && !next->image.damaged &&
		attr_read(next->ctx, release, sizeof(release), "/proc/sys/kernel/osrelease") > 0 &&
		attr_read(next->ctx, build, sizeof(build), "/proc/sys/kernel/version") > 0 &&
		strcmp(release, next->image.release) == 0 &&
		strcmp(build, next->image.build) == 0;
	if (next->is_image && read_config(next))
		return vlu_nomem(next->ctx);
	return 0;
}

/* /proc/sys/kernel/arch exists since 6.1. Older kernels show their machine by its IOMMU. */
static void see_machine(struct next *next)
{
	sys_list(&next->ctx->sys, "/sys/class/iommu", see_iommu, &next->iommu);
	if (attr_read(next->ctx, next->machine, sizeof(next->machine), "/proc/sys/kernel/arch") <= 0)
		strcpy(next->machine, !next->iommu ? "" :
		       strcmp(next->iommu, "ARM_SMMU_V3") == 0 ? "aarch64" : "x86_64");
}

static int take_initrd(struct next *next, const char *data, size_t size)
{
	int ret = userland_initrd(&next->initrd, next->image.release, (const uint8_t *)data, size);

	return ret ? vlu_nomem(next->ctx) : 0;
}

/* Reads the initrd that was named, or else that of a unified image. */
static int read_initrd(struct next *next)
{
	const struct part part = next->image.initrd;
	char *data;
	size_t size;
	int ret;

	if (next->own.initrd) {
		ret = file_read_named(next->ctx, next->own.initrd, INITRD_MAX, &data, &size);
		if (ret)
			return ret;
		ret = take_initrd(next, data, size);
		free(data);
		return ret;
	}
	if (!part.size)
		return 0;
	snprintf(next->initrd_name, sizeof(next->initrd_name), ".initrd of %s", next->own.kernel);
	next->own.initrd = next->initrd_name;
	return take_initrd(next, next->file + part.at, part.size);
}

/*
 * A built-in command line goes before the given one, or is the only one: setup_arch(),
 * arch/x86/kernel/setup.c, and early_init_dt_scan_chosen(), drivers/of/fdt.c. On Arm, without
 * CONFIG_CMDLINE_FORCE, the kernel uses it only if the firmware gives no command line.
 */
static void add_builtin(struct next *next)
{
	bool fixed = kconfig_get(&next->config, "CMDLINE_OVERRIDE") == 'y' ||
		     kconfig_get(&next->config, "CMDLINE_FORCE") == 'y';
	char line[sizeof(next->cmdline)];

	if ((!fixed && kconfig_get(&next->config, "CMDLINE_BOOL") != 'y') ||
	    !kconfig_text(&next->config, "CMDLINE", line, sizeof(line)))
		return;
	next->cmdline_fixed = fixed;
	next->cmdline_builtin = strlen(line) + 1;
	if (!fixed)
		text_add(line, sizeof(line), " %s", next->cmdline);
	strcpy(next->cmdline, line);
}

static int read_cmdline(struct next *next)
{
	const struct part part = next->image.cmdline;

	next->cmdline_known = true;
	if (next->own.cmdline) {
		if (strlen(next->own.cmdline) >= sizeof(next->cmdline))
			return vlu_fail(next->ctx, VLU_USAGE, -E2BIG,
					"the command line is longer than any kernel takes");
		strcpy(next->cmdline, next->own.cmdline);
	} else if (part.size && part.size < sizeof(next->cmdline)) {
		memcpy(next->cmdline, next->file + part.at, part.size);
		next->own.cmdline = next->cmdline;
	} else {
		next->cmdline_known = attr_read(next->ctx, next->cmdline, sizeof(next->cmdline),
						"/proc/cmdline") >= 0;
		if (!next->cmdline_known)
			next->cmdline[0] = '\0';
	}
	add_builtin(next);
	return 0;
}

static int read_asked(struct next *next)
{
	struct vlu_ctx *ctx = next->ctx;
	int ret;

	/* each part may take seconds, so a signal is looked for between them */
	next->own = *next->asked;
	next->asked = &next->own;
	see_machine(next);
	progress_begin(ctx, 0, "reading and unpacking %s", next->own.kernel);
	ret = read_image(next);
	progress_end(ctx);
	ret = ret ? ret : stop_check(ctx);
	if (!ret) {
		progress_begin(ctx, 0, "reading and unpacking %s", next->own.initrd ?: "the initrd inside it");
		ret = read_initrd(next);
		progress_end(ctx);
		ret = ret ? ret : stop_check(ctx);
	}
	if (!ret) {
		progress_begin(ctx, 0, "looking at the modules of %s", next->image.release);
		ret = userland_root(ctx, &next->root, next->image.release);
		progress_end(ctx);
		if (ret)
			vlu_failed(ctx, ret, "cannot look at the modules of %s", next->image.release);
	}
	return ret ? ret : read_cmdline(next);
}

static int read_rehearsal(struct next *next)
{
	const char *path = next->asked->rehearsal;
	size_t size;

	return path ? file_read_named(next->ctx, path, REHEARSED_MAX, &next->rehearsal, &size) : 0;
}

void next_free(struct next *next)
{
	image_free(&next->image);
	kconfig_free(&next->config);
	userland_free(&next->initrd);
	userland_free(&next->root);
	free(next->devices);
	free(next->file);
	free(next->rehearsal);
}

static int find_devices(struct next *next, const struct vlu_bdf *bdfs, size_t n)
{
	size_t i;
	int ret;

	next->devices = calloc(n ? n : 1, sizeof(struct vlu_device *));
	if (!next->devices)
		return vlu_nomem(next->ctx);
	for (i = 0; i < n; i++) {
		ret = vlu_device_find(next->ctx, bdfs[i], &next->devices[next->n_devices]);
		if (!ret)
			next->n_devices++;
		else if (ret != -ENODEV)
			return ret;
	}
	return 0;
}

int next_read(struct next *next, const struct vlu_bdf *bdfs, size_t n)
{
	int ret = find_devices(next, bdfs, n);

	ret = ret ? ret : read_rehearsal(next);
	return ret ? ret : read_asked(next);
}

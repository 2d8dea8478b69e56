/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "modconf.h"
#include "next.h"

#define IMAGE_MAX	(256u << 20)
#define INITRD_MAX	(1u << 30)
#define CONFIG_MAX	(4u << 20)

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

bool next_vfio_ids(const struct next *next, char *buf, size_t size)
{
	return cmdline_get(next->cmdline, "vfio-pci.ids", buf, size) ||
	       cmdline_get(next->cmdline, "vfio_pci.ids", buf, size) ||
	       modconf_option(&next->initrd, "vfio-pci", "ids", buf, size) ||
	       modconf_option(&next->root, "vfio-pci", "ids", buf, size);
}

/* A file that was named: it must be there, or nothing can be said at all. */
static int read_named(struct vlu_ctx *ctx, const char *path, size_t max,
		      char **ret_data, size_t *ret_size)
{
	int mode = sys_mode(&ctx->sys, path), ret;

	ret = mode < 0 ? mode : (mode & 0170000) != 0100000 ? -EINVAL :
	      attr_read_all(ctx, path, max, ret_data, ret_size);
	if (ret == -EINVAL)
		return vlu_fail(ctx, VLU_FAILED, ret, "%s: not a file", path);
	if (ret == -EFBIG)
		return vlu_fail(ctx, VLU_FAILED, ret, "%s: too large to be one", path);
	return ret ? vlu_fail(ctx, VLU_FAILED, ret, "%s: %s", path, strerror(-ret)) : 0;
}

static int config_from(struct next *next, const char *fmt, const char *a, const char *b)
{
	struct kconfig *config = &next->config;
	size_t size;
	int ret;

	if (config->text)
		return 0;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(config->source, sizeof(config->source), fmt, a, b);
#pragma GCC diagnostic pop
	ret = attr_read_all(next->ctx, config->source, CONFIG_MAX, &config->text, &size);
	return ret == -ENOMEM ? ret : 0;
}

/* Inside the image, beside it, or where distributions put it. */
static int read_config(struct next *next)
{
	const char *slash = strrchr(next->asked->kernel, '/'), *release = next->image.release;
	char dir[128];
	int ret;

	if (next->image.config) {
		next->config.text = next->image.config;
		next->image.config = NULL;
		strcpy(next->config.source, "its embedded configuration");
		return 0;
	}
	if (!release[0])
		return 0;
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - next->asked->kernel + 1) : 0,
		 next->asked->kernel);
	ret = config_from(next, "%sconfig-%s", dir, release);
	if (!ret)
		ret = config_from(next, "/boot/%sconfig-%s", "", release);
	if (!ret)
		ret = config_from(next, "/lib/modules/%s%s/config", "", release);
	if (!ret)
		ret = config_from(next, "/usr/lib/modules/%s%s/config", "", release);
	return ret;
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

	ret = read_named(next->ctx, next->asked->kernel, IMAGE_MAX, &next->file, &size);
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

static int read_asked(struct next *next)
{
	const struct vlu_next *asked = next->asked;
	struct vlu_ctx *ctx = next->ctx;
	char *data;
	size_t size;
	int ret;

	ret = read_image(next);
	if (!ret && asked->initrd) {
		ret = read_named(ctx, asked->initrd, INITRD_MAX, &data, &size);
		if (ret)
			return ret;
		ret = userland_initrd(&next->initrd, next->image.release,
				      (const uint8_t *)data, size);
		free(data);
		if (ret)
			return vlu_nomem(ctx);
	}
	if (ret)
		return ret;
	if (userland_root(ctx, &next->root, next->image.release))
		return vlu_nomem(ctx);
	if (asked->cmdline) {
		next->cmdline_known = true;
		if (strlen(asked->cmdline) >= sizeof(next->cmdline))
			return vlu_fail(ctx, VLU_USAGE, -E2BIG,
					"the command line is longer than any kernel takes");
		strcpy(next->cmdline, asked->cmdline);
	} else {
		next->cmdline_known = attr_read(ctx, next->cmdline, sizeof(next->cmdline),
						"/proc/cmdline") >= 0;
		if (!next->cmdline_known)
			next->cmdline[0] = '\0';
	}
	sys_list(&ctx->sys, "/sys/class/iommu", see_iommu, &next->iommu);
	return 0;
}

void next_free(struct next *next)
{
	image_free(&next->image);
	host_config_free(&next->config);
	userland_free(&next->initrd);
	userland_free(&next->root);
	free(next->devices);
	free(next->file);
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

	return ret ? ret : read_asked(next);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules the next kernel must meet. */
#include "modconf.h"
#include "next.h"

#define SYSTEMD_LUO	261	/* from here on PID 1 opens /dev/liveupdate itself */

struct next_rule {
	const char *id;
	void (*look)(const struct next *next, struct verdict *v);
};

/* file_load: kexec_file_loaders[], arch/x86/kernel/machine_kexec_64.c */
static void look_image(const struct next *next, struct verdict *v)
{
	const struct image *image = &next->image;
	const char *release = image->release[0] ? image->release : "a release not known";

	if (!next->is_image) {
		verdict_set(v, VLU_FAIL, "%s is no kernel image", next->asked->kernel);
		verdict_fix(v, "name the file that was installed as /boot/vmlinuz-RELEASE");
	} else if (!image->bzimage) {
		verdict_set(v, VLU_FAIL, "%s is a vmlinux of %s; kexec_file_load() takes a "
			    "bzImage", next->asked->kernel, release);
		verdict_fix(v, "name its bzImage, installed as /boot/vmlinuz-RELEASE");
	} else if (!image->loads) {
		verdict_set(v, VLU_FAIL, "kexec_file_load() does not take this bzImage: it is "
			    "not for 64 bits, or too old");
		verdict_fix(v, "choose a 64-bit kernel");
	} else if (image->damaged) {
		verdict_set(v, VLU_FAIL, "%s is an image of %s that would not boot: %s",
			    next->asked->kernel, release, image->why);
		verdict_fix(v, "install that kernel again");
	} else if (!image->inside) {
		verdict_set(v, VLU_UNKNOWN, "%s, but what is in it is not known: %s", release,
			    image->why);
	} else {
		verdict_set(v, VLU_PASS, "a bzImage of %s", release);
	}
}

/* The option has another name, or none: what is in the kernel tells as well. */
static void look_handler(const struct next *next, struct verdict *v)
{
	struct abi abi = { 0 };
	const char *source;

	if (next->image.inside)
		abi_scan(&abi, next->image.inside, next->image.size, "its image");
	if (abi.word[ABI_VFIO].text[0] || next->initrd.abi.word[ABI_VFIO].text[0] ||
	    next->root.abi.word[ABI_VFIO].text[0]) {
		verdict_set(v, VLU_PASS, "all that is needed is on in %s, and its vfio-pci "
			    "has a handler", next->config.source);
		return;
	}
	verdict_fix(v, "choose a kernel that preserves vfio-pci files");
	if (next->initrd.vfio_read || next->root.vfio_read ||
	    (next->image.inside && next_vfio_pci(next, &source) == 'y'))
		verdict_set(v, VLU_FAIL, "its vfio-pci has no handler that preserves files, and "
			    "%s knows no CONFIG_VFIO_PCI_LIVEUPDATE", next->config.source);
	else
		verdict_set(v, VLU_UNKNOWN, "%s knows no CONFIG_VFIO_PCI_LIVEUPDATE, and its "
			    "vfio-pci was not found to look for a handler",
			    next->config.source);
}

/* Options by their names; those of a series may be called otherwise elsewhere. */
static void look_config(const struct next *next, struct verdict *v)
{
	static const char *const needed[] = {
		"KEXEC_HANDOVER", "LIVEUPDATE", "KEXEC_FILE", "IOMMUFD",
		"VFIO_DEVICE_CDEV", "VFIO_PCI",
	};
	const char *option = NULL;
	size_t i;

	if (!next->is_image) {
		verdict_set(v, VLU_UNKNOWN, "it is not an image that can be read");
		return;
	}
	if (!next->config.text) {
		verdict_set(v, VLU_UNKNOWN, "its configuration is not in it, nor at "
			    "/boot/config-%s or /lib/modules/%s/config",
			    next->image.release, next->image.release);
		verdict_fix(v, "put its configuration beside it, as config-RELEASE");
		return;
	}
	for (i = 0; !option && i < ARRAY_SIZE(needed); i++)
		if (!kconfig_get(&next->config, needed[i]))
			option = needed[i];
	if (!option && next->iommu && !kconfig_get(&next->config, next->iommu))
		option = next->iommu;
	if (option) {
		verdict_set(v, VLU_FAIL, "it was built without CONFIG_%s (not set in %s)",
			    option, next->config.source);
		verdict_fix(v, "choose a kernel with CONFIG_%s", option);
		return;
	}
	/* PCI and VFIO series, not in the mainline up to 7.3 */
	if (kconfig_get(&next->config, "VFIO_PCI_LIVEUPDATE")) {
		verdict_set(v, VLU_PASS, "all that is needed is on in %s", next->config.source);
	} else if (strstr(next->config.text, "CONFIG_VFIO_PCI_LIVEUPDATE is not set")) {
		verdict_set(v, VLU_FAIL, "it was built without CONFIG_VFIO_PCI_LIVEUPDATE (not "
			    "set in %s)", next->config.source);
		verdict_fix(v, "choose a kernel with CONFIG_VFIO_PCI_LIVEUPDATE");
	} else {
		look_handler(next, v);
	}
}

static unsigned int systemd_of(const struct next *next)
{
	return next->initrd.systemd > next->root.systemd ? next->initrd.systemd :
							   next->root.systemd;
}

/* A module that is there only later: does that come too late? */
static void look_late(const struct next *next, struct verdict *v)
{
	const char *where = next->root.tree && userland_has(&next->root, "vfio_pci") ?
			    "it is on the root file system" : "it was not seen elsewhere";
	unsigned int systemd = systemd_of(next);

	verdict_fix(v, "add vfio-pci to the initrd and have it loaded there");
	if (systemd >= SYSTEMD_LUO)
		verdict_set(v, VLU_FAIL, "vfio-pci is a module, and not in the initrd%s%s: "
			    "systemd %u opens /dev/liveupdate before it can be loaded, and "
			    "every later open fails", next->initrd.other[0] ?
			    ", which has modules of " : "", next->initrd.other, systemd);
	else if (!next->root.tree && !next->initrd.tree)
		verdict_set(v, VLU_UNKNOWN, "vfio-pci is a module, and modules of that kernel "
			    "are neither in the initrd nor on this machine");
	else
		verdict_set(v, VLU_WARN, "vfio-pci is a module, and not in the initrd%s%s; "
			    "%s: nothing may open /dev/liveupdate before it is loaded",
			    next->initrd.other[0] ? ", which has modules of " : "",
			    next->initrd.other, where);
}

/* The first open of /dev/liveupdate looks for handlers, luo_file_deserialize_one() */
static void look_initrd_vfio(const struct next *next, struct verdict *v)
{
	const char *source, *initrd = next->asked->initrd;

	switch (next_vfio_pci(next, &source)) {
	case 'y':
		verdict_set(v, VLU_PASS, "vfio-pci is built in (%s)", source);
		return;
	case 'n':
		verdict_set(v, VLU_FAIL, "there is no vfio-pci (%s)", source);
		verdict_fix(v, "choose a kernel with CONFIG_VFIO_PCI");
		return;
	case 0:
		if (!initrd || next->initrd.read) {
			verdict_set(v, VLU_UNKNOWN, "whether vfio-pci is built in or a module "
				    "is not known");
			return;
		}
	}
	if (!initrd) {
		verdict_set(v, VLU_UNKNOWN, "vfio-pci is a module (%s), and the initrd that "
			    "should have it was not named", source);
		verdict_fix(v, "name it by --next-initrd");
	} else if (!next->initrd.read) {
		verdict_set(v, VLU_UNKNOWN, "%s: %s", initrd, next->initrd.why);
	} else if (!userland_has(&next->initrd, "vfio_pci")) {
		look_late(next, v);
	} else if (modconf_loads(&next->initrd, next->cmdline, "vfio-pci")) {
		verdict_set(v, VLU_PASS, "vfio-pci is in the initrd, and loaded there");
	} else {
		verdict_set(v, VLU_WARN, "vfio-pci is in the initrd, but nothing seen there "
			    "loads it");
		verdict_fix(v, "add it to the modules that the initrd loads by itself");
	}
}

static const struct next_rule rules[] = {
	{ "next-image", look_image },
	{ "next-config", look_config },
	{ "next-cmdline", look_next_cmdline },
	{ "next-initrd-vfio", look_initrd_vfio },
	{ "next-abi", look_next_abi },
	{ "next-driver-match", look_next_driver },
};

int vlu_check_next(struct vlu_ctx *ctx, const struct vlu_next *asked,
		   const struct vlu_bdf *bdfs, size_t n, struct vlu_report **ret_report)
{
	struct next next = { .ctx = ctx, .asked = asked };
	struct vlu_report *report = NULL;
	struct verdict v;
	size_t i;
	int ret;

	ret = next_read(&next, bdfs, n);
	if (!ret)
		ret = report_new(ctx, &report);
	for (i = 0; !ret && i < ARRAY_SIZE(rules); i++) {
		memset(&v, 0, sizeof(v));
		rules[i].look(&next, &v);
		report_add(report, rules[i].id, &v);
	}
	if (!ret && report->short_of_memory)
		ret = vlu_nomem(ctx);
	next_free(&next);
	if (ret)
		vlu_report_free(report);
	else
		*ret_report = report;
	return ret;
}

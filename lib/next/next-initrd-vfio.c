/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks that vfio-pci is registered before the next kernel's /dev/liveupdate is first opened. */
#include "base/attr.h"
#include "machine/systemd.h"
#include "next/autoload.h"
#include "next/builtin.h"
#include "next/initrd-maker.h"
#include "next/modprobe-conf.h"
#include "next/next-kernel.h"
#include "next/udev-rules.h"

static const char *others_of(const struct next *next)
{
	return next->initrd.other[0] ? ", which has modules of " : "";
}

/* Sets the command that makes this initrd load vfio-pci, if its maker is known. */
static void fix_load(const struct next *next, struct verdict *v)
{
	const struct maker *maker = next->initrd.maker;
	char again[MAKER_COMMAND];

	if (maker) {
		maker_command(&next->initrd, again);
		verdict_fix(v, "%s, then %s", maker->load, again);
	} else if (userland_has(&next->initrd, "vfio_pci")) {
		verdict_fix(v, "have the program that makes this initrd load vfio-pci by "
			    "name, as MODULES= of mkinitcpio and force_drivers+= of dracut do, "
			    "and make the initrd again");
	} else {
		verdict_fix(v, "add vfio-pci to the initrd and have it loaded there");
	}
}

/*
 * From SYSTEMD_LIVEUPDATE on, a systemd that is the init of the initrd opens /dev/liveupdate before
 * it loads any module.
 */
static bool is_opened_by_systemd(const struct next *next, struct verdict *v)
{
	int version = next->initrd.systemd > 0 ? next->initrd.systemd : next->root.systemd;

	if (next->initrd.starts_systemd == VLU_NO)
		return false;
	if (next->initrd.systemd > 0 || next->initrd.starts_systemd == VLU_YES) {
		if (systemd_has_luo(version)) {
			verdict_set(v, VLU_FAIL, "vfio-pci is a module, and systemd %d inside the "
				    "initrd opens " DEV_LIVEUPDATE " before it loads any: every "
				    "later open fails", version);
			verdict_fix(v, "choose a kernel with vfio-pci built in (CONFIG_VFIO_PCI=y)");
			return true;
		}
		if (version <= 0) {
			verdict_set(v, VLU_UNKNOWN, "vfio-pci is a module, and the version of systemd "
				    "inside the initrd is not known: from %d on it opens "
				    DEV_LIVEUPDATE " before it loads any", SYSTEMD_LIVEUPDATE);
			return true;
		}
	}
	return false;
}

/* Checks whether vfio-pci, as a module that is loaded later, would be too late. */
static void look_late(const struct next *next, struct verdict *v)
{
	bool on_root = next->root.tree && userland_has(&next->root, "vfio_pci");

	fix_load(next, v);
	if (systemd_has_luo(next->root.systemd))
		verdict_set(v, VLU_FAIL, "vfio-pci is a module, and not in the initrd%s%s: "
			    "systemd %d opens " DEV_LIVEUPDATE " before it can be loaded, and "
			    "every later open fails", others_of(next), next->initrd.other,
			    next->root.systemd);
	else if (!next->root.tree && !next->initrd.tree)
		verdict_set(v, VLU_UNKNOWN, "vfio-pci is a module, and modules of that kernel "
			    "are neither in the initrd nor on this machine");
	else
		verdict_set(v, VLU_WARN, "vfio-pci is a module, and not in the initrd%s%s; "
			    "%s: no program may open /dev/liveupdate before vfio-pci is loaded",
			    others_of(next), next->initrd.other, on_root ?
			    "it is on the root file system" : "it was not seen elsewhere");
}

struct search {
	const struct next *next;
	bool found;
};

/* Notes if this module, which is loaded for a device, is vfio-pci or loads it first. */
static int see_module(void *arg, const char *module)
{
	struct search *search = arg;
	const struct next *next = search->next;

	search->found |= strcmp(module, "vfio_pci") == 0 ||
			 (userland_has(&next->initrd, module) &&
			  !modconf_is_forbidden(&next->initrd, next->cmdline, module) &&
			  modconf_is_before(&next->initrd, module, VFIO_DRIVER));
	return search->found;
}

static bool is_loading(struct search *search, const struct vlu_device *dev)
{
	const struct userland *initrd = &search->next->initrd;
	char modalias[MODALIAS_SIZE];

	if (modalias_of(dev, modalias) == 0)
		modconf_modules(initrd, initrd->alias, modalias, see_module, search);
	return search->found;
}

static int look_at_other(void *arg, const char *name)
{
	struct search *search = arg;
	struct vlu_device *dev;
	struct vlu_bdf bdf;

	return vlu_bdf_parse(name, &bdf) == 0 &&
	       vlu_device_find(search->next->ctx, bdf, &dev) == 0 && is_loading(search, dev);
}

/* Is there a line of modprobe.d that could load vfio-pci for a device? */
static bool has_lines(const struct userland *user)
{
	size_t i;

	for (i = 0; i < user->n_conf; i++)
		if (strstr(user->conf[i].name, "/modprobe.d/") && strstr(user->conf[i].text, "vfio"))
			return true;
	return false;
}

/* udev loads modules for all devices of this host, not only for the named ones. */
static bool has_loading_device(const struct next *next)
{
	struct search search = { .next = next };
	char where[UDEV_WHERE_SIZE];
	size_t i;

	for (i = 0; i < next->n_devices; i++)
		if (udev_gives(&next->initrd, next->devices[i], where) == TAKES ||
		    is_loading(&search, next->devices[i]))
			return true;
	return has_lines(&next->initrd) &&
	       attr_each(next->ctx, PCI_DEVICES, look_at_other, &search) > 0;
}

bool initrd_loads_vfio(const struct next *next)
{
	return userland_has(&next->initrd, "vfio_pci") &&
	       !modconf_never_loads(&next->initrd, next->cmdline, VFIO_DRIVER) &&
	       (restore_place(&next->initrd) != NEVER ||
		autoload_place(&next->initrd, next->cmdline, VFIO_DRIVER) != NEVER ||
		has_loading_device(next));
}

static void look_module(const struct next *next, struct verdict *v)
{
	bool there = userland_has(&next->initrd, "vfio_pci");
	const char *never = modconf_never_loads(there ? &next->initrd : &next->root,
						next->cmdline, VFIO_DRIVER);

	if (is_opened_by_systemd(next, v))
		return;
	if (never) {
		verdict_set(v, VLU_FAIL, "vfio-pci is a module%s, and %s keeps it from being loaded",
			    there ? " in the initrd" : "", never);
		verdict_fix(v, strchr(never, '=') ? "remove vfio-pci from it" :
			    "remove that line, and make the initrd again");
	} else if (there && restore_place(&next->initrd) != NEVER) {
		verdict_set(v, VLU_PASS, "vfio-pci is in the initrd, and vfio-lu restore loads it there");
	} else if (next->loads_vfio) {
		verdict_set(v, VLU_PASS, "vfio-pci is in the initrd, and loaded there");
	} else if (restore_place(&next->root) != NEVER && userland_has(&next->root, "vfio_pci") &&
		   !systemd_has_luo(next->root.systemd)) {
		verdict_set(v, VLU_PASS, "vfio-pci is on the root file system, and "
			    "vfio-lu-restore.service loads it before " DEV_LIVEUPDATE " is opened");
	} else if (there) {
		verdict_set(v, VLU_WARN, "vfio-pci is in the initrd, but vfio-lu found nothing there that "
			    "loads it");
		fix_load(next, v);
	} else {
		look_late(next, v);
	}
}

/* The first open of /dev/liveupdate looks for handlers: luo_file_deserialize_one() */
void look_initrd_vfio(const struct next *next, struct verdict *v)
{
	const char *source, *initrd = next->asked->initrd;

	switch (next_vfio_pci(next, &source)) {
	case 'y':
		if (is_perhaps_stopped(next, "vfio_pci")) {
			verdict_set(v, VLU_FAIL, "vfio-pci is built in (%s), and "
				    "initcall_blacklist= keeps it from starting", source);
			verdict_fix(v, "remove the functions of vfio-pci from initcall_blacklist=");
		} else {
			verdict_set(v, VLU_PASS, "vfio-pci is built in (%s)", source);
		}
		return;
	case 'n':
		verdict_set(v, VLU_FAIL, "there is no vfio-pci (%s)", source);
		verdict_fix(v, "choose a kernel with CONFIG_VFIO_PCI");
		return;
	case 0:
		if (!initrd || next->initrd.read) {
			verdict_set(v, VLU_UNKNOWN, "vfio-lu cannot see whether vfio-pci is built "
				    "in or a module");
			return;
		}
	}
	if (!initrd) {
		verdict_set(v, VLU_UNKNOWN, "vfio-pci is a module (%s), and the initrd that "
			    "should have it was not named", source);
		verdict_fix(v, "name that initrd");
	} else if (!next->initrd.read) {
		verdict_set(v, VLU_UNKNOWN, "%s: %s", initrd, next->initrd.why);
	} else {
		look_module(next, v);
	}
}

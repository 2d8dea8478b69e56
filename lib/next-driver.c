/* SPDX-License-Identifier: GPL-2.0-only */
/* Which driver of the next kernel would take a device before vfio-pci is told to. */
#include "modalias.h"
#include "modconf.h"
#include "next.h"
#include "udev.h"

#define IDS_SIZE	512

/* What happens to one device, the worst that was found. */
struct taker {
	const struct next *next;
	const struct vlu_device *dev;
	const struct userland *user;	/* whose modules are looked at */
	enum vlu_result result;
	char module[64];
	const char *how;		/* "built in" */
	bool ids;			/* vfio-pci.ids= names the device */
	enum vlu_known rule;		/* udev gives it to vfio-pci */
};

static void found(struct taker *taker, enum vlu_result result, const char *module,
		  const char *how)
{
	taker->result = result;
	snprintf(taker->module, sizeof(taker->module), "%s", module);
	taker->how = how;
}

/* The table of built-in modules, which the initrd and the root fs may both have. */
static const struct userland *builtin_of(const struct next *next)
{
	return next->initrd.modinfo ? &next->initrd :
	       next->root.modinfo ? &next->root : NULL;
}

/*
 * Built-in drivers register in link order, long before there is user space;
 * the first that matches a device has it (driver_attach(), drivers/base/dd.c).
 */
static int see_builtin(void *arg, const char *module)
{
	struct taker *taker = arg;
	long vfio, other;
	const char *source;

	if (cmdline_lists(taker->next->cmdline, "module_blacklist", module) ||
	    strncmp(module, "vfio_", 5) == 0)
		return 0;
	if (taker->ids && next_vfio_pci(taker->next, &source) == 'y') {
		vfio = userland_builtin(taker->user, "vfio_pci");
		other = userland_builtin(taker->user, module);
		if (vfio >= 0 && vfio < other)
			return 0;
		if (vfio < 0 || other < 0) {
			found(taker, VLU_WARN, module,
			      "built in, like vfio-pci: the first one linked takes it");
			return 0;
		}
	}
	found(taker, VLU_FAIL, module, "built in");
	return 1;
}

/* Would vfio-pci be there, with this device's ids, before the module is? */
static bool vfio_first(const struct taker *taker, const char *module)
{
	const struct next *next = taker->next;
	const char *source;

	if (!taker->ids)
		return false;
	/* Lists of modules to load prove nothing: udev may come before them. */
	return next_vfio_pci(next, &source) == 'y' ||
	       modconf_before(taker->user, module, "vfio-pci") ||
	       cmdline_lists(next->cmdline, "rd.driver.pre", "vfio-pci");
}

static int see_module(void *arg, const char *module)
{
	struct taker *taker = arg;
	const struct next *next = taker->next;
	bool early = taker->user == &next->initrd;

	if (!userland_has(taker->user, module) || strncmp(module, "vfio_", 5) == 0 ||
	    modconf_forbids(taker->user, next->cmdline, module) || vfio_first(taker, module))
		return 0;
	/*
	 * A rule acts when the device's own event is handled; the event of
	 * another device may have loaded the module before.
	 */
	if (taker->rule == VLU_YES) {
		found(taker, VLU_WARN, module, "in spite of a udev rule, if another device "
		      "loads that module first");
		return 1;
	}
	if (taker->rule == VLU_DONT_KNOW) {
		found(taker, VLU_UNKNOWN, "",
		      "a udev rule may give it to vfio-pci, or may not");
		return 1;
	}
	if (early) {
		found(taker, taker->ids ? VLU_WARN : VLU_FAIL, module, taker->ids ?
		      "a module in the initrd; nothing there makes vfio-pci load before it" :
		      "a module in the initrd");
		return 1;
	}
	if (taker->result == VLU_PASS)
		found(taker, VLU_WARN, module, "a module on the root file system, unless "
		      "restore comes first");
	return 1;
}

/* Modules are asked for by udev, which knows rules that come before. */
static void look_modules(struct taker *taker, const struct userland *user,
			 const char *modalias)
{
	const struct next *next = taker->next;
	const char *alias = user->alias ? user->alias : next->root.alias, *source;

	if (taker->result != VLU_PASS || !user->n_modules)
		return;
	if (!alias) {
		found(taker, VLU_UNKNOWN, "", "there is no modules.alias for it");
		return;
	}
	taker->user = user;
	taker->rule = udev_overrides(user, taker->dev, &source);
	modalias_text(alias, modalias, see_module, taker);
}

/* One was named, and there is no looking into it. */
static bool next_initrd_bad(const struct next *next)
{
	return next->asked->initrd && !next->initrd.read;
}

static void look_device(struct taker *taker)
{
	const struct next *next = taker->next;
	char modalias[MODALIAS_SIZE], ids[IDS_SIZE];

	if (modalias_of(taker->dev, modalias)) {
		found(taker, VLU_UNKNOWN, "", "its modalias cannot be read");
		return;
	}
	taker->ids = next_vfio_ids(next, ids, sizeof(ids)) && ids_match(ids, taker->dev);
	taker->user = builtin_of(next);
	if (!taker->user) {
		found(taker, VLU_UNKNOWN, "",
		      "there is no modules.builtin.modinfo of that kernel");
		return;
	}
	modalias_info(taker->user->modinfo, taker->user->modinfo_size, modalias,
		      see_builtin, taker);
	if (next_initrd_bad(next) && taker->result == VLU_PASS)
		found(taker, VLU_UNKNOWN, "", "the modules in the initrd are not known");
	look_modules(taker, &next->initrd, modalias);
	if (!next->root.tree && taker->result == VLU_PASS && !next->initrd.tree)
		found(taker, VLU_UNKNOWN, "", "there are no modules of that kernel");
	look_modules(taker, &next->root, modalias);
}

static void say(struct verdict *v, const struct taker *taker, unsigned int nth)
{
	char text[256];
	size_t len = strlen(v->detail);

	if (taker->module[0])
		snprintf(text, sizeof(text), "%s goes to %s (%s)", taker->dev->name,
			 taker->module, taker->how);
	else
		snprintf(text, sizeof(text), "%s: %s", taker->dev->name, taker->how);
	if (len + strlen(text) + 16 < sizeof(v->detail))
		snprintf(v->detail + len, sizeof(v->detail) - len, "%s%s",
			 nth ? "; " : "", text);
	else if (len + 6 < sizeof(v->detail) && strcmp(v->detail + len - 3, "...") != 0)
		strcpy(v->detail + len, "; ...");
}

static int weight(enum vlu_result result)
{
	return result == VLU_FAIL ? 3 : result == VLU_UNKNOWN ? 2 : result == VLU_WARN;
}

static void advise(struct verdict *v, const struct taker *taker)
{
	v->fix[0] = '\0';
	if (taker->result == VLU_UNKNOWN && next_initrd_bad(taker->next))
		verdict_fix(v, "name an initrd that can be read");
	else if (taker->result == VLU_UNKNOWN)
		verdict_fix(v, "install that kernel's modules here, or name its initrd by "
			    "--next-initrd");
	else if (strncmp(taker->how, "built in", 8) == 0)
		verdict_fix(v, "nothing but another kernel keeps a built-in driver away; "
			    "vfio-lu restore takes the device back, after that driver has "
			    "used it");
	else
		verdict_fix(v, "vfio-pci.ids= on its command line, with \"softdep %s pre: "
			    "vfio-pci\" in a modprobe.d file of the initrd", taker->module);
}

void look_next_driver(const struct next *next, struct verdict *v)
{
	unsigned int n = 0;
	size_t i;

	if (!next->n_devices) {
		verdict_set(v, VLU_PASS, "no device was asked about");
		return;
	}
	if (!next->image.release[0] && !next->initrd.tree) {
		verdict_set(v, VLU_UNKNOWN, "its release is not known, and so neither are "
			    "its modules");
		return;
	}
	v->result = VLU_PASS;
	for (i = 0; i < next->n_devices; i++) {
		struct taker taker = { .next = next, .dev = next->devices[i] };

		look_device(&taker);
		if (taker.result == VLU_PASS)
			continue;
		if (weight(taker.result) > weight(v->result)) {
			v->result = taker.result;
			advise(v, &taker);
		}
		say(v, &taker, n++);
	}
	if (!n)
		verdict_set(v, VLU_PASS, "no other driver of that kernel takes %s",
			    next->n_devices == 1 ? next->devices[0]->name : "any of them");
}

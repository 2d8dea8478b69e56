/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the drivers of the next kernel that would take a device before vfio-pci gets it. */
#include "base/text.h"
#include "formats/cmdline.h"
#include "inuse/inuse.h"
#include "next/autoload.h"
#include "next/builtin.h"
#include "next/driver-advice.h"
#include "next/modprobe-conf.h"

#define IDS_SIZE	512

static void __attribute__((format(printf, 4, 5)))
found(struct taker *taker, enum vlu_result result, const char *module, const char *fmt, ...)
{
	va_list args;

	taker->result = result;
	snprintf(taker->module, sizeof(taker->module), "%s", module);
	va_start(args, fmt);
	vsnprintf(taker->how, sizeof(taker->how), fmt, args);
	va_end(args);
	taker->builtin = strncmp(taker->how, "built in", 8) == 0;
}

static bool is_built_in(const struct next *next)
{
	const char *source;

	return next_vfio_pci(next, &source) == 'y';
}

/* Does vfio-pci have the device's ids? Options in files count only for a module in these files. */
static bool has_ids(const struct taker *taker)
{
	const struct next *next = taker->next;
	char ids[IDS_SIZE];

	if (!cmdline_get(next->cmdline, "vfio-pci.ids", ids, sizeof(ids)) &&
	    (is_built_in(next) || !modconf_option(taker->user, VFIO_DRIVER, "ids", ids, sizeof(ids))))
		return false;
	return has_matching_id(ids, taker->dev);
}

/*
 * pci-stub is linked before all drivers, binds the devices with its ids, and does not touch them
 * (drivers/pci/pci-stub.c). restore takes them from it.
 */
static bool is_stubbed(const struct taker *taker)
{
	char ids[IDS_SIZE];

	return builtin_place(taker->next, "pci_stub") >= 0 &&
	       cmdline_get(taker->next->cmdline, "pci-stub.ids", ids, sizeof(ids)) &&
	       has_matching_id(ids, taker->dev);
}

/* Does the other driver lose the device again, by restore or by the rule of bind --persist? */
static bool is_taken_back(struct taker *taker)
{
	const struct next *next = taker->next;

	return restore_place(&next->initrd) != NEVER || restore_place(&next->root) != NEVER ||
	       udev_gives(&next->initrd, taker->dev, taker->where) == TAKES;
}

/*
 * Built-in drivers register in link order, long before user space starts. The first that matches
 * binds the device (driver_attach(), drivers/base/dd.c). module_blacklist= stops only modules
 * (blacklisted(), kernel/module/main.c).
 */
static int see_builtin(void *arg, const char *module)
{
	struct taker *taker = arg;
	long vfio, other;

	if (strncmp(module, "vfio_", 5) == 0)
		return 0;
	if (has_ids(taker) && is_built_in(taker->next)) {
		vfio = builtin_place(taker->next, "vfio_pci");
		other = builtin_place(taker->next, module);
		if (vfio >= 0 && vfio < other)
			return 0;
		if (vfio < 0 || other < 0) {
			found(taker, VLU_WARN, module,
			      "built in, like vfio-pci: the first one linked takes it");
			return 0;
		}
	}
	if (is_perhaps_stopped(taker->next, module)) {
		found(taker, VLU_UNKNOWN, module, "built in, unless initcall_blacklist= stops it");
		return 0;
	}
	if (is_taken_back(taker))
		found(taker, VLU_WARN, module, "built in: it uses the device first, and restore takes it back");
	else
		found(taker, VLU_FAIL, module, "built in");
	return 1;
}

/* Checks the built-in drivers first, since no module gets a device that they take. */
static enum vlu_known look_builtin(struct taker *taker, const char *modalias)
{
	const struct next *next = taker->next;

	taker->user = next->initrd.n_modules ? &next->initrd : &next->root;
	return builtin_drivers(next, modalias, see_builtin, taker);
}

static void doubt_builtin(struct taker *taker)
{
	const struct next *next = taker->next;

	found(taker, VLU_UNKNOWN, "", "vfio-lu cannot see whether that kernel has a driver for it "
	      "built in: %s",
	      next->initrd.builtin || next->root.builtin ?
	      "its modules.builtin.modinfo names no PCI device" :
	      "there is no modules.builtin of it");
}

/* Is vfio-pci there, with this device's ids, before the module is loaded? */
static bool is_vfio_first(const struct taker *taker, const char *module)
{
	const struct next *next = taker->next;
	const struct userland *user = taker->user;
	bool built_in = is_built_in(next);
	long other = autoload_place(user, next->cmdline, module), vfio;

	if (!built_in && (!userland_has(user, "vfio_pci") ||
			  modconf_never_loads(user, next->cmdline, VFIO_DRIVER)))
		return false;
	if (restore_place(user) < other)
		return true;
	if (!has_ids(taker))
		return false;
	vfio = autoload_place(user, next->cmdline, VFIO_DRIVER);
	return built_in || modconf_is_before(user, module, VFIO_DRIVER) ||
	       (user->early && is_before_devices(vfio) && vfio < other);
}

/* Guides have "install vfio-pci SCRIPT", and the script sets driver_override. */
static void look_script(struct taker *taker, const char *module)
{
	const struct userland *user = taker->user;

	if (taker->giving != GIVES_NOTHING || !modconf_has_script(user, VFIO_DRIVER) ||
	    (autoload_place(user, taker->next->cmdline, VFIO_DRIVER) == NEVER &&
	     !modconf_is_before(user, module, VFIO_DRIVER)))
		return;
	taker->giving = GIVES_PERHAPS;
	strcpy(taker->where, "\"install vfio-pci\" in its modprobe.d");
}

static int see_module(void *arg, const char *module)
{
	struct taker *taker = arg;
	const struct next *next = taker->next;

	if (!userland_has(taker->user, module) || strncmp(module, "vfio_", 5) == 0 ||
	    taker->giving == TAKES || is_vfio_first(taker, module) ||
	    modconf_is_forbidden(taker->user, next->cmdline, module))
		return 0;
	look_script(taker, module);
	/*
	 * A rule acts on the event of its own device. The event of another device may have loaded
	 * the module earlier.
	 */
	if (taker->giving == GIVES) {
		found(taker, VLU_WARN, module, "in spite of a udev rule, if another device "
		      "loads that module first");
		return 1;
	}
	if (taker->giving == GIVES_PERHAPS) {
		found(taker, VLU_UNKNOWN, "", "a rule or script may give it to vfio-pci, or may not (%s)",
		      taker->where);
		return 1;
	}
	if (taker->user->early) {
		bool ids = has_ids(taker);

		found(taker, ids ? VLU_WARN : VLU_FAIL, module, "a module in the initrd%s",
		      ids ? "; nothing there makes vfio-pci load before it" : "");
		return 1;
	}
	if (taker->result == VLU_PASS)
		found(taker, VLU_WARN, module, "a module on the root file system, unless "
		      "restore comes first");
	return 1;
}

/* Checks the modules that udev loads for the device, after it has applied its rules. */
static void look_modules(struct taker *taker, const struct userland *user,
			 const char *modalias)
{
	const struct next *next = taker->next;
	const char *alias = user->alias ? user->alias : next->root.alias;

	if (taker->result != VLU_PASS || !user->n_modules)
		return;
	if (!alias) {
		found(taker, VLU_UNKNOWN, "", "there is no modules.alias for it");
		return;
	}
	taker->user = user;
	taker->giving = udev_gives(user, taker->dev, taker->where);
	modconf_modules(user, alias, modalias, see_module, taker);
}

/* Is the device bound to vfio-pci, or reserved for it, by the time the root file system is up? */
static bool is_reserved(struct taker *taker)
{
	const struct next *next = taker->next;

	taker->user = &next->initrd;
	if (udev_gives(&next->initrd, taker->dev, taker->where) >= GIVES)
		return true;
	/* no module of the initrd has taken it, so it is free when vfio-pci comes with its ids */
	return next->loads_vfio &&
	       (restore_place(&next->initrd) != NEVER || has_ids(taker));
}

/* Is the device gone once udev has applied its rules, whatever driver has it then? */
static bool is_removed(struct taker *taker)
{
	const struct userland *users[] = { &taker->next->initrd, &taker->next->root };
	enum vlu_known known = VLU_NO;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(users) && known == VLU_NO; i++)
		known = udev_removes(users[i], taker->dev, taker->where);
	if (known == VLU_NO)
		return false;
	taker->removed = true;
	found(taker, known == VLU_YES ? VLU_FAIL : VLU_UNKNOWN, "", "a udev rule %s it from the bus (%s)",
	      known == VLU_YES ? "removes" : "may remove", taker->where);
	return true;
}

static void look_device(struct taker *taker)
{
	const struct next *next = taker->next;
	char modalias[MODALIAS_SIZE];
	enum vlu_known known;

	if (is_removed(taker) || is_stubbed(taker))
		return;
	if (modalias_of(taker->dev, modalias)) {
		found(taker, VLU_UNKNOWN, "", "its modalias cannot be read");
		return;
	}
	known = look_builtin(taker, modalias);
	if (next_initrd_is_bad(next) && taker->result == VLU_PASS)
		found(taker, VLU_UNKNOWN, "", "the modules in the initrd are not known");
	look_modules(taker, &next->initrd, modalias);
	if (!next->root.tree && taker->result == VLU_PASS && !next->initrd.tree)
		found(taker, VLU_UNKNOWN, "", "there are no modules of that kernel");
	if (taker->result == VLU_PASS && !is_reserved(taker))
		look_modules(taker, &next->root, modalias);
	if (known != VLU_YES && (taker->result == VLU_PASS || taker->result == VLU_WARN))
		doubt_builtin(taker);
}

static int weight(enum vlu_result result)
{
	return result == VLU_FAIL ? 3 : result == VLU_UNKNOWN ? 2 : result == VLU_WARN;
}

static void say(struct verdict *v, const struct taker *taker, unsigned int nth)
{
	char text[256];
	size_t len = strlen(v->detail);

	if (taker->module[0])
		snprintf(text, sizeof(text), "%s takes %s (%s)", taker->module,
			 taker->dev->name, taker->how);
	else
		snprintf(text, sizeof(text), "%s: %s", taker->dev->name, taker->how);
	if (len + strlen(text) + 16 < sizeof(v->detail))
		text_add(v->detail, sizeof(v->detail), "%s%s", nth ? "; " : "", text);
	else if (len + 6 < sizeof(v->detail) && strcmp(v->detail + len - 3, "...") != 0)
		strcpy(v->detail + len, "; ...");
}

/* Would vfio-pci, by its ids or a rule about them, take a device that the host should keep? */
static bool is_lost(const struct next *next, const struct vlu_device *dev)
{
	struct taker taker = { .next = next, .dev = dev, .user = &next->initrd };
	size_t i;

	for (i = 0; i < next->n_devices; i++)
		if (vlu_bdf_compare(next->devices[i]->bdf, dev->bdf) == 0)
			return false;
	if (!is_built_in(next) && !userland_has(&next->initrd, "vfio_pci"))
		return false;
	if (udev_gives(&next->initrd, dev, taker.where) == GIVES)
		return true;
	if (!has_ids(&taker))
		return false;
	look_device(&taker);
	return taker.result == VLU_PASS;
}

/*
 * Checks devices with the same ids: ids that give one to vfio-pci may take another one from this
 * host. A use that can be restarted may be a disk of the ZFS pool with the root file system.
 */
static bool look_others(const struct next *next, struct verdict *v)
{
	const struct inuse *inuse = inuse_get(next->ctx);
	struct vlu_device *dev;
	const struct use *use;
	enum vlu_result result;
	bool found = false;
	size_t i;

	for (i = 0; inuse && i < inuse->n; i++) {
		use = &inuse->uses[i];
		result = use->weight == USE_VITAL ? VLU_FAIL : VLU_UNKNOWN;
		if (use->weight > USE_BEARABLE || weight(result) <= weight(v->result) ||
		    (i && !vlu_bdf_compare(use->bdf, use[-1].bdf)) ||
		    vlu_device_find(next->ctx, use->bdf, &dev) || !inuse_can_carry(inuse, dev) ||
		    !is_lost(next, dev))
			continue;
		verdict_set(v, result, "the ids of vfio-pci also match %s, which this host %s: "
			    "%s", dev->name, result == VLU_FAIL ? "needs" : "may need",
			    use->what);
		verdict_fix(v, "use vfio-lu bind --persist for the intended devices instead of "
			    "the ids");
		found = true;
	}
	/* restore gives nothing back to the host */
	v->curable &= !found;
	return found;
}

static void look_devices(const struct next *next, struct taker *takers, struct verdict *v)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < next->n_devices; i++) {
		takers[i] = (struct taker){ .next = next, .dev = next->devices[i] };
		look_device(&takers[i]);
		if (takers[i].result == VLU_PASS)
			continue;
		if (weight(takers[i].result) > weight(v->result))
			v->result = takers[i].result;
		/* restore cannot find a device that a rule has removed */
		v->curable &= !(takers[i].removed && takers[i].result == VLU_FAIL);
		say(v, &takers[i], n++);
	}
	if (v->result != VLU_FAIL && look_others(next, v))
		return;
	if (n)
		advise(v, takers, next->n_devices);
	else
		verdict_set(v, VLU_PASS, "no other driver of that kernel takes %s",
			    next->n_devices == 1 ? next->devices[0]->name : "any of them");
}

void look_next_driver(const struct next *next, struct verdict *v)
{
	struct taker *takers;

	if (!next->n_devices) {
		verdict_set(v, VLU_PASS, "no device was named");
		return;
	}
	if (!next->image.release[0] && !next->initrd.tree) {
		verdict_set(v, VLU_UNKNOWN, "its release is not known, and so neither are "
			    "its modules");
		return;
	}
	takers = calloc(next->n_devices, sizeof(*takers));
	if (!takers) {
		verdict_set(v, VLU_UNKNOWN, "there is not enough memory");
		return;
	}
	v->result = VLU_PASS;
	look_devices(next, takers, v);
	free(takers);
}

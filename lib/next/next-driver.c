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
found(struct fate *fate, enum vlu_result result, const char *module, const char *fmt, ...)
{
	va_list args;

	fate->result = result;
	snprintf(fate->module, sizeof(fate->module), "%s", module);
	va_start(args, fmt);
	vsnprintf(fate->how, sizeof(fate->how), fmt, args);
	va_end(args);
	fate->builtin = strncmp(fate->how, "built in", 8) == 0;
}

static bool is_built_in(const struct next *next)
{
	const char *source;

	return next_vfio_pci(next, &source) == 'y';
}

/*
 * Does vfio-pci have the device's ids? The ids are on the command line or, unless vfio-pci is built
 * in, among the module options in files of fate->user, such as those of modprobe.d.
 */
static bool has_ids(const struct fate *fate)
{
	const struct next *next = fate->next;
	char ids[IDS_SIZE];

	if (!cmdline_get(next->cmdline, "vfio-pci.ids", ids, sizeof(ids)) &&
	    (is_built_in(next) || !modconf_option(fate->user, VFIO_DRIVER, "ids", ids, sizeof(ids))))
		return false;
	return has_matching_id(ids, fate->dev);
}

/*
 * pci-stub is linked before all drivers, binds the devices with its ids, and does not touch them
 * (drivers/pci/pci-stub.c). restore takes them from it.
 */
static bool is_stubbed(const struct fate *fate)
{
	char ids[IDS_SIZE];

	return builtin_place(fate->next, "pci_stub") >= 0 &&
	       cmdline_get(fate->next->cmdline, "pci-stub.ids", ids, sizeof(ids)) &&
	       has_matching_id(ids, fate->dev);
}

/* Returns what takes the device back from the other driver, or NULL. */
static const char *taken_back_by(struct fate *fate)
{
	const struct next *next = fate->next;

	if (restore_place(&next->initrd) != NEVER)
		return "restore";
	if (udev_gives(&next->initrd, fate->dev, fate->where) == TAKES)
		return "a udev rule";
	return restore_place(&next->root) != NEVER ? "restore" : NULL;
}

/*
 * Built-in drivers register in link order, long before user space starts. The first that matches
 * binds the device (driver_attach(), drivers/base/dd.c). module_blacklist= stops only modules
 * (blacklisted(), kernel/module/main.c).
 */
static int see_builtin(void *arg, const char *module)
{
	struct fate *fate = arg;
	long vfio, other;
	const char *by;

	if (strncmp(module, "vfio_", 5) == 0)
		return 0;
	if (has_ids(fate) && is_built_in(fate->next)) {
		vfio = builtin_place(fate->next, "vfio_pci");
		other = builtin_place(fate->next, module);
		if (vfio >= 0 && vfio < other)
			return 0;
		if (vfio < 0 || other < 0) {
			found(fate, VLU_WARN, module,
			      "built in, like vfio-pci: the driver that starts first takes it");
			return 0;
		}
	}
	if (is_perhaps_stopped(fate->next, module)) {
		found(fate, VLU_UNKNOWN, module, "built in, unless initcall_blacklist= stops it");
		return 0;
	}
	by = taken_back_by(fate);
	if (by)
		found(fate, VLU_WARN, module, "built in: it uses the device first, and %s takes it back", by);
	else
		found(fate, VLU_FAIL, module, "built in");
	return 1;
}

/* Checks the built-in drivers first, since no module gets a device that they take. */
static enum vlu_known look_builtin(struct fate *fate, const char *modalias)
{
	const struct next *next = fate->next;

	fate->user = next->initrd.n_modules ? &next->initrd : &next->root;
	return builtin_drivers(next, modalias, see_builtin, fate);
}

static void doubt_builtin(struct fate *fate)
{
	const struct next *next = fate->next;

	found(fate, VLU_UNKNOWN, "", "vfio-lu cannot see whether that kernel has a driver for it "
	      "built in: %s",
	      next->initrd.builtin || next->root.builtin ?
	      "its modules.builtin.modinfo names no PCI device" :
	      "there is no modules.builtin of it");
}

/* Does restore run before the module is loaded, or is vfio-pci there with this device's ids by then? */
static bool is_vfio_first(const struct fate *fate, const char *module)
{
	const struct next *next = fate->next;
	const struct userland *user = fate->user;
	bool built_in = is_built_in(next);
	long other = autoload_place(user, next->cmdline, module), vfio;

	if (!built_in && (!userland_has(user, "vfio_pci") ||
			  modconf_never_loads(user, next->cmdline, VFIO_DRIVER)))
		return false;
	if (restore_place(user) < other)
		return true;
	if (!has_ids(fate))
		return false;
	vfio = autoload_place(user, next->cmdline, VFIO_DRIVER);
	return built_in || modconf_is_before(user, module, VFIO_DRIVER) ||
	       (user->early && is_before_devices(vfio) && vfio < other);
}

/* How-tos put "install vfio-pci SCRIPT" into modprobe.d. The script sets driver_override. */
static void look_script(struct fate *fate, const char *module)
{
	const struct userland *user = fate->user;

	if (fate->giving != GIVES_NOTHING || !modconf_has_script(user, VFIO_DRIVER) ||
	    (autoload_place(user, fate->next->cmdline, VFIO_DRIVER) == NEVER &&
	     !modconf_is_before(user, module, VFIO_DRIVER)))
		return;
	fate->giving = GIVES_PERHAPS;
	strcpy(fate->where, "\"install vfio-pci\" in its modprobe.d");
}

static int see_module(void *arg, const char *module)
{
	struct fate *fate = arg;
	const struct next *next = fate->next;

	if (!userland_has(fate->user, module) || strncmp(module, "vfio_", 5) == 0 ||
	    fate->giving == TAKES || is_vfio_first(fate, module) ||
	    modconf_is_forbidden(fate->user, next->cmdline, module))
		return 0;
	look_script(fate, module);
	/*
	 * A rule acts on the event of its own device. The event of another device may have loaded
	 * the module earlier.
	 */
	if (fate->giving == GIVES) {
		found(fate, VLU_WARN, module, "in spite of a udev rule, if another device "
		      "loads that module first");
		return 1;
	}
	if (fate->giving == GIVES_PERHAPS) {
		found(fate, VLU_UNKNOWN, "", "a rule or script may give it to vfio-pci, or may not (%s)",
		      fate->where);
		return 1;
	}
	if (fate->user->early) {
		bool ids = has_ids(fate);

		found(fate, ids ? VLU_WARN : VLU_FAIL, module, "a module in the initrd%s",
		      ids ? "; nothing there makes vfio-pci load before it" : "");
		return 1;
	}
	if (fate->result == VLU_PASS)
		found(fate, VLU_WARN, module, "a module on the root file system, unless "
		      "restore runs first");
	return 1;
}

/* Checks the modules that udev loads for the device, after it has applied its rules. */
static void look_modules(struct fate *fate, const struct userland *user,
			 const char *modalias)
{
	const struct next *next = fate->next;
	const char *alias = user->alias ? user->alias : next->root.alias;

	if (fate->result != VLU_PASS || !user->n_modules)
		return;
	if (!alias) {
		found(fate, VLU_UNKNOWN, "", "there is no modules.alias for it");
		return;
	}
	fate->user = user;
	fate->giving = udev_gives(user, fate->dev, fate->where);
	modconf_modules(user, alias, modalias, see_module, fate);
}

/* Is the device bound to vfio-pci, or reserved for it, by the time the root file system is up? */
static bool is_reserved(struct fate *fate)
{
	const struct next *next = fate->next;

	fate->user = &next->initrd;
	if (udev_gives(&next->initrd, fate->dev, fate->where) >= GIVES)
		return true;
	/* no module of the initrd has taken it, so it is free when vfio-pci comes with its ids */
	return next->loads_vfio &&
	       (restore_place(&next->initrd) != NEVER || has_ids(fate));
}

/* Is the device gone, or perhaps gone, once udev has applied its rules? */
static bool is_removed(struct fate *fate)
{
	const struct userland *users[] = { &fate->next->initrd, &fate->next->root };
	enum vlu_known known = VLU_NO;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(users) && known == VLU_NO; i++)
		known = udev_removes(users[i], fate->dev, fate->where);
	if (known == VLU_NO)
		return false;
	fate->removed = true;
	found(fate, known == VLU_YES ? VLU_FAIL : VLU_UNKNOWN, "", "a udev rule %s it from the bus (%s)",
	      known == VLU_YES ? "removes" : "may remove", fate->where);
	return true;
}

static void look_device(struct fate *fate)
{
	const struct next *next = fate->next;
	char modalias[MODALIAS_SIZE];
	enum vlu_known known;

	if (is_removed(fate) || is_stubbed(fate))
		return;
	if (modalias_of(fate->dev, modalias)) {
		found(fate, VLU_UNKNOWN, "", "its modalias cannot be read");
		return;
	}
	known = look_builtin(fate, modalias);
	if (next_initrd_is_bad(next) && fate->result == VLU_PASS)
		found(fate, VLU_UNKNOWN, "", "the modules in the initrd are not known");
	look_modules(fate, &next->initrd, modalias);
	if (!next->root.tree && fate->result == VLU_PASS && !next->initrd.tree)
		found(fate, VLU_UNKNOWN, "", "there are no modules of that kernel");
	if (fate->result == VLU_PASS && !is_reserved(fate))
		look_modules(fate, &next->root, modalias);
	if (known != VLU_YES && (fate->result == VLU_PASS || fate->result == VLU_WARN))
		doubt_builtin(fate);
}

static int weight(enum vlu_result result)
{
	return result == VLU_FAIL ? 3 : result == VLU_UNKNOWN ? 2 : result == VLU_WARN;
}

static void say(struct verdict *v, const struct fate *fate, unsigned int nth)
{
	char text[256];
	size_t len = strlen(v->detail);

	if (fate->module[0])
		snprintf(text, sizeof(text), "%s takes %s (%s)", fate->module,
			 fate->dev->name, fate->how);
	else
		snprintf(text, sizeof(text), "%s: %s", fate->dev->name, fate->how);
	if (len + strlen(text) + 16 < sizeof(v->detail))
		text_add(v->detail, sizeof(v->detail), "%s%s", nth ? "; " : "", text);
	else if (len + 6 < sizeof(v->detail) && strcmp(v->detail + len - 3, "...") != 0)
		strcpy(v->detail + len, "; ...");
}

/* Would vfio-pci, by its ids or a udev rule, take a device that the host should keep? */
static bool is_lost(const struct next *next, const struct vlu_device *dev)
{
	struct fate fate = { .next = next, .dev = dev, .user = &next->initrd };
	size_t i;

	for (i = 0; i < next->n_devices; i++)
		if (vlu_bdf_compare(next->devices[i]->bdf, dev->bdf) == 0)
			return false;
	if (!is_built_in(next) && !userland_has(&next->initrd, "vfio_pci"))
		return false;
	if (udev_gives(&next->initrd, dev, fate.where) == GIVES)
		return true;
	if (!has_ids(&fate))
		return false;
	look_device(&fate);
	return fate.result == VLU_PASS;
}

/*
 * Checks the devices that this host uses: an id or a udev rule that gives a device to vfio-pci may
 * take such a device, too. A use of weight USE_BEARABLE makes the answer unknown: for example, each device with a disk
 * that may belong to the ZFS pool of the root file system has such a use (inuse/disks.c). Weaker uses
 * do not count.
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

static void look_devices(const struct next *next, struct fate *fates, struct verdict *v)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < next->n_devices; i++) {
		fates[i] = (struct fate){ .next = next, .dev = next->devices[i] };
		look_device(&fates[i]);
		if (fates[i].result == VLU_PASS)
			continue;
		if (weight(fates[i].result) > weight(v->result))
			v->result = fates[i].result;
		/* restore cannot find a device that a rule has removed */
		v->curable &= !(fates[i].removed && fates[i].result == VLU_FAIL);
		say(v, &fates[i], n++);
	}
	if (v->result != VLU_FAIL && look_others(next, v))
		return;
	if (n)
		advise(v, fates, next->n_devices);
	else
		verdict_set(v, VLU_PASS, "no other driver of that kernel takes %s",
			    next->n_devices == 1 ? next->devices[0]->name : "any of them");
}

void look_next_driver(const struct next *next, struct verdict *v)
{
	struct fate *fates;

	if (!next->n_devices) {
		verdict_set(v, VLU_PASS, "no device was named");
		return;
	}
	if (!next->image.release[0] && !next->initrd.tree) {
		verdict_set(v, VLU_UNKNOWN, "its release is not known, so its modules are "
			    "unknown too");
		return;
	}
	fates = calloc(next->n_devices, sizeof(*fates));
	if (!fates) {
		verdict_set(v, VLU_UNKNOWN, "there is not enough memory");
		return;
	}
	v->result = VLU_PASS;
	look_devices(next, fates, v);
	free(fates);
}

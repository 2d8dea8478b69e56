/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/text.h"
#include "next/driver-advice.h"
#include "next/initrd-maker.h"

/* The parts of a fix for several devices. */
struct advice {
	const struct next *next;
	char names[256];	/* BDFs that a module takes, or a rule may give to vfio-pci */
	char ids[128];		/* ids of those that a module takes */
	char softdeps[256];
	char builtin[128];	/* the built-in drivers */
	bool shared;		/* the ids match another device, or may, or a list is full */
	bool doubt;		/* a rule may give a device to vfio-pci */
	bool unknown;
	bool removed;		/* a rule removes a device, or may */
	bool root;		/* a module in the root file system takes a device */
};

bool next_initrd_is_bad(const struct next *next)
{
	return next->asked->initrd && !next->initrd.read;
}

struct others {
	const struct next *next;
	const struct vlu_device *dev;
};

/* Returns 1 if another device has the same ids, or if its ids cannot be read. */
static int see_other(void *arg, const char *name)
{
	struct others *others = arg;
	const struct next *next = others->next;
	int64_t vendor, device;
	size_t i;

	for (i = 0; i < next->n_devices; i++)
		if (strcmp(next->devices[i]->name, name) == 0)
			return 0;
	if (attr_number(next->ctx, &vendor, PCI_DEVICES "/%s/vendor", name) ||
	    attr_number(next->ctx, &device, PCI_DEVICES "/%s/device", name))
		return 1;
	return vendor == others->dev->vendor && device == others->dev->device;
}

static bool is_shared(const struct fate *fate)
{
	struct others others = { .next = fate->next, .dev = fate->dev };

	return attr_each(fate->next->ctx, PCI_DEVICES, see_other, &others) != 0;
}

/* Appends an item to a list unless the list has it. Returns false if it does not fit. */
static bool add(char *list, size_t size, const char *between, const char *item)
{
	const size_t gap = strlen(between), len = strlen(item);
	const char *at, *end;

	for (at = list; *at; at = *end ? end + gap : end) {
		end = strstr(at, between) ?: at + strlen(at);
		if ((size_t)(end - at) == len && memcmp(at, item, len) == 0)
			return true;
	}
	if (strlen(list) + gap + len >= size)
		return false;
	text_add(list, size, "%s%s", *list ? between : "", item);
	return true;
}

static void take_module(struct advice *advice, const struct fate *fate)
{
	char id[16], softdep[96];

	snprintf(id, sizeof(id), "%04x:%04x", (unsigned int)fate->dev->vendor & 0xffff,
		 (unsigned int)fate->dev->device & 0xffff);
	snprintf(softdep, sizeof(softdep), "\"softdep %s pre: vfio-pci\"", fate->module);
	if (!add(advice->names, sizeof(advice->names), " ", fate->dev->name))
		strcpy(advice->names, "BDF...");
	advice->shared |= is_shared(fate) ||
			  !add(advice->ids, sizeof(advice->ids), ",", id) ||
			  !add(advice->softdeps, sizeof(advice->softdeps), " and ", softdep);
}

static void take(struct advice *advice, const struct fate *fate)
{
	if (fate->result == VLU_PASS)
		return;
	if (fate->removed)
		advice->removed = true;
	else if (fate->builtin && fate->module[0])
		add(advice->builtin, sizeof(advice->builtin), ", ", fate->module);
	else if (fate->module[0] && !fate->user->early && fate->giving == GIVES_NOTHING)
		advice->root = true;
	else if (fate->module[0])
		take_module(advice, fate);
	else if (fate->giving == GIVES_PERHAPS) {
		advice->doubt = true;
		add(advice->names, sizeof(advice->names), " ", fate->dev->name);
	} else
		advice->unknown = true;
}

static void add_fix(struct verdict *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add_fix(struct verdict *v, const char *fmt, ...)
{
	char text[sizeof(v->fix)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (strlen(v->fix) + 2 + strlen(text) < sizeof(v->fix))
		text_add(v->fix, sizeof(v->fix), "%s%s", v->fix[0] ? "; " : "", text);
}

void advise(struct verdict *v, const struct fate *fates, size_t n)
{
	struct advice advice = { .next = fates->next };
	const struct userland *initrd = &advice.next->initrd;
	char again[MAKER_COMMAND] = "";
	size_t i;

	for (i = 0; i < n; i++)
		take(&advice, &fates[i]);
	v->fix[0] = '\0';
	if (initrd->maker)
		maker_command(initrd, again);
	if (advice.removed)
		add_fix(v, "delete that udev rule, and make the initrd again if it has the rule");
	if (advice.names[0] && (advice.shared || advice.doubt))
		add_fix(v, "vfio-lu bind --persist %s, then make the initrd again%s%s%s",
			advice.names, again[0] ? " (" : "", again, again[0] ? ")" : "");
	else if (advice.names[0])
		add_fix(v, "vfio-pci.ids=%s on its command line, with %s in a modprobe.d file of the "
			"initrd", advice.ids, advice.softdeps);
	if (advice.root && advice.next->root.systemd > 0)
		add_fix(v, "systemctl enable vfio-lu-restore.service, to run before modules are loaded");
	else if (advice.root)
		add_fix(v, "run vfio-lu restore in the initrd, or at boot before modules are loaded");
	if (advice.builtin[0])
		add_fix(v, "choose a kernel in which %s is a module; otherwise vfio-lu restore takes "
			"the device back after that driver has used it", advice.builtin);
	if (advice.unknown && next_initrd_is_bad(advice.next))
		add_fix(v, "name an initrd that can be read");
	else if (advice.unknown && !advice.next->root.tree)
		add_fix(v, "install that kernel's modules here%s", advice.next->asked->initrd ? "" :
			", or name its initrd by --next-initrd");
}

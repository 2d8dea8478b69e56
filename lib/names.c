/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libpci is asked for names only. It does not enumerate for us: its error
 * callback must not return, so one device that vanishes during its scan would
 * end the caller.
 */
#include <pci/pci.h>
#include <setjmp.h>
#include <stdlib.h>

#include "names.h"

struct names {
	struct pci_access *access;
	jmp_buf out;	/* where libpci's error callback goes */
	bool broken;	/* it was called: no more questions */
};

/* libpci gives its callbacks no argument, so they must find the jump here. */
static _Thread_local struct names *asking;

static void __attribute__((noreturn)) on_error(char *fmt, ...)
{
	(void)fmt;
	longjmp(asking->out, 1);
}

static void say_nothing(char *fmt, ...)
{
	(void)fmt;
}

struct names *names_new(void)
{
	char cache[] = "net.cache_name", none[] = "";
	struct names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->access = pci_alloc();
	/* Unset, they are called through NULL: pci_init() would set them. */
	names->access->error = on_error;
	names->access->warning = say_nothing;
	names->access->debug = say_nothing;
	/* No cache in somebody's home directory, which would ask who we are. */
	pci_set_param(names->access, cache, none);
	return names;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	asking = names;
	if (!setjmp(names->out))
		pci_cleanup(names->access);
	free(names);
}

static bool look_up(struct names *names, char *buf, size_t size, int flags,
		    int a, int b)
{
	const char *found;

	if (names->broken)
		return false;
	asking = names;
	if (setjmp(names->out)) {
		names->broken = true;
		return false;
	}
	/* The hardware database would be opened through udev, which leaks. */
	found = pci_lookup_name(names->access, buf, (int)size,
				flags | PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB,
				a, b);
	if (!found)
		return false;
	if (found != buf)	/* "<pci_lookup_name: buffer too small>" */
		return false;
	return true;
}

bool names_device(struct names *names, int vendor, int device, char *buf,
		  size_t size)
{
	if (device < 0)
		return look_up(names, buf, size, PCI_LOOKUP_VENDOR, vendor, 0);
	return look_up(names, buf, size, PCI_LOOKUP_DEVICE, vendor, device);
}

bool names_class(struct names *names, int class, char *buf, size_t size)
{
	return look_up(names, buf, size, PCI_LOOKUP_CLASS, class >> 8, 0);
}

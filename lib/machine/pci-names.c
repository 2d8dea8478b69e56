/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asks libpci for names only. Its scan of devices calls the error callback when a device
 * disappears, and that callback must not return.
 */
#include <pci/pci.h>
#include <setjmp.h>

#include "base/cache.h"
#include "base/pool.h"
#include "machine/pci-names.h"
#include "sys/late.h"

#define CALLS(call) \
	call(pci_alloc) call(pci_cleanup) call(pci_lookup_name) call(pci_set_param)
struct pci { CALLS(LATE_FIELD) };
static const char *const calls[] = { CALLS(LATE_NAME) };

struct name {
	struct name *next;
	int kind, a, b;		/* the arguments of pci_lookup_name() */
	char text[128];
};

struct names {
	struct pool pool;
	struct name *found[64];
	struct pci pci;
	struct pci_access *access;
	jmp_buf out;	/* libpci's error callback returns here */
	bool broken;	/* no libpci, or it called the error callback: it is not used again */
};

/* libpci's callbacks have no argument, so on_error() finds its longjmp() target here. */
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

static void names_free(void *data)
{
	struct names *names = data;

	asking = names;
	if (names->access && !setjmp(names->out))
		names->pci.pci_cleanup(names->access);
	pool_end(names);
}

/* Names do not change between looks. */
static const struct cache cache = { names_free, .stays = true };

struct names *names_get(struct vlu_ctx *ctx)
{
	char param[] = "net.cache_name", none[] = "";
	struct names *names = cache_get(ctx, &cache);

	if (names)
		return names;
	names = calloc(1, sizeof(*names));
	if (!names)
		return NULL;
	names->broken = late_load(LATE_LIBPCI, calls, &names->pci, sizeof(names->pci));
	if (names->broken) {
		vlu_log(ctx, VLU_LOG_WARNING, "cannot load " LATE_LIBPCI ", so the names of devices "
			"are not known");
		return cache_put(ctx, &cache, names);
	}
	names->access = names->pci.pci_alloc();
	/* A lookup calls these callbacks, which are NULL without pci_init(). */
	names->access->error = on_error;
	names->access->warning = say_nothing;
	names->access->debug = say_nothing;
	/* No cache file: libpci would look for the home directory of our user. */
	names->pci.pci_set_param(names->access, param, none);
	return cache_put(ctx, &cache, names);
}

static bool find(struct names *names, struct name *name)
{
	const char *found;

	if (names->broken)
		return false;
	asking = names;
	if (setjmp(names->out)) {
		names->broken = true;
		return false;
	}
	/* No HWDB: libpci reads the hardware database through udev, which leaks memory. */
	found = names->pci.pci_lookup_name(names->access, name->text, (int)sizeof(name->text),
					   name->kind | PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB,
					   name->a, name->b);
	/* on overflow it returns another text, "<pci_lookup_name: buffer too small>" */
	return found == name->text;
}

/* Caches names, since most machines have many devices of few kinds. */
static const char *look_up(struct names *names, int kind, int a, int b)
{
	struct name **first = &names->found[(unsigned int)(a ^ b ^ kind) % ARRAY_SIZE(names->found)];
	struct name *name;

	for (name = *first; name; name = name->next)
		if (name->kind == kind && name->a == a && name->b == b)
			return name->text[0] ? name->text : NULL;
	name = pool_alloc(&names->pool, sizeof(*name));
	if (!name)
		return NULL;
	*name = (struct name){ .next = *first, .kind = kind, .a = a, .b = b };
	*first = name;
	if (!find(names, name))
		name->text[0] = '\0';
	return name->text[0] ? name->text : NULL;
}

const char *names_device(struct names *names, int vendor, int device)
{
	return device < 0 ? look_up(names, PCI_LOOKUP_VENDOR, vendor, 0) :
			    look_up(names, PCI_LOOKUP_DEVICE, vendor, device);
}

const char *names_class(struct names *names, int class)
{
	return look_up(names, PCI_LOOKUP_CLASS, class >> 8, 0);
}

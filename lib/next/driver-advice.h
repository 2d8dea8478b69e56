/* SPDX-License-Identifier: GPL-2.0-only */
/* Advice on how to keep devices from other drivers of the next kernel. */
#ifndef VLU_NEXT_DRIVER_ADVICE_H
#define VLU_NEXT_DRIVER_ADVICE_H

#include "next/next-kernel.h"
#include "next/udev-rules.h"

/* The worst finding about a device. */
struct fate {
	const struct next *next;
	const struct vlu_device *dev;
	const struct userland *user;	/* the user space whose modules were searched */
	enum vlu_result result;
	char module[64];
	char how[192];			/* "built in" */
	bool builtin;			/* a built-in driver takes it */
	bool removed;			/* a rule (where) removes it, or may */
	enum giving giving;
	char where[UDEV_WHERE_SIZE];	/* the rule that gives it to vfio-pci, or removes it */
};

/* Is there an initrd that cannot be read? */
bool next_initrd_is_bad(const struct next *next);
/* Sets one fix for all devices that do not pass. */
void advise(struct verdict *v, const struct fate *fates, size_t n);

#endif

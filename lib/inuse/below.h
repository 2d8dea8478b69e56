/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the functions below a device that is used, through all layers in between. */
#ifndef VLU_INUSE_BELOW_H
#define VLU_INUSE_BELOW_H

#include "inuse/uses.h"

/* A search, and the use that is noted for each function it finds. */
struct below {
	struct vlu_ctx *ctx;
	struct inuse *inuse;
	enum use_weight weight;
	const char *fix;
	char what[448];
	const char *top;	/* name of the device that is used, or NULL */
	unsigned int depth, steps;
};

/* Notes a use of the functions below this name in /sys/class/block. */
void use_disk(struct below *below, const char *name, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Notes a use of the functions on a sysfs path, such as that of a character device. */
void use_place(struct below *below, const char *sysfs, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Calls fn with each path to the hardware of a block device: its own path, or those of all
 * controllers of its NVMe subsystem. A device made of other block devices has none.
 */
void each_way(struct vlu_ctx *ctx, const char *sysfs,
	      void (*fn)(void *arg, const char *way), void *arg);

#endif

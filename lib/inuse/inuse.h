/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The uses that this host has for PCI functions: file systems, swap and targets on their
 * disks, addresses and routes on their network interfaces, the console on their screens,
 * device nodes that processes have open. Taking such a function away harms the host.
 */
#ifndef VLU_INUSE_INUSE_H
#define VLU_INUSE_INUSE_H

#include "inuse/uses.h"
#include "machine/device.h"

/* Reads all uses once per look. Returns NULL only when out of memory. */
const struct inuse *inuse_get(struct vlu_ctx *ctx);
/* Returns the uses of a function and their number, or NULL when there are none. */
const struct use *inuse_find(const struct inuse *inuse, struct vlu_bdf bdf,
			     size_t *ret_n);

/* Can the device carry storage or network traffic? */
bool inuse_can_carry(const struct inuse *inuse, const struct vlu_device *dev);
/* Returns the reason why a use may have been missed, or NULL when all uses are known. */
const char *inuse_unseen(const struct inuse *inuse, const struct vlu_device *dev);

/* Returns the block devices of a function, partitions before their disk, or NULL. */
const struct disk *inuse_disks(const struct inuse *inuse, struct vlu_bdf bdf, size_t *ret_n);

#endif

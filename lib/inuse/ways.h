/* SPDX-License-Identifier: GPL-2.0-only */
/* The paths in sysfs that lead from a disk to its hardware. */
#ifndef VLU_INUSE_WAYS_H
#define VLU_INUSE_WAYS_H

#include "base/ctx.h"

#define SUBSYSTEM_PATH "/virtual/nvme-subsystem/"

/*
 * Calls fn with each path to the hardware of a block device: its own path, or those of all
 * controllers of its NVMe subsystem, or of their Fibre Channel ports. A device made of other block
 * devices has none.
 */
void each_way(struct vlu_ctx *ctx, const char *sysfs,
	      void (*fn)(void *arg, const char *way), void *arg);

/* Does the same for a port of Fibre Channel, such as "0x10000090fae0ec61". */
void each_port(struct vlu_ctx *ctx, const char *name,
	       void (*fn)(void *arg, const char *way), void *arg);
/* Reads the address of the NVMe over Fabrics controller on this sysfs path; "": it has none. */
void fabrics_address(struct vlu_ctx *ctx, const char *sysfs, char address[512]);

#endif

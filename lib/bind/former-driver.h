/* SPDX-License-Identifier: GPL-2.0-only */
/* Remembers the driver that a function had before bind, for unbind. */
#ifndef VLU_BIND_FORMER_DRIVER_H
#define VLU_BIND_FORMER_DRIVER_H

#include "machine/device.h"
#include "plan/plan.h"

/* Reads the remembered driver, "" for none. Returns -ENOENT if no record exists. */
int driver_remembered(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *buf,
		      size_t size) must_check;
int driver_remember(struct vlu_ctx *ctx, struct vlu_bdf bdf,
		    const char *driver) must_check;

/* Adds the step that remembers the current driver, unless it is already remembered. */
int remember_add(struct vlu_plan *plan, const struct vlu_device *dev) must_check;
int forget_add(struct vlu_plan *plan, struct vlu_bdf bdf) must_check;

#endif

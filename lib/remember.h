/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver each function had before bind: what unbind gives it back to. */
#ifndef VLU_REMEMBER_H
#define VLU_REMEMBER_H

#include "device.h"
#include "plan.h"

/* The driver, "" for none; -ENOENT: nothing is remembered. */
int driver_remembered(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *buf,
		      size_t size) must_check;
int driver_remember(struct vlu_ctx *ctx, struct vlu_bdf bdf,
		    const char *driver) must_check;

/* The step that remembers the driver a function has, if that is news. */
int remember_add(struct vlu_plan *plan, const struct vlu_device *dev) must_check;
int forget_add(struct vlu_plan *plan, struct vlu_bdf bdf) must_check;

#endif

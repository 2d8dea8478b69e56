/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks the kernel whether the block devices of a function are in use. */
#ifndef VLU_BIND_CLAIM_H
#define VLU_BIND_CLAIM_H

#include "checks/device-rules.h"
#include "plan/plan.h"

/* Adds a step for each block device of a function. The step asks the kernel. */
int claim_add(struct vlu_plan *plan, const struct vlu_device *dev, enum unused_force force)
	must_check;

#endif

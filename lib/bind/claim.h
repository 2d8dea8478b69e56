/* SPDX-License-Identifier: GPL-2.0-only */
/* Asks the kernel whether anything uses the block devices of a function. */
#ifndef VLU_BIND_CLAIM_H
#define VLU_BIND_CLAIM_H

#include "checks/device-rules.h"
#include "plan/plan.h"

/* Adds a step that asks for each block device of a function. */
int claim_add(struct vlu_plan *plan, const struct vlu_device *dev, enum unused_force force)
	must_check;

#endif

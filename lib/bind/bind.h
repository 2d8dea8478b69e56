/* SPDX-License-Identifier: GPL-2.0-only */
/* Binds functions to vfio-pci, for bind itself and for restore. */
#ifndef VLU_BIND_BIND_H
#define VLU_BIND_BIND_H

#include "plan/plan.h"

/*
 * Adds the steps that remember the driver and bind the function to vfio-pci, or none if it is
 * bound already. The steps of each call are a group of their own in the plan (plan.h).
 */
int bind_add(struct vlu_plan *plan, struct vlu_bdf bdf) must_check;
/* Adds the step that loads vfio-pci, unless the driver is registered. */
int bind_add_module(struct vlu_plan *plan) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions to vfio-pci, for those who need them there. */
#ifndef VLU_BIND_H
#define VLU_BIND_H

#include "plan.h"

/*
 * The steps that bring a function to vfio-pci, its driver remembered; none
 * when it is there. Each call is a group of its own.
 */
int bind_add(struct vlu_plan *plan, struct vlu_bdf bdf) must_check;
/* The step that loads vfio-pci, when no driver of that name is registered. */
int bind_add_module(struct vlu_plan *plan) must_check;

#endif

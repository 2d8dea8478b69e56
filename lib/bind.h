/* SPDX-License-Identifier: GPL-2.0-only */
/* A function from one driver to another, by driver_override. */
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

/* The driver a function had before bind, "" for none; -ENOENT: not known. */
int driver_remembered(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *buf,
		      size_t size) must_check;
int driver_remember(struct vlu_ctx *ctx, struct vlu_bdf bdf,
		    const char *driver) must_check;

#endif

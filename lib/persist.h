/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A function given to vfio-pci at every boot, by what the host has for it: a
 * file of driverctl's where that is installed, else a udev rule.
 */
#ifndef VLU_PERSIST_H
#define VLU_PERSIST_H

#include "plan.h"

/* The step that makes it so, if it is not. */
int persist_add(struct vlu_plan *plan, struct vlu_bdf bdf) must_check;
/* The steps that end it; or, where end is false, a word that it goes on. */
int persist_drop(struct vlu_plan *plan, struct vlu_bdf bdf, bool end) must_check;
/* The text of our rule, for the tests. */
#define RULE_SIZE 768
void persist_rule(struct vlu_bdf bdf, char text[RULE_SIZE]);

#endif

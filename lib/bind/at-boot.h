/* SPDX-License-Identifier: GPL-2.0-only */
/* Binds a function to vfio-pci at every boot: by driverctl if that is installed, else by udev. */
#ifndef VLU_BIND_AT_BOOT_H
#define VLU_BIND_AT_BOOT_H

#include "machine/boot-binding.h"
#include "plan/plan.h"

/* Adds the step that writes the file, unless it is up to date. */
int persist_add(struct vlu_plan *plan, struct vlu_bdf bdf) must_check;
/* Adds the steps that remove the files. If end is false, warns that they remain. */
int persist_drop(struct vlu_plan *plan, struct vlu_bdf bdf, bool end) must_check;
/*
 * Would a file with this path and text bind the function to vfio-pci at boot? VLU_NO: our rule or
 * driverctl's file, but for another function or driver. VLU_DONT_KNOW: any other file.
 */
enum vlu_known is_bound_at_boot(const char *path, const char *text, struct vlu_bdf bdf);
/* Makes our rule. Declared for tests. */
void persist_rule(struct vlu_bdf bdf, char text[RULE_SIZE]);

#endif

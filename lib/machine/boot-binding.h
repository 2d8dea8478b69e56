/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that bind a function to vfio-pci at every boot. */
#ifndef VLU_MACHINE_BOOT_BINDING_H
#define VLU_MACHINE_BOOT_BINDING_H

#include "base/ctx.h"

#define DRIVERCTL_DIR	"/etc/driverctl.d"
#define RULES_DIR	"/etc/udev/rules.d"

/* The program that reads the file. */
enum means { DRIVERCTL, UDEV, N_MEANS };

#define RULE_SIZE 768

void means_path(enum means means, struct vlu_bdf bdf, char path[96]);
/* Has path, in any directory, the name of such a file? Sets the BDF that is in the name. */
bool means_of(enum means means, const char *path, struct vlu_bdf *ret_bdf);
/* Reads the file. Returns -ENOENT when there is none. */
int means_read(struct vlu_ctx *ctx, const char *path, char text[RULE_SIZE]) must_check;
/* Does this text bind the function to vfio-pci? */
bool means_to_vfio(enum means means, const char *text);

#endif

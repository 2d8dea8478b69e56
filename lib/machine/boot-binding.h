/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that bind a function to vfio-pci at every boot. */
#ifndef VLU_MACHINE_BOOT_BINDING_H
#define VLU_MACHINE_BOOT_BINDING_H

#include "base/ctx.h"

#define DRIVERCTL_DIR	"/etc/driverctl.d"
#define RULES_DIR	"/etc/udev/rules.d"

/* The kind of file, by the program that reads it. */
enum boot_file { DRIVERCTL, UDEV, N_BOOT_FILES };

#define RULE_SIZE 768

void boot_file_path(enum boot_file kind, struct vlu_bdf bdf, char path[96]);
/* Does path, in any directory, have the name of such a file? If so, sets *ret_bdf to the BDF in it. */
bool is_boot_file(enum boot_file kind, const char *path, struct vlu_bdf *ret_bdf);
/* Reads the file. Returns -ENOENT when there is none. */
int boot_file_read(struct vlu_ctx *ctx, const char *path, char text[RULE_SIZE]) must_check;
/* Does this text bind the function to vfio-pci? */
bool boot_file_has_vfio(enum boot_file kind, const char *text);

#endif

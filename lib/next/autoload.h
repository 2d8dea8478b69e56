/* SPDX-License-Identifier: GPL-2.0-only */
/* The modules that user space loads by name, even if no device asks for them. */
#ifndef VLU_NEXT_AUTOLOAD_H
#define VLU_NEXT_AUTOLOAD_H

#include "next/userland.h"

#define NEVER	0x7fffffffl

/* Returns where a module is loaded by name: a smaller place is earlier. NEVER: no list has it. */
long autoload_place(const struct userland *user, const char *cmdline, const char *module);
/*
 * Returns the place of the script in an initrd, or of the systemd unit, that runs vfio-lu restore,
 * which loads vfio-pci. NEVER: there is none.
 */
long restore_place(const struct userland *user);
/* Is a module at this place loaded before udev (or its replacement) begins to load modules? */
bool is_before_devices(long place);

#endif

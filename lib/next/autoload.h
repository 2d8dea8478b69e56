/* SPDX-License-Identifier: GPL-2.0-only */
/* Which modules user space loads by itself, without a device that asks for them. */
#ifndef VLU_NEXT_AUTOLOAD_H
#define VLU_NEXT_AUTOLOAD_H

#include "next/userland.h"

#define NEVER	0x7fffffffl

/* Returns when a module is loaded by name: smaller is earlier. NEVER: no known list has it. */
long autoload_place(const struct userland *user, const char *cmdline, const char *module);
/* Returns when vfio-lu restore, which loads vfio-pci, runs there: by its hook, module or unit. */
long restore_place(const struct userland *user);
/* Is this place before udev, or its replacement, loads the modules that devices ask for? */
bool is_before_devices(long place);

#endif

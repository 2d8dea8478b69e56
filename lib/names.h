/* SPDX-License-Identifier: GPL-2.0-only */
/* pci.ids: numbers to names; the only user of <pci/pci.h>. */
#ifndef VLU_NAMES_H
#define VLU_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct names;

/* NULL when memory is short; a machine without pci.ids gives no names. */
struct names *names_new(void);
void names_free(struct names *names);
/* Into buf: false when there is no name. device < 0: of the vendor alone. */
bool names_device(struct names *names, int vendor, int device, char *buf,
		  size_t size);
bool names_class(struct names *names, int class, char *buf, size_t size);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of vendors and devices from pci.ids. Only pci-names.c uses <pci/pci.h>. */
#ifndef VLU_MACHINE_PCI_NAMES_H
#define VLU_MACHINE_PCI_NAMES_H

#include "base/ctx.h"

struct names;

/* Returns NULL when out of memory. Without pci.ids on the machine there are no names. */
struct names *names_get(struct vlu_ctx *ctx);
/* Returns a text that is valid until the names are freed, or NULL. device < 0: the vendor's name. */
const char *names_device(struct names *names, int vendor, int device);
const char *names_class(struct names *names, int class);

#endif

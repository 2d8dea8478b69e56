/* SPDX-License-Identifier: GPL-2.0-only */
/* Can this kernel preserve vfio files, and is vfio-pci a module? */
#ifndef VLU_MACHINE_VFIO_HANDLER_H
#define VLU_MACHINE_VFIO_HANDLER_H

#include "machine/kernel.h"

struct handler {
	enum vlu_known there;
	char detail[384];	/* where the handler was seen, or why it is not known */
};

/*
 * Reads the kernel's configuration, its symbols and the file of the vfio-pci module, since the
 * kernel does not list its handlers, and an attempt to preserve would open /dev/liveupdate.
 */
void handler_find(struct vlu_ctx *ctx, const struct kconfig *config,
		  struct handler *ret_handler);

/* Returns 'y' when vfio-pci is built in, 'm' for a module, 0 for neither, '?' when not known. */
char vfio_pci_built(struct vlu_ctx *ctx, const struct kconfig *config);

/* For tests: finds the path of a module in the text of modules.dep. */
bool modules_dep_find(const char *text, const char *module, char *buf, size_t size);

#endif

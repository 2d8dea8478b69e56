/* SPDX-License-Identifier: GPL-2.0-only */
/* Does this kernel preserve vfio files, and when does it begin to? */
#ifndef VLU_HANDLER_H
#define VLU_HANDLER_H

#include "host.h"

struct handler {
	enum vlu_known there;
	char detail[384];	/* where it was seen, or what stood in the way */
};

/*
 * There is no place where the kernel lists its handlers, and to try one is to
 * open /dev/liveupdate. So: its configuration, its symbols, its module.
 */
void handler_find(struct vlu_ctx *ctx, const struct kconfig *config,
		  struct handler *ret_handler);

/* vfio-pci built in: 'y', a module: 'm', neither: 0, not known: '?'. */
char vfio_pci_built(struct vlu_ctx *ctx, const struct kconfig *config);

/*
 * Does a file contain one of these words? 1 or 0, or a negative errno. The
 * file is read in pieces and never whole.
 */
int file_contains(struct vlu_ctx *ctx, const char *path, const char *const *words,
		  size_t n_words);

/* For tests: the path of a module in the text of modules.dep, or false. */
bool modules_dep_find(const char *text, const char *module, char *buf, size_t size);

#endif

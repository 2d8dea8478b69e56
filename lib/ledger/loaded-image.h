/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image of the next kernel. vfio-lu load notes it in /run, and vfio-lu kexec loads it again:
 * the kernel does not say whether another tool has loaded an image since.
 */
#ifndef VLU_LEDGER_LOADED_IMAGE_H
#define VLU_LEDGER_LOADED_IMAGE_H

#include "base/ctx.h"

#define FORCED_WORD "forced="

struct kexec_image {
	char *kernel, *initrd;	/* paths; initrd NULL: none */
	char *cmdline;		/* from kexec_cmdline(), without the sessions' names */
	char *line;		/* with the names, from kexec_image_judge() */
	char *judged;		/* devices, and files as SESSION/NAME, that it was judged for, a blank after each; NULL: none */
	char *forced;		/* failures that load --force accepted, a line each; NULL: none */
	char *seen;		/* what was read to judge it, from witness_stop(); NULL: not known */
};

/* Returns -ENOENT when vfio-lu has loaded no image in this boot. */
int kexec_image_read(struct vlu_ctx *ctx, struct kexec_image *ret_image) must_check;
int kexec_image_remember(struct vlu_ctx *ctx, const struct kexec_image *image) must_check;
void kexec_image_forget(struct vlu_ctx *ctx);
void kexec_image_free(struct kexec_image *image);
/* Adds a line, which must begin with FORCED_WORD, to forced. */
void kexec_image_pass(struct kexec_image *image, const char *line);
/* Returns a file of the image that does not exist any more, or NULL. */
const char *kexec_image_missing(struct vlu_ctx *ctx, const struct kexec_image *image);

#endif

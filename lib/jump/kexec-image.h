/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image of the next kernel. vfio-lu load notes it in /run, and vfio-lu kexec loads it again:
 * the kernel does not say whether another tool has loaded an image since.
 */
#ifndef VLU_JUMP_KEXEC_IMAGE_H
#define VLU_JUMP_KEXEC_IMAGE_H

#include "ledger/ledger.h"

struct kexec_image {
	char *kernel, *initrd;	/* paths; initrd NULL: none */
	char *cmdline;		/* as requested, without the sessions' names */
	char *line;		/* with the names, from kexec_image_judge() */
	char *judged;		/* its devices when it was judged, each and a blank; NULL: none */
	char *forced;		/* failures that load --force accepted, a line each; NULL: none */
	char *seen;		/* what load judged it by, see capture/witness.h; NULL: not known */
};

/* Returns -ENOENT when vfio-lu has loaded no image in this boot. */
int kexec_image_read(struct vlu_ctx *ctx, struct kexec_image *ret_image) must_check;
int kexec_image_remember(struct vlu_ctx *ctx, const struct kexec_image *image) must_check;
void kexec_image_forget(struct vlu_ctx *ctx);
void kexec_image_free(struct kexec_image *image);

/*
 * Checks the image for the preserved devices or, if there are none, for those with vfio-pci.
 * Fails if vlu_check_next() has a failure that is not in forced; with force, adds the
 * failures to forced and succeeds. Sets line, and fails if it is too long for the image.
 */
int kexec_image_judge(const struct ledger *ledger, struct kexec_image *image, bool force) must_check;
/*
 * As kexec_image_judge() without force. Does not check the image if load accepted no failure, no
 * further device is preserved, and everything that load read for the check is still the same:
 * unpacking an initrd can take longer than the kexec.
 */
int kexec_image_judge_again(const struct ledger *ledger, struct kexec_image *image) must_check;
/* Was the image judged for all devices that are held now? */
bool kexec_image_is_judged(const struct kexec_image *image, const struct vlu_state *state);
/*
 * Loads the image with kexec_file_load(). kexec: the current moment, for the next kernel's
 * timeline, or NULL when no kexec follows now.
 */
int kexec_image_load(struct vlu_ctx *ctx, const struct kexec_image *image, const char *kexec) must_check;

#endif

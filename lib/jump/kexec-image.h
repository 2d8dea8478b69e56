/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks the image of the next kernel, and loads it. */
#ifndef VLU_JUMP_KEXEC_IMAGE_H
#define VLU_JUMP_KEXEC_IMAGE_H

#include "ledger/ledger.h"
#include "ledger/loaded-image.h"

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
/*
 * Loads the image with kexec_file_load(). kexec: the current moment, for the next kernel's
 * timeline, or NULL when no kexec follows now.
 */
int kexec_image_load(struct vlu_ctx *ctx, const struct kexec_image *image, const char *kexec) must_check;

#endif

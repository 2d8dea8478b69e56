/* SPDX-License-Identifier: GPL-2.0-only */
/* The image of the next kernel, as `vfio-lu load` and `vfio-lu kexec` judge and load it. */
#ifndef VLU_JUMP_KEXEC_IMAGE_H
#define VLU_JUMP_KEXEC_IMAGE_H

#include "ledger/ledger.h"
#include "ledger/loaded-image.h"

/*
 * Checks whether the image suits the preserved devices or, without any, those with vfio-pci. Fails
 * if a row of vlu_check_next() is in the way (report.h) and image->forced does not list it; if force
 * is true, adds such rows to image->forced instead. Sets image->line, and fails if that is too long
 * for the image.
 */
int kexec_image_judge(const struct ledger *ledger, struct kexec_image *image, bool force) must_check;
/*
 * As kexec_image_judge() without force. Skips the check if `load --force` accepted no failure,
 * if `load` checked that the image suits every device that is preserved now, and if nothing that the
 * check read has changed: unpacking an initrd can take longer than the kexec.
 */
int kexec_image_judge_again(const struct ledger *ledger, struct kexec_image *image) must_check;
/*
 * Loads the image with kexec_file_load(). kexec: the current moment, for the next kernel's
 * timeline, or NULL when no kexec follows now.
 */
int kexec_image_load(struct vlu_ctx *ctx, const struct kexec_image *image, const char *kexec) must_check;

#endif

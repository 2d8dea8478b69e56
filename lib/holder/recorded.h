/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The answer of the holder in a captured tree: HOLDER_ANSWER has the reply to "list 0" (client.h),
 * with all lines, or "error ERRNO" if the holder could not be asked. No file: there was no holder.
 */
#ifndef VLU_HOLDER_RECORDED_H
#define VLU_HOLDER_RECORDED_H

#include "holder/client.h"

/* Notes the answer in the captured tree if this machine is being captured. err: why there is none. */
void answer_note(struct vlu_ctx *ctx, const struct held *held, int err);
/* Returns the reply, which the caller frees, or the error that was noted. -ENOENT: no holder. */
int answer_read(struct vlu_ctx *ctx, char **ret_reply) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions of other wings about a handover. */
#ifndef VLU_INSPECT_HANDOVER_H
#define VLU_INSPECT_HANDOVER_H

#include "base/ctx.h"

/*
 * Reads from memory which devices the previous kernel preserved and are not finished. The caller
 * frees them. Returns -ENOENT if it cannot tell.
 */
int handover_incoming(struct vlu_ctx *ctx, struct vlu_bdf **ret_bdfs, size_t *ret_n) must_check;

#endif

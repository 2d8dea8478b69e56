/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions of other wings about a handover. */
#ifndef VLU_INSPECT_HANDOVER_H
#define VLU_INSPECT_HANDOVER_H

#include "base/ctx.h"

/*
 * Reads from memory the devices that the previous kernel preserved and that are not finished. The
 * caller frees them. Returns -ENOENT if memory does not show them.
 */
int handover_incoming(struct vlu_ctx *ctx, struct vlu_bdf **ret_bdfs, size_t *ret_n) must_check;

#endif

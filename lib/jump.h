/* SPDX-License-Identifier: GPL-2.0-only */
/* What is left of a jump that failed. */
#ifndef VLU_JUMP_H
#define VLU_JUMP_H

#include "session.h"

/*
 * A jump that fails leaves the devices frozen that came before the one which
 * refused: their files answer EIO until the device is bound anew. They are
 * taken out of their sessions, bound again and preserved again; what was done
 * goes to text. Fails when one could not be brought back.
 */
int thaw(struct vlu_ctx *ctx, const struct held *held, char *text, size_t size)
	must_check;

#endif

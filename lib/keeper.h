/* SPDX-License-Identifier: GPL-2.0-only */
/* Which functions the holder has, asked once for all of them. */
#ifndef VLU_KEEPER_H
#define VLU_KEEPER_H

#include "private.h"

struct kept {
	struct vlu_bdf bdf;
	char session[64];
	bool preserved;		/* else only open, or came from the other kernel */
};

struct keeper {
	enum vlu_known known;	/* VLU_DONT_KNOW: there may be one, not to be asked */
	pid_t pid;		/* -1: there is none */
	pid_t manager;		/* who started it, and may keep the files too; -1 */
	size_t n;
	struct kept *kept;	/* in address order */
};

/* Read once a context. NULL only when memory is short. */
const struct keeper *keeper_get(struct vlu_ctx *ctx);
void keeper_drop(struct vlu_ctx *ctx);
const struct kept *keeper_find(const struct keeper *keeper, struct vlu_bdf bdf);

#endif

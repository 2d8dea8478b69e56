/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks that wait inside the kernel for a device to be let go. */
#ifndef VLU_BLOCKED_H
#define VLU_BLOCKED_H

#include "private.h"

struct blocked {
	int64_t pid;
	char name[32];
	char where[64];		/* the kernel function it waits in */
};

/*
 * VLU_YES and the first such task, VLU_NO when there is none, VLU_DONT_KNOW
 * when the kernel does not show where tasks wait.
 */
enum vlu_known blocked_find(struct vlu_ctx *ctx, struct blocked *ret_blocked);

/*
 * For tests: the function that tells of an unbind or remove, in the text of
 * /proc/PID/wchan or /proc/PID/stack; NULL for none. The length in *ret_len.
 */
const char *blocked_where(const char *text, size_t *ret_len);

#endif

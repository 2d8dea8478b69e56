/* SPDX-License-Identifier: GPL-2.0-only */
/* Tasks that are unbinding or removing a device, and wait for it to be let go. */
#ifndef VLU_BLOCKED_H
#define VLU_BLOCKED_H

#include "private.h"

struct blocked {
	int64_t pid;
	char name[32];
	char where[256];	/* the sysfs file, or the kernel function */
};

/*
 * VLU_YES and the first such task, VLU_NO when there is none, VLU_DONT_KNOW
 * when not every task can be looked at.
 */
enum vlu_known blocked_find(struct vlu_ctx *ctx, struct blocked *ret_blocked);

/* Is this a file that unbinds or removes whoever is written to it? */
bool blocked_file(const char *link);

/*
 * For tests and lib/scrub.c: the function that tells of an unbind or remove, in the text of
 * /proc/PID/wchan or /proc/PID/stack; NULL for none. The length in *ret_len.
 */
const char *blocked_where(const char *text, size_t *ret_len);

#endif

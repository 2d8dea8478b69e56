/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds tasks that wait in an unbind or a removal until a device is closed. */
#ifndef VLU_MACHINE_PENDING_UNBIND_H
#define VLU_MACHINE_PENDING_UNBIND_H

#include "base/ctx.h"

struct blocked {
	int64_t pid;
	char name[32];
	char where[256];	/* the sysfs file or the kernel function */
};

/* Returns VLU_YES and the first such task, VLU_NO, or VLU_DONT_KNOW if a task cannot be read. */
enum vlu_known blocked_find(struct vlu_ctx *ctx, struct blocked *ret_blocked);

/*
 * For tests and lib/capture/scrub.c: finds the kernel function that unbinds or removes, in the
 * text of /proc/PID/wchan or /proc/PID/stack. Returns it and its length, or NULL.
 */
const char *blocked_where(const char *text, size_t *ret_len);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports what the library waits for to the function set with vlu_set_wait(). */
#ifndef VLU_BASE_PROGRESS_H
#define VLU_BASE_PROGRESS_H

struct vlu_ctx;

/*
 * Reports that something begins which may take long, and that it has ended. Calls nest.
 * limit is the longest wait in seconds; 0: no limit.
 */
void progress_begin(struct vlu_ctx *ctx, unsigned int limit, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void progress_end(struct vlu_ctx *ctx);

#endif

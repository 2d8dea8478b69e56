/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls the function of vlu_set_wait() when the library waits for something. */
#ifndef VLU_BASE_PROGRESS_H
#define VLU_BASE_PROGRESS_H

struct vlu_ctx;

/*
 * Report the beginning and the end of a long operation. Calls nest.
 * limit is the longest wait in seconds; 0: not known.
 */
void progress_begin(struct vlu_ctx *ctx, unsigned int limit, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void progress_end(struct vlu_ctx *ctx);

#endif

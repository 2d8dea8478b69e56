/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs programs of other packages. */
#ifndef VLU_BASE_PROGRAM_H
#define VLU_BASE_PROGRAM_H

#include "base/ctx.h"

/*
 * Runs a program and waits for it. Returns its exit status; text gets its output.
 * Fails with -ENOENT and VLU_UNSUPPORTED when the program is not installed.
 */
int program_run(struct vlu_ctx *ctx, const char *const argv[], char *text, size_t size)
	must_check;
/* Finds the path of a program. Fails as program_run() does when it is not installed. */
int program_find(struct vlu_ctx *ctx, const char *program, char *path, size_t size) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Files on a disk: those that the user names, and those of kernels and packages. */
#ifndef VLU_BASE_DISK_FILE_H
#define VLU_BASE_DISK_FILE_H

#include "base/ctx.h"

/*
 * Reads a regular file of at most max bytes and adds a NUL. The caller frees *ret_data. Returns
 * -EINVAL for any other file and does not open it: a FIFO or a terminal blocks for ever.
 */
int file_read(struct vlu_ctx *ctx, const char *path, size_t max, char **ret_data,
	      size_t *ret_size) must_check;
/* Works like file_read() for a file that the user named, and reports a failure. */
int file_read_named(struct vlu_ctx *ctx, const char *path, size_t max, char **ret_data,
		    size_t *ret_size) must_check;
/* Fails and reports it unless the path leads to a regular file. Opens nothing. */
int file_need(struct vlu_ctx *ctx, const char *path) must_check;
/* Returns the path from the root, which the caller frees, or NULL if out of memory. */
char *file_absolute(struct vlu_ctx *ctx, const char *path) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files: sysfs attributes, links, directories of names. */
#ifndef VLU_ATTR_H
#define VLU_ATTR_H

#include "private.h"

/*
 * The text of an attribute without its newline: its length, or a negative
 * errno (-EOVERFLOW when it does not fit: half a value is no value).
 */
int attr_read(struct vlu_ctx *ctx, char *buf, size_t size, const char *fmt, ...)
	must_check __attribute__((format(printf, 4, 5)));
/* A number as strtoll() with base 0 reads it; -EINVAL for anything else. */
int attr_number(struct vlu_ctx *ctx, int64_t *ret_number, const char *fmt, ...)
	must_check __attribute__((format(printf, 3, 4)));
/* The last component of where a link leads. */
int attr_link(struct vlu_ctx *ctx, char *buf, size_t size, const char *fmt, ...)
	must_check __attribute__((format(printf, 4, 5)));
/* One write of exactly this text. */
int attr_write(struct vlu_ctx *ctx, const char *path, const char *value) must_check;
/* The names in a directory in their order, until fn returns non-zero, which is returned then. */
int attr_each(struct vlu_ctx *ctx, const char *dir,
	      int (*fn)(void *arg, const char *name), void *arg) must_check;
/* A whole file, at most max bytes, NUL added; freed by the caller. */
int attr_read_all(struct vlu_ctx *ctx, const char *path, size_t max,
		  char **ret_data, size_t *ret_size) must_check;

#endif

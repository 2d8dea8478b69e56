/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files: sysfs attributes, links, directories of names. */
#ifndef VLU_BASE_ATTR_H
#define VLU_BASE_ATTR_H

#include "base/ctx.h"
#include "base/text.h"

/*
 * Reads an attribute into buf, without its newline. Returns the length, or a negative
 * errno: -EOVERFLOW when the text does not fit, since a part of a value is of no use.
 */
int attr_read(struct vlu_ctx *ctx, char *buf, size_t size, const char *fmt, ...)
	must_check __attribute__((format(printf, 4, 5)));
/* Reads a number as strtoll() with base 0 does. Returns -EINVAL for anything else. */
int attr_number(struct vlu_ctx *ctx, int64_t *ret_number, const char *fmt, ...)
	must_check __attribute__((format(printf, 3, 4)));
/* Reads the last component of a link's target. Returns its length, or a negative errno. */
int attr_link(struct vlu_ctx *ctx, char *buf, size_t size, const char *fmt, ...)
	must_check __attribute__((format(printf, 4, 5)));
/* Writes the text with a single write(2). */
int attr_write(struct vlu_ctx *ctx, const char *path, const char *value) must_check;
/* Calls fn for each name in a directory, sorted, until fn returns non-zero. Returns that. */
int attr_each(struct vlu_ctx *ctx, const char *dir,
	      int (*fn)(void *arg, const char *name), void *arg) must_check;
/* For lists of names: stops at the first name, so that the result is 1 if there is any. */
int any_name(void *arg, const char *name);
/* Reads a whole file of at most max bytes and adds a NUL. The caller frees *ret_data. */
int attr_read_all(struct vlu_ctx *ctx, const char *path, size_t max,
		  char **ret_data, size_t *ret_size) must_check;
/* Reads all present records of a file such as /dev/kmsg, where each read returns one. */
int attr_read_records(struct vlu_ctx *ctx, const char *path, size_t max,
		      char **ret_data, size_t *ret_size) must_check;

#endif

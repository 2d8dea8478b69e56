/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is freed all at once: of answers made of many small pieces. */
#ifndef VLU_POOL_H
#define VLU_POOL_H

#include "private.h"

struct pool_piece;

/* Starts as zeros. */
struct pool {
	struct pool_piece *pieces;
};

/* Zeros; NULL when memory is short. A size of 0 gives a pointer too. */
void *pool_alloc(struct pool *pool, size_t size);
void *pool_copy(struct pool *pool, const void *data, size_t size);
/* At most size bytes of text, up to its NUL. */
char *pool_text(struct pool *pool, const char *text, size_t size);
char *pool_print(struct pool *pool, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/*
 * Room for one more element of an array of n; *array may move. NULL when
 * memory is short: then the array is as it was.
 */
void *pool_add(struct pool *pool, const void *array, size_t n, size_t size);
void pool_free(struct pool *pool);

#endif

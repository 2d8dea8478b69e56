/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is freed all at once, for results made of many small pieces. */
#ifndef VLU_BASE_POOL_H
#define VLU_BASE_POOL_H

#include "base/ctx.h"

struct pool_piece;

/* All zeros: an empty pool. */
struct pool {
	struct pool_piece *pieces;
};

/*
 * Appends a zeroed element to *array, which has *n elements and may move. Returns the
 * element's address, or NULL and changes nothing when out of memory.
 */
#define pool_add(pool, array, n) pool_grow((pool), (array), (n), sizeof(**(array)))

/* Returns zeroed memory, or NULL when out of memory. A size of 0 gives a pointer too. */
void *pool_alloc(struct pool *pool, size_t size);
void *pool_copy(struct pool *pool, const void *data, size_t size);
/* Copies text up to its NUL, at most size bytes. */
char *pool_text(struct pool *pool, const char *text, size_t size);
char *pool_print(struct pool *pool, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
char *pool_vprint(struct pool *pool, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));
void *pool_grow(struct pool *pool, void *array, size_t *n, size_t size);
void pool_free(struct pool *pool);
/* Frees an object of malloc() that begins with its pool, and the pool. NULL is allowed. */
void pool_end(void *object);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#include "pool.h"

struct pool_piece {
	struct pool_piece *next;
	max_align_t data[];
};

void *pool_alloc(struct pool *pool, size_t size)
{
	struct pool_piece *piece = calloc(1, sizeof(*piece) + size);

	if (!piece)
		return NULL;
	piece->next = pool->pieces;
	pool->pieces = piece;
	return piece->data;
}

void *pool_copy(struct pool *pool, const void *data, size_t size)
{
	void *copy = pool_alloc(pool, size);

	if (copy && size)
		memcpy(copy, data, size);
	return copy;
}

char *pool_text(struct pool *pool, const char *text, size_t size)
{
	size_t len = strnlen(text, size);
	char *copy = pool_alloc(pool, len + 1);

	if (copy)
		memcpy(copy, text, len);
	return copy;
}

char *pool_print(struct pool *pool, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return pool_text(pool, text, sizeof(text));
}

void *pool_add(struct pool *pool, const void *array, size_t n, size_t size)
{
	void *more;

	/* full whenever the number is a power of two, as it grew by doubling */
	if (n & (n - 1))
		return (void *)array;
	more = pool_alloc(pool, (n ? 2 * n : 1) * size);
	if (more && n)
		memcpy(more, array, n * size);
	return more;
}

void pool_free(struct pool *pool)
{
	struct pool_piece *piece;

	while ((piece = pool->pieces)) {
		pool->pieces = piece->next;
		free(piece);
	}
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "pool.h"

#define PIECE	960	/* bytes of a piece that small allocations share */

struct pool_piece {
	struct pool_piece *next;
	size_t used, size;
	max_align_t data[];
};

void *pool_alloc(struct pool *pool, size_t size)
{
	const size_t step = sizeof(max_align_t), need = (size + step) / step * step;
	struct pool_piece *piece = pool->pieces;
	const size_t room = need < PIECE ? PIECE : need;

	if (!piece || piece->size - piece->used < need) {
		piece = malloc(sizeof(*piece) + room);
		if (!piece)
			return NULL;
		*piece = (struct pool_piece){ .next = pool->pieces, .size = room };
		pool->pieces = piece;
	}
	piece->used += need;
	return memset((char *)piece->data + piece->used - need, 0, need);
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

char *pool_vprint(struct pool *pool, const char *fmt, va_list args)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	text = n < 0 ? NULL : pool_alloc(pool, (size_t)n + 1);
	if (text)
		vsnprintf(text, (size_t)n + 1, fmt, args);
	return text;
}

char *pool_print(struct pool *pool, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = pool_vprint(pool, fmt, args);
	va_end(args);
	return text;
}

void *pool_grow(struct pool *pool, void *array, size_t *n, size_t size)
{
	char *at, *more;

	memcpy(&at, array, sizeof(at));
	/* The room doubles, so the array is full when *n is a power of two. */
	if ((*n & (*n - 1)) == 0) {
		more = pool_alloc(pool, (*n ? 2 * *n : 1) * size);
		if (!more)
			return NULL;
		if (*n)
			memcpy(more, at, *n * size);
		at = more;
		memcpy(array, &at, sizeof(at));
	}
	/* A caller may have made *n smaller, so the element may have been used. */
	return memset(at + (*n)++ * size, 0, size);
}

void pool_free(struct pool *pool)
{
	struct pool_piece *piece;

	while ((piece = pool->pieces)) {
		pool->pieces = piece->next;
		free(piece);
	}
}

void pool_end(void *object)
{
	if (object)
		pool_free(object);
	free(object);
}

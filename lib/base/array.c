/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void *array_grow(void *array, size_t *n, size_t size)
{
	char *at, *more;

	memcpy(&at, array, sizeof(at));
	/* The room doubles, so the array is full when *n is a power of two. */
	if ((*n & (*n - 1)) == 0) {
		more = reallocarray(at, *n ? *n * 2 : 1, size);
		if (!more)
			return NULL;
		at = more;
		memcpy(array, &at, sizeof(at));
	}
	return memset(at + (*n)++ * size, 0, size);
}

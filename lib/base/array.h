/* SPDX-License-Identifier: GPL-2.0-only */
/* Arrays that grow by one element at a time. */
#ifndef VLU_BASE_ARRAY_H
#define VLU_BASE_ARRAY_H

#include <stddef.h>

/*
 * Appends a zeroed element to *array, which has *n elements, and returns its address. Returns NULL
 * and changes nothing when out of memory. The array starts as NULL with 0 elements; only this macro
 * may grow it, since the room is derived from the number of elements.
 */
#define array_add(array, n) \
	((__typeof__(*(array)))array_grow((array), (n), sizeof(**(array))))

void *array_grow(void *array, size_t *n, size_t size) __attribute__((warn_unused_result));

#endif

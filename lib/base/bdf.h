/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds BDFs in arrays. Each element begins with its struct vlu_bdf. */
#ifndef VLU_BASE_BDF_H
#define VLU_BASE_BDF_H

#include "vfio-lu.h"

/* Compares two elements, for qsort() and bsearch(). */
int bdf_order(const void *a, const void *b);
/* Returns the first element with this BDF, or NULL. The array may be in any order. */
#define bdf_find(array, n, bdf) \
	((__typeof__(&*(array)))bdf_look((array), (n), sizeof(*(array)), (bdf)))
/* Appends a BDF, as array_add() does (base/array.h). */
int bdf_add(struct vlu_ctx *ctx, struct vlu_bdf **bdfs, size_t *n, struct vlu_bdf bdf)
	__attribute__((warn_unused_result));
/* Returns the first of *ret_n elements with this BDF in a sorted array, or NULL. */
#define bdf_range(array, n, bdf, ret_n) \
	((__typeof__(&*(array)))bdf_span((array), (n), sizeof(*(array)), (bdf), (ret_n)))
void *bdf_span(const void *array, size_t n, size_t size, struct vlu_bdf bdf, size_t *ret_n);
void *bdf_look(const void *array, size_t n, size_t size, struct vlu_bdf bdf);

#endif

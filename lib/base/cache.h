/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The context caches here the data that its readers have read from the machine. Each
 * reader registers its data together with the function that frees it, so the
 * context does not need to know the readers.
 *
 * All cached data together is one look at the machine. cache_drop() ends the look, and readers read
 * again afterwards. Do not keep a pointer into cached data across a call that may begin a new look.
 */
#ifndef VLU_BASE_CACHE_H
#define VLU_BASE_CACHE_H

#include "base/ctx.h"

struct cache {
	void (*free)(void *data);	/* NULL: the data needs no freeing */
	bool stays;	/* survives cache_drop(): it never changes, or others point to it */
};

/* Returns the data, or NULL when it has not been read yet. */
void *cache_get(const struct vlu_ctx *ctx, const struct cache *cache);
/*
 * Takes ownership of data and frees what it replaces. Returns data, or frees it and
 * returns NULL when out of memory.
 */
void *cache_put(struct vlu_ctx *ctx, const struct cache *cache, void *data);
/* Ends the look: frees all data that does not stay, and increments ctx->look. */
void cache_drop(struct vlu_ctx *ctx);
/* Frees all data: the context ends, or changes to another machine. */
void cache_end(struct vlu_ctx *ctx);

#endif

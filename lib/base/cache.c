/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/cache.h"

struct cached {
	struct cached *next;
	const struct cache *cache;
	void *data;
};

static struct cached *find(const struct vlu_ctx *ctx, const struct cache *cache)
{
	struct cached *cached = ctx->cached;

	while (cached && cached->cache != cache)
		cached = cached->next;
	return cached;
}

void *cache_get(const struct vlu_ctx *ctx, const struct cache *cache)
{
	const struct cached *cached = find(ctx, cache);

	return cached ? cached->data : NULL;
}

static void free_data(const struct cache *cache, void *data)
{
	if (data && cache->free)
		cache->free(data);
}

void *cache_put(struct vlu_ctx *ctx, const struct cache *cache, void *data)
{
	struct cached *cached = find(ctx, cache);

	if (!cached) {
		cached = calloc(1, sizeof(*cached));
		if (!cached) {
			free_data(cache, data);
			return NULL;
		}
		*cached = (struct cached){ .next = ctx->cached, .cache = cache };
		ctx->cached = cached;
	}
	free_data(cache, cached->data);
	return cached->data = data;
}

static void drop(struct vlu_ctx *ctx, bool all)
{
	struct cached **p = &ctx->cached, *cached;

	while ((cached = *p)) {
		if (cached->cache->stays && !all) {
			p = &cached->next;
			continue;
		}
		*p = cached->next;
		free_data(cached->cache, cached->data);
		free(cached);
	}
	ctx->look++;
}

void cache_drop(struct vlu_ctx *ctx)
{
	drop(ctx, false);
}

void cache_end(struct vlu_ctx *ctx)
{
	drop(ctx, true);
}

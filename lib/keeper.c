/* SPDX-License-Identifier: GPL-2.0-only */
#include "held.h"
#include "keeper.h"

static int by_address(const void *a, const void *b)
{
	return vlu_bdf_compare(((const struct kept *)a)->bdf,
			       ((const struct kept *)b)->bdf);
}

static int take(struct keeper *keeper, const struct held *held)
{
	struct kept *kept;
	size_t i;

	keeper->kept = calloc(held->n + 1, sizeof(*keeper->kept));
	if (!keeper->kept)
		return -ENOMEM;
	for (i = 0; i < held->n; i++) {
		kept = &keeper->kept[keeper->n];
		if (!held_device(held->items[i].key, kept->session, &kept->bdf))
			continue;
		kept->preserved = held_says(held->items[i].value, "state=preserved");
		keeper->n++;
	}
	qsort(keeper->kept, keeper->n, sizeof(*keeper->kept), by_address);
	keeper->pid = held->pid;
	return 0;
}

const struct keeper *keeper_get(struct vlu_ctx *ctx)
{
	struct keeper *keeper;
	struct held held;
	int ret;

	if (ctx->keeper)
		return ctx->keeper;
	keeper = calloc(1, sizeof(*keeper));
	if (!keeper)
		return NULL;
	keeper->pid = -1;
	ret = held_read(ctx, &held);
	keeper->known = ret == 0 ? VLU_YES : ret == -ENOENT ? VLU_NO : VLU_DONT_KNOW;
	if (ret == 0) {
		ret = take(keeper, &held);
		held_free(&held);
		if (ret) {
			free(keeper);
			return NULL;
		}
	}
	ctx->keeper = keeper;
	return keeper;
}

void keeper_drop(struct vlu_ctx *ctx)
{
	if (ctx->keeper)
		free(ctx->keeper->kept);
	free(ctx->keeper);
	ctx->keeper = NULL;
}

const struct kept *keeper_find(const struct keeper *keeper, struct vlu_bdf bdf)
{
	const struct kept key = { .bdf = bdf };

	return keeper->n ? bsearch(&key, keeper->kept, keeper->n, sizeof(*keeper->kept),
				   by_address) : NULL;
}

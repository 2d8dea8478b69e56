/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
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

/* "PID (COMM) STATE PPID ...": process 1 if it is systemd's, or nobody's */
static pid_t parent_of(struct vlu_ctx *ctx, pid_t pid)
{
	char text[512], *end;
	long parent;

	if (attr_read(ctx, text, sizeof(text), "/proc/%d/stat", (int)pid) < 0)
		return -1;
	end = strrchr(text, ')');
	if (!end || strlen(end) < 5)
		return -1;
	parent = strtol(end + 4, NULL, 10);
	return parent > 0 ? (pid_t)parent : -1;
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
	keeper->pid = keeper->manager = -1;
	ret = held_read(ctx, &held);
	keeper->known = ret == 0 ? VLU_YES : ret == -ENOENT ? VLU_NO : VLU_DONT_KNOW;
	if (ret == 0) {
		ret = take(keeper, &held);
		held_free(&held);
		if (ret) {
			free(keeper);
			return NULL;
		}
		keeper->manager = parent_of(ctx, keeper->pid);
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

/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/bdf.h"
#include "base/cache.h"
#include "holder/client.h"
#include "holder/holdings.h"

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
		kept->preserved = held_has_word(held->items[i].value, "state=preserved");
		kept->incoming = !kept->preserved &&
				 !held_has_word(held->items[i].value, "state=opened");
		keeper->n++;
	}
	qsort(keeper->kept, keeper->n, sizeof(*keeper->kept), bdf_order);
	keeper->pid = held->pid;
	return 0;
}

/* Parses "PID (COMM) STATE PPID ...". The parent of services and orphans is process 1. */
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

static void keeper_free(void *data)
{
	struct keeper *keeper = data;

	free(keeper->kept);
	free(keeper);
}

static const struct cache cache = { .free = keeper_free };

const struct keeper *keeper_get(struct vlu_ctx *ctx)
{
	struct keeper *keeper = cache_get(ctx, &cache);
	struct held held;
	int ret;

	if (keeper)
		return keeper;
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
			keeper_free(keeper);
			return NULL;
		}
		keeper->manager = parent_of(ctx, keeper->pid);
	}
	return cache_put(ctx, &cache, keeper);
}

const struct kept *keeper_find(const struct keeper *keeper, struct vlu_bdf bdf)
{
	size_t n;

	return bdf_range(keeper->kept, keeper->n, bdf, &n);
}

bool is_keepers(const struct keeper *keeper, const struct proc_file *file, bool kept)
{
	if (keeper->known == VLU_YES)
		/* its service manager has duplicates of its files (fdstore.h) */
		return file->pid == keeper->pid || (kept && file->pid == keeper->manager);
	/* a captured machine, or a holder that must not be asked */
	return strcmp(file->comm, "vfio-lu") == 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>

#include "base/attr.h"
#include "base/bdf.h"
#include "base/cache.h"
#include "holder/client.h"
#include "holder/holdings.h"

static int take(struct holdings *holdings, const struct held *held)
{
	struct holding *kept;
	size_t i;

	holdings->list = calloc(held->n + 1, sizeof(*holdings->list));
	if (!holdings->list)
		return -ENOMEM;
	for (i = 0; i < held->n; i++) {
		kept = &holdings->list[holdings->n];
		if (!held_device(held->items[i].key, kept->session, &kept->bdf))
			continue;
		kept->preserved = held_has_word(held->items[i].value, "state=preserved");
		kept->incoming = !kept->preserved &&
				 !held_has_word(held->items[i].value, "state=opened");
		holdings->n++;
	}
	qsort(holdings->list, holdings->n, sizeof(*holdings->list), bdf_order);
	holdings->pid = held->pid;
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

/* Returns the manager from the note of the holder. Use this if the holder does not answer. */
static pid_t manager_noted(struct vlu_ctx *ctx)
{
	int64_t pid;

	return attr_number(ctx, &pid, HOLDER_NOTE) == 0 && pid > 0 && pid <= INT_MAX ? (pid_t)pid : -1;
}

static void holdings_free(void *data)
{
	struct holdings *holdings = data;

	free(holdings->list);
	free(holdings);
}

static const struct cache cache = { .free = holdings_free };

const struct holdings *holdings_get(struct vlu_ctx *ctx)
{
	struct holdings *holdings = cache_get(ctx, &cache);
	struct held held;
	int ret;

	if (holdings)
		return holdings;
	holdings = calloc(1, sizeof(*holdings));
	if (!holdings)
		return NULL;
	holdings->pid = holdings->manager = -1;
	ret = held_read(ctx, &held);
	holdings->known = ret == 0 ? VLU_YES : ret == -ENOENT ? VLU_NO : VLU_DONT_KNOW;
	if (ret == 0) {
		ret = take(holdings, &held);
		held_free(&held);
		if (ret) {
			holdings_free(holdings);
			return NULL;
		}
		holdings->manager = parent_of(ctx, holdings->pid);
	} else if (holdings->known == VLU_DONT_KNOW) {
		holdings->manager = manager_noted(ctx);
	}
	return cache_put(ctx, &cache, holdings);
}

const struct holding *holdings_find(const struct holdings *holdings, struct vlu_bdf bdf)
{
	size_t n;

	return bdf_range(holdings->list, holdings->n, bdf, &n);
}

bool is_holders_file(const struct holdings *holdings, const struct proc_file *file, bool kept)
{
	if (holdings->known == VLU_YES)
		/* its service manager has duplicates of its files (fdstore.h) */
		return file->pid == holdings->pid || (kept && file->pid == holdings->manager);
	/* a captured machine, or a holder that does not answer */
	return strcmp(file->comm, "vfio-lu") == 0 ||
	       (holdings->known == VLU_DONT_KNOW && file->pid == holdings->manager);
}

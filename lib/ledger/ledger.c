/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/cache.h"
#include "ledger/ledger.h"
#include "machine/kernel.h"
#include "machine/kernel-log.h"
#include "machine/kexec-state.h"
#include "machine/kho-debugfs.h"

static void read_kernel(struct ledger *ledger)
{
	struct vlu_ctx *ctx = ledger->ctx;
	struct vlu_state *state = &ledger->state;
	const struct klog *log = ledger_kept(ledger, (void *)klog_get(ctx));
	char release[128], previous[65];
	struct luo_out luo;

	if (!log)
		return;
	if (host_release(ctx, release, sizeof(release)) == 0)
		state->release = ledger_print(ledger, "%s", release);
	state->kexec_count = log->kexec_count;
	if (kho_metadata_in(ctx, previous, &state->kexec_count) == 0)
		state->previous_release = ledger_print(ledger, "%s", previous);
	else if (log->previous_release[0])
		state->previous_release = ledger_print(ledger, "%s", log->previous_release);
	state->kho_boot = host_is_kho_boot(ctx);
	if (state->kho_boot == VLU_NO && state->kexec_count < 0)
		state->kexec_count = 0;
	state->kexec_loaded = kexec_is_loaded(ctx);
	state->liveupdate_number = log->liveupdate_number;
	/* this kernel's own LUO head has the number of the next live update */
	if (kho_luo_out(ctx, &luo) == 0 && luo.liveupdate_num > 0)
		state->liveupdate_number = (int64_t)luo.liveupdate_num - 1;
	if (boot_id(ctx, state->boot_id))
		state->boot_id[0] = '\0';
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->seen.name, ((const struct entry *)b)->seen.name);
}

/* Finds the next commands last, since each depends on the standing of all sessions. */
static void judge(struct ledger *ledger)
{
	struct vlu_session *rows;
	struct entry *entry;
	size_t i, n = 0;

	each_entry(entry, ledger)
		if (ledger_decide(ledger, entry))
			ledger->entries[n++] = *entry;
		else
			manifest_free(&entry->manifest);
	ledger->n = n;
	if (n)
		qsort(ledger->entries, n, sizeof(*ledger->entries), by_name);
	ledger_image(ledger);
	rows = ledger_kept(ledger, pool_alloc(&ledger->pool, n * sizeof(*rows)));
	for (i = 0; rows && i < n; i++) {
		ledger_next(ledger, &ledger->entries[i]);
		rows[i] = ledger->entries[i].seen;
	}
	ledger->state.sessions = rows;
	ledger->state.n_sessions = n;
}

int ledger_read(struct vlu_ctx *ctx, const char *usual, const struct vlu_bdf *incoming,
		size_t n, struct ledger **ret_ledger)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger)
		return vlu_nomem(ctx);
	ledger->ctx = ctx;
	ledger->state.complete = true;
	read_kernel(ledger);
	ledger_sources(ledger, incoming, n, usual ? usual : VLU_SESSION);
	judge(ledger);
	if (ledger->failed) {
		ledger_free(ledger);
		return vlu_nomem(ctx);
	}
	*ret_ledger = ledger;
	return 0;
}

void ledger_free(struct ledger *ledger)
{
	struct entry *entry;

	if (!ledger)
		return;
	each_entry(entry, ledger)
		manifest_free(&entry->manifest);
	held_free(&ledger->held);
	pool_end(ledger);
}

/* The caller's state is a member of a ledger, and the ledger is freed. */
void vlu_state_free(struct vlu_state *state)
{
	if (state)
		ledger_free((void *)((char *)state - offsetof(struct ledger, state)));
}

static void free_look(void *data)
{
	ledger_free(data);
}

const struct ledger *ledger_look(struct vlu_ctx *ctx)
{
	static const struct cache cache = { .free = free_look };
	struct ledger *ledger = cache_get(ctx, &cache);

	if (ledger || ledger_read(ctx, VLU_SESSION, NULL, 0, &ledger))
		return ledger;
	return cache_put(ctx, &cache, ledger);
}

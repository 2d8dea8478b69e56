/* SPDX-License-Identifier: GPL-2.0-only */
/* The state, for read-only commands. Retrieves no session. */
#include "base/cache.h"
#include "inspect/handover.h"
#include "ledger/ledger.h"
#include "timeline/update.h"

/*
 * Adds the moments that are noted so far. Ignores a manifest or a kexec of another live update than
 * that of the session. finish computes its own moments later.
 */
static void gather_moments(struct ledger *ledger, const struct entry *entry,
			   struct moments *moments)
{
	const struct vlu_session *seen = &entry->seen;
	struct vlu_bdf *bdfs;
	size_t i;

	if (entry->promised || entry->restored || !entry->stale)
		moments_add(moments, PRESERVED, NULL, &entry->manifest.preserved);
	if (seen->direction != VLU_INCOMING)
		return;
	moments_read(ledger->ctx, RUN_DIR, seen->name, moments);
	bdfs = ledger_kept(ledger, pool_alloc(&ledger->pool, (seen->n_devices + 1) * sizeof(*bdfs)));
	for (i = 0; bdfs && i < seen->n_devices; i++)
		bdfs[i] = seen->devices[i].bdf;
	if (bdfs && entry->named)
		update_kexec(ledger->ctx, bdfs, seen->n_devices, moments);
	moments_sort(moments);
}

static void read_moments(struct ledger *ledger, const struct entry *entry,
			 struct vlu_session *session)
{
	struct moments moments = { 0 };
	const struct noted *noted;
	struct vlu_moment *row;

	gather_moments(ledger, entry, &moments);
	for (noted = moments.noted; noted < moments.noted + moments.n; noted++) {
		row = ledger_add(ledger, &session->moments, &session->n_moments);
		if (row)
			*row = (struct vlu_moment){
				.name = moment_word(noted->kind), .of_device = noted->of_device,
				.bdf = noted->bdf, .wall = noted->at.time.wall,
				.boot = noted->at.time.boot,
			};
	}
	moments_free(&moments);
}

int vlu_state_read(struct vlu_ctx *ctx, const char *session, struct vlu_state **ret_state)
{
	_cleanup_free_ struct vlu_bdf *bdfs = NULL;
	struct ledger *ledger;
	size_t n = 0, i;
	int ret = 0;

	cache_drop(ctx);
	/* memory of the kernel also tells which devices were handed over */
	if (ledger_has_gap(ctx))
		ret = handover_incoming(ctx, &bdfs, &n);
	if (!ret || ret == -ENOENT)
		ret = ledger_read(ctx, session, bdfs, n, &ledger);
	if (ret)
		return ret;
	/* the ledger lists the sessions in the order of its entries */
	for (i = 0; i < ledger->state.n_sessions; i++)
		read_moments(ledger, &ledger->entries[i],
			     (struct vlu_session *)&ledger->state.sessions[i]);
	if (ledger->failed) {
		ledger_free(ledger);
		return vlu_nomem(ctx);
	}
	*ret_state = &ledger->state;	/* vlu_state_free() */
	return 0;
}

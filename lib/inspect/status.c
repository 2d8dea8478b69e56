/* SPDX-License-Identifier: GPL-2.0-only */
/* The state, for read-only commands. Retrieves no session. */
#include "base/cache.h"
#include "inspect/sessions.h"
#include "inspect/handover.h"
#include "timeline/update.h"

/*
 * Adds the moments that are noted so far. If the command line of this kernel does not name the
 * session, ignores the moments of the kexec. `vfio-lu finish` gathers the moments again when it writes the record of the live
 * update.
 */
static void gather_moments(struct vlu_ctx *ctx, const struct entry *entry, struct moments *moments)
{
	moments_add(moments, PRESERVED, NULL, &entry->manifest.preserved);
	if (entry->seen.direction != VLU_INCOMING)
		return;
	moments_read(ctx, RUN_DIR, entry->seen.name, moments);
	if (entry->named)
		update_kexec(ctx, &entry->seen, moments);
	moments_sort(moments);
}

static void read_moments(struct ledger *ledger, const struct entry *entry,
			 struct vlu_session *session)
{
	struct moments moments = { 0 };
	const struct noted *noted;
	struct vlu_moment *row;

	gather_moments(ledger->ctx, entry, &moments);
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

int sessions_read(struct vlu_ctx *ctx, const char *session, const struct vlu_bdf *incoming,
		  size_t n, struct ledger **ret_ledger)
{
	struct ledger *ledger;
	size_t i;
	int ret;

	ret = ledger_read(ctx, session, incoming, n, &ledger);
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
	*ret_ledger = ledger;
	return 0;
}

int vlu_state_read(struct vlu_ctx *ctx, const char *session, struct vlu_state **ret_state)
{
	_cleanup_free_ struct vlu_bdf *bdfs = NULL;
	struct ledger *ledger;
	size_t n = 0;
	int ret = 0;

	cache_drop(ctx);
	/* memory of the kernel also tells which devices were handed over */
	if (ledger_has_gap(ctx))
		ret = handover_incoming(ctx, &bdfs, &n);
	if (!ret || ret == -ENOENT)
		ret = sessions_read(ctx, session, bdfs, n, &ledger);
	if (!ret)
		*ret_state = &ledger->state;	/* vlu_state_free() */
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Notes the moments of restore and finish, and makes a record of them. */
#include "session/session.h"
#include "timeline/update.h"

void session_note(struct session *session, enum moment_kind kind, member_fn which)
{
	struct moments moments = { 0 };
	size_t i;

	for (i = 0; i < session->n_devices; i++)
		if (which(&session->members[i]))
			moments_note(session->ctx, &session->moments, kind, &session->members[i].bdf);
	moments_read(session->ctx, RUN_DIR, session->name, &moments);
	moments_merge(&moments, &session->moments);
	moments_sort(&moments);
	moments_write(session->ctx, RUN_DIR, session->name, &moments);
	moments_free(&moments);
}

static int run_record(struct step *step)
{
	struct session *session = step->plan->data;
	const struct manifest *manifest = ledger_manifest(session->ledger, session->name);
	const struct vlu_session *now = session->now;
	_cleanup_free_ struct vlu_bdf *bdfs = calloc(now->n_devices + 1, sizeof(*bdfs));
	struct moments moments = { 0 };
	struct ended ended = {
		.session = session->name, .bdfs = bdfs, .n = now->n_devices, .moments = &moments,
		.from_release = manifest ? manifest->kernel : session->ledger->state.previous_release,
	};
	size_t i;

	moments_read(session->ctx, RUN_DIR, session->name, &moments);
	for (i = 0; bdfs && i < now->n_devices; i++)
		bdfs[i] = now->devices[i].bdf;
	if (manifest)
		moments_add(&moments, PRESERVED, NULL, &manifest->preserved);
	moments_merge(&moments, &session->moments);
	if (bdfs)
		update_end(session->ctx, &ended);
	moments_free(&moments);
	return 0;
}

void record_step(struct vlu_plan *plan)
{
	session_step(plan, run_record, NULL, "write the record of session %v for timeline, in "
		     UPDATES);
}

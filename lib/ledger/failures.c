/* SPDX-License-Identifier: GPL-2.0-only */
/* The failures that several commands take from the ledger. */
#include "base/text.h"
#include "ledger/ledger.h"

int ledger_known(const struct ledger *ledger)
{
	const struct vlu_state *state = &ledger->state;

	if (is_asked(ledger))
		return 0;
	/* a signal may have ended the wait for the holder */
	if (stop_check(ledger->ctx))
		return -EINTR;
	if (state->holder == VLU_HOLDER_UNSEEN)
		return vlu_fail(ledger->ctx, FAIL_NO_ROOT, -EACCES, "%s", state->holder_detail);
	return vlu_fail(ledger->ctx, FAIL_HOLDER_SILENT, -ETIMEDOUT, "%s; it is unknown what the "
			"holder has, so nothing was done", state->holder_detail);
}

/* Is no word a placeholder, such as KERNEL? The value of an option may be in capitals, too. */
static bool can_be_run(const char *const *argv)
{
	size_t i;

	for (i = 0; argv && argv[i]; i++)
		if (argv[i][strspn(argv[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0' &&
		    !(i && strncmp(argv[i - 1], "--", 2) == 0 && argv[i - 1][2]))
			return false;
	return argv != NULL;
}

int session_first(struct vlu_ctx *ctx, const struct vlu_session *session)
{
	char line[512];

	argline_text(session->next, line, sizeof(line));
	return failure_fix(ctx, "first", session->next ? line : NULL,
			   can_be_run(session->next) ? session->next : NULL);
}

int session_unfinished(struct vlu_ctx *ctx, const struct vlu_session *session, const char *so)
{
	vlu_fail(ctx, FAIL_UNFINISHED, -EBUSY, "session %s of the previous kernel is not finished "
		 "(%s)%s", session->name, vlu_standing_word(session->standing), so);
	return session_first(ctx, session);
}

/* Could a session that is not restored yet have devices that no source names? */
static bool has_unread(const struct ledger *ledger)
{
	const struct vlu_session *session;

	each_session(session, &ledger->state)
		if (is_unfinished(session) && !(session->sources & VLU_FROM_HOLDER) &&
		    strcmp(session->manifest, "ok") != 0)
			return true;
	return false;
}

int ledger_stranded(const struct ledger *ledger, struct vlu_bdf bdf, const struct vlu_session *lost,
		    const char *done)
{
	char name[VLU_BDF_SIZE];

	vlu_bdf_format(bdf, name);
	if (lost || !has_unread(ledger))
		return vlu_fail(ledger->ctx, FAIL_IN_SESSION, -EBUSY, "%s: the previous kernel "
				"preserved it, %s%s; it cannot be %s before the next kexec or "
				"reboot", name, lost ? "in lost session " :
				"but no session that can be restored has it", lost ? lost->name : "", done);
	vlu_fail(ledger->ctx, FAIL_IN_SESSION, -EBUSY, "%s: the previous kernel preserved it, in a "
		 "session whose devices are unknown before it is restored", name);
	return failure_run(ledger->ctx, "first", "vfio-lu", "restore", "--all");
}

int ledger_no_session(const struct ledger *ledger, const char *name)
{
	const struct vlu_session *session;
	char names[400] = "";

	each_session(session, &ledger->state)
		text_add(names, sizeof(names), " %s", session->name);
	return vlu_fail(ledger->ctx, FAIL_NO_SESSION, -ENOENT, "there is no session %s; %s%s",
			name, *names ? "the sessions are:" : "there are none", names);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* finish: binds the devices that no VMM has bound, and ends a restored session. */
#include "base/cache.h"
#include "base/text.h"
#include "machine/device.h"
#include "session/session.h"
#include "timeline/update.h"
#include "uapi/liveupdate.h"
#include "uapi/vfio.h"

/*
 * Fails if another process has the file open and has not bound it yet. A bind here would take the device away from
 * a VMM that is about to bind it.
 */
static int check_taken(struct session *session, const struct member *member)
{
	const struct proc_file *user = ledger_user(session->ledger, &member->bdf, 0);

	if (!user || vfio_is_bound(session->ctx, member->fd))
		return 0;
	vlu_fail(session->ctx, FAIL_NOT_BOUND, -EBUSY, "%s: process %d (%s) has it and has not bound it "
		 "to an iommufd yet; end that process, or wait until it has done so", member->name,
		 (int)user->pid, user->comm);
	return failure_run(session->ctx, "fix", "vfio-lu", "finish", "--wait", "--session", session->name);
}

/* Fetches all files before the first bind, which cannot be undone. */
static int take_files(struct session *session)
{
	size_t i;
	int ret;

	cache_drop(session->ctx);
	ret = session_ask(session, FETCH, ALL, NULL);
	for (i = 0; !ret && i < session->n_devices; i++)
		ret = check_taken(session, &session->members[i]);
	return ret;
}

static int call_finish(struct session *session)
{
	int ret = luo_finish(session->ctx, session->fd, session->name);

	if (!ret)
		moments_note(session->ctx, &session->moments, FINISHED, NULL);
	return ret;
}

/*
 * Finishes the session, whose files are all bound by now. If the kernel returns EBUSY, the failure
 * names the handed-over devices that are in no session of the ledger.
 */
static int finish_bound(struct session *session)
{
	const struct vlu_state *state = &session->ledger->state;
	struct vlu_ctx *ctx = session->ctx;
	char names[400] = "", name[VLU_BDF_SIZE];
	struct vlu_device *dev;
	size_t i, j;
	int ret;

	ret = call_finish(session);
	for (i = 0; ret == -EBUSY && i < state->n_incoming; i++) {
		for (j = 0; j < state->n_sessions; j++)
			if (member_of(&state->sessions[j], state->incoming[i]))
				break;
		if (j == state->n_sessions &&
		    device_find(ctx, state->incoming[i], OF_ALL, &dev) == 0 && dev->kind != VLU_BRIDGE)
			text_add(names, sizeof(names), " %s",
				 vlu_bdf_format(state->incoming[i], name));
	}
	if (!*names)
		return ret;
	vlu_fail(ctx, FAIL_NOT_RETRIEVED, ret, "session %s cannot be finished: no process has "
		 "retrieved%s", session->name, names);
	return failure_run(ctx, "first", "vfio-lu", "restore", "--session", session->name);
}

/* Binds the files. A bind cannot be undone, so a failure names each bound device. */
static int bind_members(struct session *session)
{
	struct vlu_ctx *ctx = session->ctx;
	struct failure failure;
	char names[400] = "";
	size_t i;
	int ret = iommufd_open(ctx, &session->iommufd);

	if (ret)
		return ret;
	ret = session_bind(session, ALL);
	for (i = 0; i < session->n_devices; i++) {
		/* Not done: its bind failed, or a VMM has bound it (-EALREADY). */
		session->members[i].done = !session->members[i].err;
		if (session->members[i].done)
			moments_note(ctx, &session->moments, BOUND, &session->members[i].bdf);
	}
	if (!ret)
		ret = finish_bound(session);
	if (!ret || !*device_names(session, DONE, names))
		return ret;
	ret = vlu_fail(ctx, VLU_PARTIAL, ret, "%.400s; session %s is not finished, and no VMM can "
		       "use the files of%s any more; repeat: vfio-lu finish --session %s",
		       vlu_error(ctx), session->name, names, session->name);
	failure = ctx->failure;
	/* for status */
	failure_warn(ctx, session_ask(session, NOTE, DONE, "state=bound"));
	session_note(session, BOUND, DONE);
	ctx->failure = failure;
	return ret;
}

static int try_finish(struct session *session)
{
	/* of the moments after the kexec, only this one includes the time of the hardware clock */
	struct moment now = moment_now_rtc(session->ctx);
	int ret;

	moments_add(&session->moments, FINISH_CALLED, NULL, &now);
	ret = held_get(session->ctx, &session->fd, "session/%s", session->name);
	return ret ? ret : call_finish(session);
}

static int run_finish(struct step *step)
{
	struct session *session = step->plan->data;
	int ret = try_finish(session);

	if (ret != -EBUSY)
		return ret;
	/* Bind the devices that no VMM took, so that the session can end. */
	ret = take_files(session);
	return ret ? ret : bind_members(session);
}

static int run_finish_taken(struct step *step)
{
	struct session *session = step->plan->data;
	struct vlu_ctx *ctx = session->ctx;
	const struct proc_file *user;
	char names[400] = "", longer[16];
	size_t i;
	int ret;

	ret = try_finish(session);
	/* find out which device is not bound */
	if (ret != -EBUSY || session_ask(session, FETCH, ALL, NULL))
		return ret;
	for (i = 0; i < session->n_devices; i++) {
		if (vfio_is_bound(ctx, session->members[i].fd))
			continue;
		user = ledger_user(session->ledger, &session->members[i].bdf, 0);
		text_add(names, sizeof(names), "%s%s", *names ? ", " : "", session->members[i].name);
		if (user)
			text_add(names, sizeof(names), ", which process %d (%s) has", (int)user->pid, user->comm);
	}
	if (!*names)
		return ret;
	vlu_fail(ctx, FAIL_NOT_BOUND, ret, "session %s is not finished: no VMM has bound %s to an iommufd yet; "
		 "to stop waiting, end that VMM, then vfio-lu finish --session %s, after which no VMM can use "
		 "the file; or wait longer", session->name, names, session->name);
	snprintf(longer, sizeof(longer), "%u", ctx->timeout ? 2 * ctx->timeout : 10);
	return failure_run(ctx, "fix", "vfio-lu", "finish", "--wait", "--timeout", longer, "--session",
			   session->name);
}

/* Makes a record of the moments. Never fails. */
static int run_record(struct step *step)
{
	struct session *session = step->plan->data;
	const struct manifest *manifest = ledger_manifest(session->ledger, session->name);
	struct moments moments = { 0 };

	moments_read(session->ctx, RUN_DIR, session->name, &moments);
	if (manifest)
		moments_add(&moments, PRESERVED, NULL, &manifest->preserved);
	moments_merge(&moments, &session->moments);
	update_end(session->ctx, session->now, manifest ? manifest->kernel :
		   session->ledger->state.previous_release, &moments);
	moments_free(&moments);
	return 0;
}

#define LET_GO_TEXT "let the holder close the files of session %v, and remove its manifest"

static int run_let_go(struct step *step)
{
	struct session *session = step->plan->data;
	char names[400];
	int ret;

	sys_close(&session->ctx->sys, session->fd);
	session->fd = -1;
	ret = session_end(session, "finished");
	return ret ? vlu_fail(session->ctx, VLU_PARTIAL, ret, "session %s is finished, but the holder "
			      "may still have the files of%s open: %.400s; close them: vfio-lu "
			      "finish --session %s", session->name,
			      device_names(session, ALL, names), vlu_error(session->ctx),
			      session->name) : 0;
}

static bool is_discarded(const struct vlu_finish *how, const char *name)
{
	size_t i;

	for (i = 0; i < how->n_discard; i++)
		if (strcmp(how->discard[i], name) == 0 || strcmp(how->discard[i], "all") == 0)
			return true;
	return false;
}

/* Refuses to free memory that nobody has taken, unless --discard names it. */
static int check_memory(struct vlu_plan *plan, struct session *session,
			const struct vlu_finish *how)
{
	const struct vlu_member *file = session->now->files;
	char names[400] = "", discard[800] = "";
	size_t i;

	for (i = 0; i < session->now->n_files; i++, file++) {
		/* a borrower that still runs has it; one that has ended does not */
		if (file->lent_pid >= 0)
			continue;
		if (is_discarded(how, file->name)) {
			member_step(plan, NULL, NULL, "%p: give up its memory, which no process has",
				    session_find(session, file->name), NULL);
			plan_say(plan, "discard", "%s  discarded: no process had it", file->name);
			continue;
		}
		text_add(names, sizeof(names), " %s", file->name);
		text_add(discard, sizeof(discard), " --discard %s", file->name);
	}
	return !*names ? 0 : vlu_fail(plan->ctx, FAIL_WOULD_LOSE, -EBUSY, "session %s: no process "
				      "has%s, and finish would free the memory; give it to a VMM: "
				      "vfio-lu run --session %s, or free it: vfio-lu finish%s "
				      "--session %s", session->name, names, session->name, discard,
				      session->name);
}

static int check_discarded(struct session *session, const struct vlu_finish *how)
{
	const struct member *member;
	size_t i;

	for (i = 0; !how->of_all && i < how->n_discard; i++) {
		member = session_find(session, how->discard[i]);
		if ((!member || !member->is_file) && strcmp(how->discard[i], "all") != 0)
			return vlu_fail(session->ctx, VLU_USAGE, -ENOENT, "--discard: session %s has "
					"no file %.80s", session->name, how->discard[i]);
	}
	return 0;
}

/* Checks every member before the first step that cannot be undone. */
static int check_whole(const struct session *session)
{
	const struct vlu_session *now = session->now;
	const struct vlu_member *member;
	char names[400] = "";
	bool gone = false;
	size_t i;

	for (i = 0; (member = member_at(now, i)); i++) {
		if (!is_not_back(member))
			continue;
		gone |= !member->present;
		text_add(names, sizeof(names), "%s %s%s%s", *names ? "," : "", member->name,
			 member->detail ? ": " : "", member->detail ? member->detail : "");
	}
	if (!*names)
		return 0;
	/* session_first() may name release, too */
	gone = gone && strcmp(now->next[1], "release") != 0;
	vlu_fail(session->ctx, FAIL_NOT_RETRIEVED, -EBUSY, "session %s cannot be finished: these are "
		 "not retrieved:%s; nothing was bound%s%s", session->name, names, gone ? "; without a "
		 "device that does not exist any more, only this ends the session: vfio-lu release "
		 "--abandon --session " : "", gone ? session->name : "");
	return session_first(session->ctx, now);
}

static int check_finishable(const struct session *session)
{
	const struct vlu_session *now = session->now;
	bool lost = now->standing == VLU_STANDING_LOST;

	if (now->standing == VLU_STANDING_RESTORED || now->standing == VLU_STANDING_PARTLY_RESTORED)
		return check_whole(session);
	vlu_fail(session->ctx, lost ? FAIL_LOST : FAIL_WRONG_ORDER, lost ? -ENOENT : -EBUSY, lost ?
		 "session %s cannot be finished: %s" : "session %s is not restored yet%s",
		 session->name, lost && now->detail ? now->detail : "");
	return session_first(session->ctx, now);
}

static int add_finish(struct vlu_plan *plan, struct session *session, const struct vlu_finish *how)
{
	const struct vlu_session *now = session->now;
	size_t i;
	int ret;

	if (!now && session_is_settled(plan->ctx, session->name, "abandoned"))
		return vlu_fail(plan->ctx, FAIL_NO_SESSION, -ENOENT, "session %s was given up in "
				"this boot; there is nothing to finish", session->name);
	if (!now && session_is_settled(plan->ctx, session->name, "finished"))
		return plan_say_already(plan, "finish", "session %s  already finished", session->name);
	if (!now)
		return session_absent(plan, "finish");
	if (now->direction == VLU_OUTGOING)
		return vlu_fail(plan->ctx, FAIL_WRONG_ORDER, -EINVAL, "session %s was made by this "
				"kernel; finish it in the next kernel, after vfio-lu kexec, or "
				"give it up: vfio-lu release --session %s", session->name,
				session->name);
	if (now->standing == VLU_STANDING_FINISHED) {
		session_step(plan, run_let_go, NULL, session->held ? LET_GO_TEXT :
			     "remove the manifest of session %v");
		return plan_say_already(plan, "finish", "session %s  already finished: %s", session->name,
				now->detail ? now->detail : "its manifest is removed");
	}
	ret = check_finishable(session);
	if (!ret)
		ret = check_discarded(session, how);
	if (!ret)
		ret = check_memory(plan, session, how);
	if (ret)
		return ret;
	if (how->wait)
		session_step(plan, run_finish_taken, NULL, "finish LUO session %v, when VMMs have "
			     "bound all its devices to an iommufd");
	else
		session_step(plan, run_finish, NULL, "bind the devices that no VMM has bound to an "
			     "iommufd, then finish LUO session %v");
	session_step(plan, run_record, NULL, "write the record of session %v for timeline, in " UPDATES);
	session_step(plan, run_let_go, NULL, LET_GO_TEXT);
	for (i = 0; i < session->n_devices; i++)
		plan_say(plan, "finish", "%s  finished: an ordinary device again, with vfio-pci",
			 session->members[i].name);
	return plan_say(plan, "finish", "session %s  finished", session->name);
}

int vlu_plan_finish(struct vlu_ctx *ctx, const char *name, const struct vlu_finish *how,
		    struct vlu_plan **ret_plan)
{
	static const struct vlu_finish plain = { .wait = false };
	struct session *session;
	struct vlu_plan *plan;
	int ret;

	ret = session_plan(ctx, name, 0, PLAN_STOP, &plan, &session);
	return ret ? ret : plan_give(plan, add_finish(plan, session, how ? how : &plain), ret_plan);
}

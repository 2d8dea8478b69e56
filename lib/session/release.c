/* SPDX-License-Identifier: GPL-2.0-only */
/* release: takes device files out of a session, or gives up a session of the previous kernel. */
#include "base/bdf.h"
#include "session/session.h"

static int run_end(struct step *step)
{
	struct session *session = step->plan->data;
	int ret;

	ret = outgoing_drop(session);
	if (ret)
		return ret;
	manifest_remove(session->ctx, session->name);
	return held_drop(session->ctx, "iommufd/%s", session->name);
}

static void end_step(struct vlu_plan *plan)
{
	session_step(plan, run_end, NULL, "close LUO session %v, which releases all of it, and "
		     "remove its manifest");
}

/* Ends the session, and notes that it is settled: the command line of this kernel still names it. */
static int run_forget(struct step *step)
{
	struct session *session = step->plan->data;

	return session_end(session, session->now->standing == VLU_STANDING_FINISHED ? "finished" :
				    "abandoned");
}

static void forget_step(struct vlu_plan *plan)
{
	session_step(plan, run_forget, NULL, "give up the rest of session %v, and remove its "
		     "manifest");
}

/* Marks the devices that leave. Returns how many stay. Sets *broken if a named member is not held. */
static size_t choose_leaving(struct vlu_plan *plan, struct session *session,
			     const struct vlu_bdf *bdfs, size_t n, bool *broken)
{
	char name[VLU_BDF_SIZE];
	struct member *member;
	size_t i, staying = 0;
	bool promised;

	for (i = 0; i < n; i++) {
		member = session_device(session, bdfs[i]);
		if (member) {
			member->leaving = true;
			continue;
		}
		promised = session->now && member_of(session->now, bdfs[i]);
		*broken |= promised;
		plan_say_so(plan, "release", !promised, promised ?
			    "%s  given up: no process held it" : "%s  already outside session %s",
			    vlu_bdf_format(bdfs[i], name), session->name);
	}
	for (i = 0; i < session->n_devices; i++) {
		session->members[i].leaving |= n == 0;
		staying += !session->members[i].leaving;
	}
	return staying;
}

static void add_release(struct vlu_plan *plan, struct session *session,
			const struct vlu_bdf *bdfs, size_t n)
{
	const struct member *member, *files = session->members + session->n_devices;
	bool broken = false;
	size_t staying = choose_leaving(plan, session, bdfs, n, &broken);
	/* only the release of the whole session frees the memory of a guest */
	bool stays = staying || (n && session->n > session->n_devices);

	if (n && staying == session->n_devices && !broken)
		return;		/* none of the named devices is in the session */
	if (stays)
		outgoing_add(plan, session);
	else
		end_step(plan);
	if (!session->n_devices)
		plan_say(plan, "release", "session %s  no longer preserved", session->name);
	/* the kernel cannot release a single file, so the others were released for a moment, too */
	for (member = session->members; member < files; member++)
		plan_say(plan, member->leaving ? "release" : "preserve", member->leaving ? "%s  no longer preserved; its file is closed" :
			 "%s  stays in session %s, which was created again: for a moment it was "
			 "not preserved; its file stayed open", member->name, session->name);
	for (member = session->members; member < files; member++)
		if (member->leaving)
			member_step(plan, NULL, NULL, "%d: end its preservation", member, NULL);
	if (session->n_devices > staying)
		session_step(plan, session_leave, NULL, "close the files of these devices, all at the same "
			     "time");
	for (member = files; member < session->members + session->n; member++) {
		if (!stays)
			member_step(plan, session_drop, NULL, "%p: close it, which frees its memory "
				    "unless a process has it", member, NULL);
		plan_say(plan, stays ? "preserve" : "release", stays ?
			 "%s  stays in session %s, which was created again" :
			 "%s  no longer preserved; its memory is freed unless a process has it",
			 member->name, session->name);
	}
}

/*
 * Fails if the command names devices and omits one that was promised and is not held. Without
 * names, the command releases the whole session.
 */
static int check_broken(struct session *session, const struct vlu_bdf *bdfs, size_t n)
{
	const struct vlu_session *now = session->now;
	size_t i;

	for (i = 0; n && i < now->n_devices; i++)
		if (!is_held(&now->devices[i]) && !bdf_find(bdfs, n, now->devices[i].bdf))
			return vlu_fail(session->ctx, FAIL_INCOMPLETE, -ENOENT, "%s: it was "
					"preserved in session %s, and no process holds it any "
					"more; name it as well, or release the whole session: "
					"vfio-lu release --session %s", now->devices[i].name, now->name,
					now->name);
	return 0;
}

/* For a session of which nothing is left: removes its manifest, and says how it was lost. */
static int add_end(struct vlu_plan *plan, const struct vlu_session *now)
{
	bool ours = now->direction == VLU_OUTGOING;

	if (ours)
		end_step(plan);
	else
		forget_step(plan);
	return plan_say(plan, "release", "session %s  %s%s", now->name,
			ours ? "was lost with its holder" :
			now->detail ? now->detail : vlu_standing_word(now->standing),
			strcmp(now->manifest, "missing") ? "; its manifest is removed" : "");
}

/*
 * --abandon: gives up an unfinished session. After that it cannot be restored. Its devices cannot
 * be opened before the next kexec or reboot, unless VMMs have bound all of them.
 */
static int add_abandon(struct vlu_plan *plan, struct session *session)
{
	static const struct step_kind give_up = { .text = "%p: give it up: %v" };
	const struct vlu_session *now = session->now;
	const struct vlu_member *member;
	const char *loss;
	size_t i;

	for (i = 0; (member = member_at(now, i)); i++) {
		loss = i >= now->n_devices ? "its memory is freed unless a process has it" :
		       !has_member(now, is_not_back) && (member->was_lent || member->state == VLU_MEMBER_BOUND) ?
		       "unless VMMs have bound all devices, it cannot be opened before the next kexec or reboot" :
		       "it cannot be opened before the next kexec or reboot";
		plan_add(plan, &give_up, member->bdf, member->name, loss, NULL);
		plan_say(plan, "release", "%s  given up: %s", member->name, loss);
	}
	forget_step(plan);
	return plan_say(plan, "release", "session %s  given up", session->name);
}

/*
 * Refuses an address that has no device, since it is probably mistyped. Accepts the devices of this
 * session, since they may have been removed.
 */
static int check_exists(struct session *session, const struct vlu_bdf *bdfs, size_t n)
{
	struct vlu_device *dev;
	int ret = 0;
	size_t i;

	for (i = 0; i < n && !ret; i++)
		if (!session_device(session, bdfs[i]) &&
		    !(session->now && member_of(session->now, bdfs[i])))
			ret = vlu_device_find(session->ctx, bdfs[i], &dev);
	return ret;
}

/* Is a named device in the session? Also true if none is named, or if no device of it is known. */
static bool is_meant(const struct vlu_session *now, const struct vlu_bdf *bdfs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (member_of(now, bdfs[i]))
			return true;
	return !n || !now->n_devices;
}

static int add_any(struct vlu_plan *plan, struct session *session,
		   const struct vlu_bdf *bdfs, size_t n, unsigned int flags)
{
	const struct vlu_session *now = session->now;
	char so[160];
	int ret;

	ret = check_exists(session, bdfs, n);
	if (ret || !now)
		return ret ? ret : session_absent(plan, "release");
	ret = session_changeable(session);
	if (ret && now->direction == VLU_OUTGOING)
		return ret;
	if (ret && flags & VLU_ABANDON)
		return add_abandon(plan, session);
	snprintf(so, sizeof(so), "; vfio-lu release --abandon --session %s would give up the rest "
		 "of it", now->name);
	if (ret)
		return session_unfinished(plan->ctx, now, so);
	/* ends the whole session, unless devices are named and none was in it */
	if (now->direction == VLU_INCOMING && is_meant(now, bdfs, n))
		return add_end(plan, now);
	ret = check_broken(session, bdfs, n);
	if (ret)
		return ret;
	/* nothing is left to release one by one */
	if (!session->held && !session->n)
		return add_end(plan, now);
	add_release(plan, session, bdfs, n);
	return 0;
}

int vlu_plan_release(struct vlu_ctx *ctx, const char *name, const struct vlu_bdf *bdfs, size_t n,
		     unsigned int flags, struct vlu_plan **ret_plan)
{
	struct session *session;
	struct vlu_plan *plan;
	int ret;

	if (flags & VLU_ABANDON && n)
		return vlu_fail(ctx, VLU_USAGE, -EINVAL, "--abandon gives up the whole session, and "
				"takes no device");
	ret = session_plan(ctx, name, 0, PLAN_ALL, &plan, &session);
	return ret ? ret : plan_give(plan, add_any(plan, session, bdfs, n, flags), ret_plan);
}

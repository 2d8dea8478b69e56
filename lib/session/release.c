/* SPDX-License-Identifier: GPL-2.0-only */
/* release: takes device files out of a session, before the kexec. */
#include "base/bdf.h"
#include "outgoing.h"

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

/* Notes that the session is settled, since the command line of this kernel still names it. */
static int run_forget(struct step *step)
{
	return session_end(step->plan->data, "abandoned");
}

static void forget_step(struct vlu_plan *plan)
{
	session_step(plan, run_forget, NULL, "give up the rest of session %v, and remove its "
		     "manifest");
}

/* Marks the members that leave. Returns how many stay. Sets *broken if a promise is not kept. */
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
			    "%s  given up: no process held it" : "%s  already not in session %s",
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

	/* other files leave with the last device */
	if (staying && staying == session->n_devices && !broken)
		return;		/* none of them is in the session */
	if (staying)
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
	if (session->n_devices > staying)
		session_step(plan, session_leave, NULL,
			     "close the files of the devices that leave, all at the same time");
	for (member = files; member < session->members + session->n; member++) {
		if (!staying)
			member_step(plan, session_drop, NULL, "%p: close it", member, NULL, NULL);
		plan_say(plan, staying ? "preserve" : "release", staying ?
			 "%s  stays in session %s, which was created again" :
			 "%s  no longer preserved; it is closed", member->name, session->name);
	}
}

/* A promised device that is not held leaves only together with all others. */
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

/* "lost: its devices ..." */
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

/* --abandon: the session cannot be restored, and its devices are unusable until a reboot. */
static int add_abandon(struct vlu_plan *plan, struct session *session)
{
	static const struct step_kind device = {
		.text = "%p: give it up: it cannot be opened before the next kexec or reboot",
	};
	static const struct step_kind file = { .text = "%p: give it up: its content is lost" };
	const struct vlu_session *now = session->now;
	const struct vlu_member *member;
	size_t i;

	for (i = 0; (member = member_at(now, i)); i++) {
		plan_add(plan, i < now->n_devices ? &device : &file, member->bdf, member->name, NULL,
			 NULL);
		plan_say(plan, "release", i < now->n_devices ? "%s  given up: it cannot be opened "
			 "before the next kexec or reboot" :
			 "%s  given up: its content is lost", member->name);
	}
	forget_step(plan);
	return plan_say(plan, "release", "session %s  given up", session->name);
}

/*
 * Refuses an address without a device, which is mistyped. A device of the session may be gone.
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

/* Is one of the named devices in the session? No name means all; perhaps no device is known. */
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

	if (!now && strcmp(session->name, VLU_SESSION) != 0)
		return ledger_no_session(session->ledger, session->name);
	ret = check_exists(session, bdfs, n);
	if (ret)
		return ret;
	if (!now)
		return plan_say_already(plan, "release", "session %s  does not exist: nothing to "
					"release", session->name);
	ret = session_changeable(session);
	if (ret && now->direction == VLU_OUTGOING)
		return ret;
	if (ret && flags & VLU_ABANDON)
		return add_abandon(plan, session);
	snprintf(so, sizeof(so), "; vfio-lu release --abandon --session %s would give up the rest "
		 "of it", now->name);
	if (ret)
		return session_unfinished(plan->ctx, now, so);
	/* a lost session is given up as a whole, but not by the name of a device that it never had */
	if ((now->direction == VLU_INCOMING || (!session->held && !session->n)) &&
	    is_meant(now, bdfs, n))
		return add_end(plan, now);
	ret = check_broken(session, bdfs, n);
	if (!ret)
		add_release(plan, session, bdfs, n);
	return ret;
}

int vlu_plan_release(struct vlu_ctx *ctx, const char *name, const struct vlu_bdf *bdfs, size_t n,
		     unsigned int flags, struct vlu_plan **ret_plan)
{
	struct session *session;
	struct vlu_plan *plan;
	int ret;

	ret = session_plan(ctx, name, 0, PLAN_ALL, &plan, &session);
	if (ret)
		return ret;
	ret = add_any(plan, session, bdfs, n, flags);
	return plan_give(plan, ret, ret_plan);
}

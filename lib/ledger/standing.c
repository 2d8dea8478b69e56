/* SPDX-License-Identifier: GPL-2.0-only */
/* Decides the standing of a session from the facts of the sources. */
#include "ledger/ledger.h"
#include "machine/kernel-log.h"

const char *vlu_standing_word(enum vlu_standing standing)
{
	static const char *const words[] = {
		[VLU_STANDING_UNKNOWN] = "unknown", [VLU_STANDING_HELD] = "held",
		[VLU_STANDING_INCOMPLETE] = "incomplete", [VLU_STANDING_WAITING] = "waiting",
		[VLU_STANDING_RESTORED] = "restored",
		[VLU_STANDING_PARTLY_RESTORED] = "partly-restored",
		[VLU_STANDING_FINISHED] = "finished", [VLU_STANDING_LOST] = "lost",
	};

	return words[standing];
}

const char *vlu_member_word(enum vlu_member_state state)
{
	static const char *const words[] = {
		[VLU_MEMBER_MISSING] = "missing", [VLU_MEMBER_PRESERVED] = "preserved",
		[VLU_MEMBER_RETRIEVED] = "retrieved", [VLU_MEMBER_BOUND] = "bound",
		[VLU_MEMBER_FAILED] = "failed", [VLU_MEMBER_MISMATCH] = "mismatch",
		[VLU_MEMBER_UNKNOWN] = "unknown",
	};

	return words[state];
}

bool is_unfinished(const struct vlu_session *session)
{
	return session->direction == VLU_INCOMING &&
	       (session->standing == VLU_STANDING_WAITING ||
		session->standing == VLU_STANDING_RESTORED ||
		session->standing == VLU_STANDING_PARTLY_RESTORED ||
		session->standing == VLU_STANDING_UNKNOWN ||
		/* the holder still has its files */
		(session->standing == VLU_STANDING_FINISHED &&
		 session->sources & VLU_FROM_HOLDER));
}

bool is_broken(const struct vlu_session *session)
{
	return session->direction == VLU_OUTGOING && session->standing != VLU_STANDING_HELD;
}

static void each_member(struct vlu_session *session, void (*fn)(struct vlu_member *member))
{
	struct vlu_member *member;
	size_t i;

	for (i = 0; (member = member_at(session, i)); i++)
		fn(member);
}

static void stand(struct vlu_session *session, enum vlu_standing standing, const char *why)
{
	session->standing = standing;
	/* no other detail may hide how the session was lost */
	session->detail = session->detail && !(why && standing == VLU_STANDING_LOST) ?
			  session->detail : why;
}

/* -------------------------------------------------------------- outgoing */

static bool is_broken_promise(const struct vlu_member *member)
{
	return is_promised(member) && !(is_held(member) && member->state == VLU_MEMBER_PRESERVED);
}

static bool is_never_promised(const struct vlu_member *member)
{
	return is_held(member) && !is_promised(member);
}

/* The session is closed, so the state that the holder noted is no longer true. */
static void in_no_session(struct vlu_member *member)
{
	if (member->state == VLU_MEMBER_PRESERVED)
		member->state = VLU_MEMBER_MISSING;
}

static void tell_outgoing(struct vlu_member *member)
{
	if (member->detail)
		return;
	if (is_broken_promise(member))
		member->detail = is_held(member) ?
				 "it was preserved; its file is open, but in no session now" :
				 "it was preserved, but no process holds it any more";
	else if (is_never_promised(member))
		member->detail = member->state == VLU_MEMBER_PRESERVED ?
				 "no manifest lists it, after an interrupted preserve or because the "
				 "manifest was removed" : "an interrupted preserve left it open";
}

static void stand_outgoing(struct entry *entry)
{
	struct vlu_session *session = &entry->seen;

	if (!has_held(session) && entry->held == VLU_DIRECTION_UNKNOWN) {
		if (entry->opened)
			stand(session, VLU_STANDING_UNKNOWN, NULL);
		else
			stand(session, VLU_STANDING_LOST, "its holder ended, and nothing of it is "
			      "preserved any more; preserve the devices again");
		return;
	}
	if (entry->held != VLU_OUTGOING)
		each_member(session, in_no_session);
	each_member(session, tell_outgoing);
	if (entry->promised && entry->held == VLU_OUTGOING &&
	    !has_member(session, is_broken_promise) && !has_member(session, is_never_promised))
		stand(session, VLU_STANDING_HELD, NULL);
	else
		stand(session, VLU_STANDING_INCOMPLETE, "a command was interrupted, or a part of "
		      "the session was lost; vfio-lu preserve completes it, and vfio-lu release gives it "
		      "up");
}

/* -------------------------------------------------------------- incoming */

static bool is_not_retrieved(const struct vlu_member *member)
{
	return !is_held(member) || (member->state != VLU_MEMBER_RETRIEVED &&
				    member->state != VLU_MEMBER_BOUND);
}

static void tell_restored(struct vlu_member *member)
{
	if (!is_held(member) && !member->detail)
		member->detail = member->present ? "it could not be retrieved" :
				 "the previous kernel preserved it, but it does not exist now";
}

static void tell_waiting(struct vlu_member *member)
{
	if (!is_held(member) && member->present)
		member->state = VLU_MEMBER_PRESERVED;
	else
		tell_restored(member);
}

static void not_known(struct vlu_member *member)
{
	member->state = VLU_MEMBER_UNKNOWN;
}

static bool is_finished(const struct ledger *ledger, const struct vlu_session *session)
{
	size_t i;

	for (i = 0; i < session->n_devices; i++)
		if (!klog_is_finished(ledger->ctx, session->devices[i].bdf))
			return false;
	return i > 0;
}

/* Decides on a session that the holder does not have. Without evidence, it is not lost. */
static void stand_unheld(const struct ledger *ledger, struct entry *entry)
{
	struct vlu_session *session = &entry->seen;
	struct vlu_ctx *ctx = ledger->ctx;

	if (ledger->state.kho_boot == VLU_NO)
		stand(session, VLU_STANDING_LOST, "nothing was handed over to this kernel");
	else if (ledger->off)
		stand(session, VLU_STANDING_LOST, "this kernel was started without liveupdate=on, "
		      "and does no live updates");
	else if (entry->opened)
		stand(session, VLU_STANDING_WAITING, NULL);
	else if (is_finished(ledger, session) || strcmp(entry->settled, "finished") == 0)
		stand(session, VLU_STANDING_FINISHED, session->n_files ?
		      "its holder ended after all its devices were bound, and so the kernel finished "
		      "it, and freed the memory that no process had taken" :
		      "its holder ended after all its devices were bound, and so the kernel finished it");
	else if (klog_is_leaked(ctx, session->name) || strcmp(entry->settled, "closed") == 0)
		stand(session, VLU_STANDING_LOST, "it was retrieved, and its holder ended before "
		      "it was finished: its devices cannot be used before the next kexec or "
		      "reboot");
	else if (klog_has_early_open(ctx))
		stand(session, VLU_STANDING_LOST, "a process opened /dev/liveupdate before "
		      "vfio-pci was registered, and the kernel does not try again before the next "
		      "kexec or reboot");
	else if (session->n_devices && klog_has_no_list(ctx))
		stand(session, VLU_STANDING_LOST, "the previous kernel handed over none of its devices");
	else if (strcmp(entry->settled, "absent") == 0)
		stand(session, VLU_STANDING_LOST, "the kernel knows no session of this name");
	else if (entry->restored || entry->settled[0])
		stand(session, VLU_STANDING_UNKNOWN, "it was restored in this boot, but no process "
		      "holds it now; vfio-lu restore asks the kernel about it");
	else if (entry->stale && !entry->named && !entry->logged)
		stand(session, VLU_STANDING_LOST, "its manifest was made for another live update than the one "
		      "that led to this kernel");
	else if (!entry->named && !entry->logged && (ledger->state.named || !entry->listed))
		stand(session, VLU_STANDING_UNKNOWN, "this kernel's command line does not name it "
		      "among the sessions that were handed over: vfio-lu restore asks the kernel");
	else
		stand(session, VLU_STANDING_WAITING, NULL);
	if (session->standing == VLU_STANDING_WAITING)
		each_member(session, tell_waiting);
}

static void stand_incoming(const struct ledger *ledger, struct entry *entry)
{
	struct vlu_session *session = &entry->seen;

	if (entry->held != VLU_INCOMING) {
		stand_unheld(ledger, entry);
	} else if (strcmp(entry->settled, "finished") == 0) {
		stand(session, VLU_STANDING_FINISHED, "its holder still has files of it open; "
		      "close them: vfio-lu finish");
	} else if (!session->n_devices && !session->n_files && !*entry->manifest.session) {
		stand(session, VLU_STANDING_PARTLY_RESTORED, "its devices are unknown: bind them "
		      "(vfio-lu bind), then vfio-lu restore; or give it up: vfio-lu release "
		      "--abandon");
	} else {
		each_member(session, tell_restored);
		stand(session, has_member(session, is_not_retrieved) ? VLU_STANDING_PARTLY_RESTORED :
		      VLU_STANDING_RESTORED, NULL);
	}
}

/* Has the session left nothing behind that a command would have to end? */
static bool is_over(const struct ledger *ledger, const struct entry *entry)
{
	if (entry->promised || entry->restored || entry->opened ||
	    entry->seen.sources & VLU_FROM_HOLDER)
		return false;
	/* its manifest may still be on a disk that is read-only */
	if (strcmp(entry->settled, "finished") == 0 || strcmp(entry->settled, "abandoned") == 0)
		return true;
	return ledger->state.kho_boot == VLU_NO && !entry->logged && !entry->listed &&
	       !entry->stale && strcmp(entry->seen.manifest, "invalid") != 0;
}

static enum vlu_direction direction_of(const struct entry *entry)
{
	if (entry->held == VLU_OUTGOING || (entry->promised && entry->held != VLU_INCOMING))
		return VLU_OUTGOING;
	if (entry->held == VLU_INCOMING || entry->restored || entry->listed || entry->stale ||
	    entry->named || entry->logged)
		return VLU_INCOMING;
	if (entry->seen.sources & VLU_FROM_HOLDER)
		return VLU_OUTGOING;
	/* else it is a session of another program, or a file that only looks like a manifest */
	return entry->opened ? VLU_DIRECTION_UNKNOWN : VLU_INCOMING;
}

bool ledger_decide(struct ledger *ledger, struct entry *entry)
{
	struct vlu_session *session = &entry->seen;

	if (is_over(ledger, entry))
		return false;
	session->direction = direction_of(entry);
	if (session->direction == VLU_DIRECTION_UNKNOWN) {
		stand(session, entry->opened ? VLU_STANDING_HELD : VLU_STANDING_UNKNOWN, NULL);
	} else if (!is_asked(ledger)) {
		each_member(session, not_known);
		stand(session, VLU_STANDING_UNKNOWN, ledger->state.holder_detail);
	} else if (session->direction == VLU_OUTGOING) {
		stand_outgoing(entry);
	} else {
		stand_incoming(ledger, entry);
	}
	return true;
}

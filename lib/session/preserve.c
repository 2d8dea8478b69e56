/* SPDX-License-Identifier: GPL-2.0-only */
/* preserve: puts device files into a session, before the kexec. */
#include "base/bdf.h"
#include "base/cache.h"
#include "base/text.h"
#include "machine/device.h"
#include "session/session.h"
#include "vmm.h"

/* A held device may have its interrupts enabled, since kexec disables them. */
static int check_device(struct vlu_ctx *ctx, struct vlu_bdf bdf, bool held,
			struct vlu_device **ret_dev)
{
	struct vlu_report *report;
	int ret;

	ret = device_refresh(ctx, bdf, FOR_REPORT, ret_dev);
	if (!ret)
		ret = vlu_check_device(*ret_dev, &report);
	if (ret)
		return ret;
	ret = session_check(ctx, report, held ? "interrupts-off" : NULL, FAIL_DEVICE,
				    (*ret_dev)->name);
	vlu_report_free(report);
	return ret;
}

/* A device may be in one session only. */
static int check_elsewhere(const struct session *session, struct vlu_bdf bdf)
{
	const struct vlu_state *state = &session->ledger->state;
	bool is_incoming = ledger_device(session->ledger, bdf) == VLU_INCOMING;
	const struct vlu_session *other;
	const struct vlu_member *member;
	size_t i;

	for (i = 0; i < state->n_sessions; i++) {
		other = &state->sessions[i];
		member = member_of(other, bdf);
		if (member && other->standing == VLU_STANDING_LOST && is_incoming)
			return vlu_fail(session->ctx, VLU_NOT_PRESERVABLE, -EBUSY, "%s: in session %s, "
					"which is lost: %s", member->name, other->name, other->detail);
		if (strcmp(other->name, session->name) == 0 || !member ||
		    !(is_held(member) || is_unfinished(other)))
			continue;
		vlu_fail(session->ctx, FAIL_IN_SESSION, -EBUSY, "%s: already in session %s (%s)",
			 member->name, other->name, vlu_standing_word(other->standing));
		return other->direction != VLU_OUTGOING ? session_first(session->ctx, other) :
		       failure_run(session->ctx, "first", "vfio-lu", "release", "--session", other->name,
				   member->name);
	}
	return is_incoming ? ledger_stranded(session->ledger, bdf, NULL, "preserved") : 0;
}

/*
 * While an incoming session is unfinished, another one can be preserved: the kernel keeps incoming
 * and outgoing sessions in separate lists.
 */
static void warn_unfinished(const struct session *session)
{
	const struct vlu_state *state = &session->ledger->state;
	size_t i;

	for (i = 0; i < state->n_sessions; i++)
		if (is_unfinished(&state->sessions[i]))
			failure_warn(session->ctx,
				     session_unfinished(session->ctx, &state->sessions[i],
							"; vfio-lu kexec refuses until it is"));
}

/* Refuses if a promised member is not held and the command does not name it. */
static int check_promises(struct session *session, const struct vlu_bdf *bdfs, size_t n)
{
	const struct vlu_member *member;
	char lost[512] = "";
	size_t i;

	for (i = 0; (member = member_at(session->now, i)); i++)
		if (is_promised(member) && !is_held(member) && !bdf_find(bdfs, n, member->bdf) &&
		    !session_find(session, member->name))
			text_add(lost, sizeof(lost), " %s", member->name);
	if (!*lost)
		return 0;
	vlu_fail(session->ctx, FAIL_INCOMPLETE, -ENOENT, "session %s: no process holds%s any more; give "
		 "the session up (vfio-lu release --session %s), or preserve all of it again",
		 session->name, lost, session->name);
	return session_first(session->ctx, session->now);
}

/*
 * Marks the devices that an interrupted preserve left open, except promised ones and those that this
 * command names; a later step closes their files. Returns whether there are any. A member that is
 * preserved stays so, even if all manifests are lost. A file that is left is preserved: its VMM may
 * have ended, and then a close would free its memory.
 */
static bool drop_leftovers(struct vlu_plan *plan, struct session *session,
			   const struct vlu_bdf *bdfs, size_t n)
{
	const struct vlu_session *now = session->now;
	const struct vlu_member *seen;
	struct member *member;
	bool any = false;
	size_t i;

	for (i = 0; (seen = member_at(now, i)); i++) {
		member = session_find(session, seen->name);
		if (!member || is_promised(seen) || member->from >= 0 ||
		    (i < now->n_devices && bdf_find(bdfs, n, seen->bdf)))
			continue;
		if (seen->state == VLU_MEMBER_PRESERVED || member->is_file) {
			plan_say(plan, "preserve", seen->state == VLU_MEMBER_PRESERVED ?
				 "%s  stays in session %s; no manifest had listed it" :
				 "%s  preserved in session %s; an interrupted preserve had left it open",
				 member->name, session->name);
			continue;
		}
		any = member->leaving = true;
		plan_say(plan, "release", "%s  left open by an interrupted preserve: its file is closed",
			 member->name);
	}
	return any;
}

static bool is_preserved(const struct vlu_member *seen)
{
	return seen && is_promised(seen) && seen->state == VLU_MEMBER_PRESERVED;
}

static int add_device(struct vlu_plan *plan, struct session *session, struct vlu_bdf bdf)
{
	const struct vlu_member *seen = session->now ? member_of(session->now, bdf) : NULL;
	bool is_new = !session_device(session, bdf), taken = is_new && session->vmm;
	struct vlu_device *dev;
	int ret = is_new ? check_elsewhere(session, bdf) : 0;

	if (!ret)
		ret = check_device(plan->ctx, bdf, !is_new, &dev);
	if (!ret)
		ret = session_add(session, dev->name, false);
	if (ret)
		return ret;
	if (is_preserved(seen))
		return plan_say_already(plan, "preserve", "%s  already preserved in session %s", dev->name,
					session->name);
	plan_say(plan, "preserve", taken ? "%s  preserved in session %s, taken from %s; vfio-lu "
		 "kexec disables its interrupts" : "%s  preserved in session %s", dev->name, session->name,
		 taken ? session->vmm->who : "");
	return 0;
}

/* The other files of a VMM. */
static void say_files(struct vlu_plan *plan, const struct session *session)
{
	const struct member *file = session->members + session->n_devices;
	bool already;

	for (; session->vmm && file < session->members + session->n; file++) {
		already = session->now && is_preserved(member_named(session->now, file->name));
		/* drop_leftovers() has reported a file that this command does not name */
		if (already || file->from >= 0)
			plan_say_so(plan, "preserve", already, already ? "%s  already preserved in "
				    "session %s" : "%s  preserved in session %s", file->name, session->name);
	}
}

/* Is a member new, or does the session differ from what was promised? */
static bool has_changes(const struct session *session, const struct vlu_bdf *bdfs, size_t n)
{
	size_t i;

	if (!session->now || session->now->direction != VLU_OUTGOING ||
	    session->now->standing != VLU_STANDING_HELD)
		return true;
	for (i = 0; i < n; i++)
		if (!member_of(session->now, bdfs[i]))
			return true;
	for (i = 0; i < session->n; i++)
		if (!session->members[i].held)
			return true;
	return false;
}

/* Does the manifest on the disk have all members? An interrupted command may have written none. */
static bool is_on_disk(const struct session *session)
{
	const struct vlu_member *member;
	size_t i;

	for (i = 0; (member = member_at(session->now, i)); i++)
		if (!(member->sources & VLU_FROM_DISK))
			return false;
	return true;
}

static int say_already(struct vlu_plan *plan, struct session *session, const struct vlu_bdf *bdfs,
		       size_t n)
{
	char name[VLU_BDF_SIZE];
	size_t i;

	for (i = 0; i < n; i++)
		plan_say_already(plan, "preserve", "%s  already preserved in session %s", vlu_bdf_format(bdfs[i], name),
			 session->name);
	say_files(plan, session);
	return is_on_disk(session) ? 0 : outgoing_rewrite(plan, session);
}

static int add_changes(struct vlu_plan *plan, struct session *session, const struct vlu_bdf *bdfs,
		       size_t n)
{
	bool leftovers = false;
	size_t i;
	int ret = 0;

	if (session->now && session->now->direction == VLU_OUTGOING) {
		ret = check_promises(session, bdfs, n);
		leftovers = !ret && drop_leftovers(plan, session, bdfs, n);
	}
	holder_step(plan);
	for (i = 0; !ret && i < n; i++)
		ret = add_device(plan, session, bdfs[i]);
	if (!ret)
		ret = outgoing_take(plan, session);
	if (ret)
		return ret;
	say_files(plan, session);
	outgoing_add(plan, session);
	if (leftovers)
		session_step(plan, session_leave, NULL, "close the files of an interrupted preserve");
	return 0;
}

static const char *name_of(const struct vlu_vmm_file *file, char number[FILE_NAME])
{
	snprintf(number, FILE_NAME, "fd%d", file->fd);
	return file->name ? file->name : number;
}

static int add_vmm(struct session *session, struct vmm *vmm,
		   const struct vlu_vmm_file *files, size_t n)
{
	char number[FILE_NAME];
	const char *name;
	size_t i;
	int ret = 0;

	session->vmm = vmm;
	session->ctx->vmm = vmm->pid;
	for (i = 0; !ret && i < n; i++) {
		name = name_of(&files[i], number);
		ret = session_add(session, name, false);
		if (!ret)
			session_find(session, name)->from = files[i].fd;
	}
	return ret;
}

/* Takes ownership of vmm. */
static int plan_preserve(struct vlu_ctx *ctx, const char *name, struct vmm *vmm,
			 const struct vlu_bdf *bdfs, size_t n,
			 const struct vlu_vmm_file *files, size_t n_files,
			 struct vlu_plan **ret_plan)
{
	struct session *session;
	struct vlu_device *dev;
	struct vlu_plan *plan;
	size_t i;
	int ret = 0;

	/* Report a missing device before any fault of the host. */
	for (i = 0; !ret && i < n; i++)
		ret = device_is_present(ctx, bdfs[i]) ? 0 : vlu_device_find(ctx, bdfs[i], &dev);
	if (!ret)
		ret = session_plan(ctx, name, HOST_PRESERVE, PLAN_ALL, &plan, &session);
	if (ret) {
		vmm_free(vmm);
		return ret;
	}
	if (vmm)
		ret = add_vmm(session, vmm, files, n_files);
	if (!ret)
		ret = session_changeable(session);
	if (!ret)
		outgoing_compare(plan, session);
	if (!ret)
		ret = has_changes(session, bdfs, n) ? add_changes(plan, session, bdfs, n) :
		      say_already(plan, session, bdfs, n);
	if (!ret)
		warn_unfinished(session);
	return plan_give(plan, ret, ret_plan);
}

int vlu_plan_preserve(struct vlu_ctx *ctx, const char *name,
		      const struct vlu_bdf *bdfs, size_t n,
		      struct vlu_plan **ret_plan)
{
	return plan_preserve(ctx, name, NULL, bdfs, n, NULL, 0, ret_plan);
}

/* Finds all devices that the VMM has open. */
static int find_open(struct vlu_ctx *ctx, const struct vmm *vmm, struct vlu_bdf **ret_bdfs,
		     size_t *ret_n)
{
	const struct proc_file *file = vmm->files->files, *end = file + vmm->files->n;
	int ret = 0;

	for (; !ret && file < end; file++)
		if (file->kind == PROC_VFIO && !bdf_find(*ret_bdfs, *ret_n, file->bdf))
			ret = bdf_add(ctx, ret_bdfs, ret_n, file->bdf);
	return ret;
}

/* A file has one name, and a name means one file. finish --discard takes "all" as every file. */
static int check_names(struct vlu_ctx *ctx, const struct vlu_vmm_file *files, size_t n)
{
	char number[FILE_NAME], other[FILE_NAME];
	const char *name;
	size_t i, j;

	for (i = 0; i < n; i++) {
		name = name_of(&files[i], number);
		if (!is_file_name(name) || strcmp(name, "all") == 0)
			return vlu_fail(ctx, VLU_USAGE, -EINVAL, "'%.80s' is not a valid file "
					"name: use 1-24 characters of A-Z a-z 0-9 . _ -, and "
					"neither " FILE_IOMMUFD " nor all", name);
		for (j = 0; j < i; j++) {
			if (files[j].fd == files[i].fd)
				return vlu_fail(ctx, VLU_USAGE, -EINVAL, "--fd names file %d twice, as "
						"%s and %s", files[i].fd, name_of(&files[j], other), name);
			if (strcmp(name_of(&files[j], other), name) == 0)
				return vlu_fail(ctx, VLU_USAGE, -EINVAL, "--fd gives the files %d and "
						"%d the same name, %s", files[j].fd, files[i].fd, name);
		}
	}
	return 0;
}

int vlu_plan_preserve_vmm(struct vlu_ctx *ctx, const char *name, pid_t pid,
			  const struct vlu_bdf *bdfs, size_t n,
			  const struct vlu_vmm_file *files, size_t n_files,
			  struct vlu_plan **ret_plan)
{
	_cleanup_free_ struct vlu_bdf *all = NULL;
	const struct proc_file *file;
	struct vmm *vmm;
	size_t i;
	int ret;

	cache_drop(ctx);
	ret = check_names(ctx, files, n_files);
	if (!ret)
		ret = vmm_read(ctx, pid, &vmm);
	if (ret)
		return ret;
	if (!n) {
		ret = find_open(ctx, vmm, &all, &n);
		bdfs = all;
	}
	for (i = 0; !ret && i < n; i++)
		ret = vmm_device(vmm, bdfs[i], &file);
	if (!ret && !n && !n_files)
		ret = vmm_idle(vmm);
	if (!ret)
		return plan_preserve(ctx, name, vmm, bdfs, n, files, n_files, ret_plan);
	vmm_free(vmm);
	return ret;
}

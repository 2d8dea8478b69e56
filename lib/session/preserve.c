/* SPDX-License-Identifier: GPL-2.0-only */
/* preserve: puts device files into a session, before the kexec. */
#include "base/bdf.h"
#include "base/cache.h"
#include "base/text.h"
#include "machine/device.h"
#include "outgoing.h"
#include "vmm.h"

/* A held device may have its interrupts enabled, since kexec disables them. */
static int check_device(struct vlu_ctx *ctx, struct vlu_bdf bdf, bool held,
			struct vlu_device **ret_dev)
{
	struct vlu_report *report;
	int ret;

	ret = device_refresh(ctx, bdf, ret_dev);
	if (!ret)
		ret = vlu_check_device(*ret_dev, &report);
	if (ret)
		return ret;
	ret = session_check(ctx, report, held ? "interrupts-off" : NULL, FAIL_DEVICE,
				    (*ret_dev)->name);
	vlu_report_free(report);
	return ret;
}

/* A token is derived from the BDF, so a device can be in one session only. */
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

/* The kernel keeps incoming and outgoing sessions in separate lists, so this is allowed. */
static void warn_unfinished(const struct session *session)
{
	const struct vlu_state *state = &session->ledger->state;
	size_t i;

	for (i = 0; i < state->n_sessions; i++)
		if (is_unfinished(&state->sessions[i]) &&
		    session_unfinished(session->ctx, &state->sessions[i],
				       "; vfio-lu kexec refuses until it is"))
			vlu_log(session->ctx, VLU_LOG_WARNING, "%s", vlu_error(session->ctx));
}

/* Refuses if a device or file that was promised in this boot is no longer held. */
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

/* Closes the files of an interrupted command, which promised nothing, unless they are asked for. */
static bool drop_leftovers(struct vlu_plan *plan, struct session *session,
			   const struct vlu_bdf *bdfs, size_t n)
{
	const struct vlu_session *now = session->now;
	struct member *member;
	bool any = false;
	size_t i;

	for (i = 0; i < now->n_devices; i++) {
		member = session_device(session, now->devices[i].bdf);
		if (!member || is_promised(&now->devices[i]) || bdf_find(bdfs, n, member->bdf))
			continue;
		any = member->leaving = true;
		plan_say(plan, "release", "%s  left open by an interrupted preserve: its file is closed",
			 member->name);
	}
	return any;
}

static int add_device(struct vlu_plan *plan, struct session *session, struct vlu_bdf bdf,
		      bool *opens)
{
	bool is_new = !session_device(session, bdf), taken = is_new && session->vmm;
	char name[VLU_BDF_SIZE], from[48] = "";
	struct vlu_device *dev = NULL;
	int ret = 0;

	if (taken)
		snprintf(from, sizeof(from), "process %d (%s)", (int)session->vmm->pid,
			 session->vmm->comm);
	vlu_bdf_format(bdf, name);
	if (is_new)
		ret = check_elsewhere(session, bdf);
	if (!ret)
		ret = check_device(plan->ctx, bdf, !is_new, &dev);
	if (!ret)
		ret = session_add(session, name, false);
	if (ret)
		return ret;
	if (is_new)
		take_step(plan, session_device(session, bdf), taken ? NULL : dev->cdev, from);
	*opens = *opens || (is_new && !taken);
	plan_say(plan, "preserve", taken ? "%s  preserved in session %s, taken from %s; vfio-lu "
		 "kexec disables its interrupts" : "%s  preserved in session %s", name, session->name, from);
	return 0;
}

/* Adds the other files of a VMM. */
static void add_files(struct vlu_plan *plan, const struct session *session)
{
	const struct member *file = session->members + session->n_devices;
	char number[16];

	for (; session->vmm && file < session->members + session->n; file++) {
		snprintf(number, sizeof(number), "%d", file->from);
		if (!file->held)
			take_step(plan, file, NULL, number);
		plan_say_so(plan, "preserve", file->held, file->held ? "%s  already preserved in session %s" :
			 "%s  preserved in session %s", file->name, session->name);
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
	add_files(plan, session);
	return is_on_disk(session) ? 0 : outgoing_rewrite(plan, session);
}

static int add_changes(struct vlu_plan *plan, struct session *session, const struct vlu_bdf *bdfs,
		       size_t n)
{
	bool opens = false, leftovers = false;
	size_t i;
	int ret = 0;

	if (session->now && session->now->direction == VLU_OUTGOING) {
		ret = check_promises(session, bdfs, n);
		leftovers = !ret && drop_leftovers(plan, session, bdfs, n);
	}
	holder_step(plan);
	for (i = 0; !ret && i < n; i++)
		ret = add_device(plan, session, bdfs[i], &opens);
	if (ret)
		return ret;
	if (opens)
		bind_step(plan);
	add_files(plan, session);
	hold_step(plan);
	outgoing_add(plan, session);
	if (leftovers)
		session_step(plan, session_leave, NULL, "close the files of an interrupted preserve");
	return 0;
}

/* Takes ownership of vmm. */
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
		snprintf(number, sizeof(number), "fd%d", files[i].fd);
		name = files[i].name ? files[i].name : number;
		if (session_find(session, name))
			continue;
		ret = session_add(session, name, false);
		if (!ret)
			session_find(session, name)->from = files[i].fd;
	}
	return ret;
}

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

/* Chooses the devices that were asked for, or all that the VMM opened through their cdev. */
static int choose(struct vlu_ctx *ctx, const struct vmm *vmm, const struct vlu_bdf *bdfs,
		  size_t n, bool others, struct vlu_bdf **ret_bdfs, size_t *ret_n)
{
	const struct proc_file *file = vmm->files->files;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < (n ? n : vmm->files->n); i++) {
		if (!n && (file[i].kind != PROC_VFIO || bdf_find(*ret_bdfs, *ret_n, file[i].bdf)))
			continue;
		ret = bdf_add(ctx, ret_bdfs, ret_n, n ? bdfs[i] : file[i].bdf);
	}
	for (i = 0; !ret && i < *ret_n; i++)
		ret = vmm_device(ctx, vmm, (*ret_bdfs)[i], &file);
	if (!ret && !*ret_n && !others)
		ret = vmm_idle(ctx, vmm);
	return ret;
}

static int check_names(struct vlu_ctx *ctx, const struct vlu_vmm_file *files, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (files[i].name && !is_file_name(files[i].name))
			return vlu_fail(ctx, VLU_USAGE, -EINVAL, "'%.80s' is not a valid file "
					"name: use 1-24 characters of A-Z a-z 0-9 . _ -, and not "
					FILE_IOMMUFD, files[i].name);
	return 0;
}

int vlu_plan_preserve_vmm(struct vlu_ctx *ctx, const char *name, pid_t pid,
			  const struct vlu_bdf *bdfs, size_t n,
			  const struct vlu_vmm_file *files, size_t n_files,
			  struct vlu_plan **ret_plan)
{
	_cleanup_free_ struct vlu_bdf *chosen = NULL;
	size_t n_chosen = 0;
	struct vmm *vmm;
	int ret;

	cache_drop(ctx);
	ret = check_names(ctx, files, n_files);
	if (!ret)
		ret = vmm_read(ctx, pid, &vmm);
	if (ret)
		return ret;
	ret = choose(ctx, vmm, bdfs, n, n_files, &chosen, &n_chosen);
	if (ret) {
		vmm_free(vmm);
		return ret;
	}
	return plan_preserve(ctx, name, vmm, chosen, n_chosen, files, n_files, ret_plan);
}

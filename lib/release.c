/* SPDX-License-Identifier: GPL-2.0-only */
/* Before the jump: device files out of a session again. */
#include "incoming.h"
#include "outgoing.h"
#include "session-file.h"

static bool member_leaves(const struct member *member)
{
	return member->leaving;
}

static int run_leave(struct vlu_plan *plan, struct step *step)
{
	(void)step;
	return session_end_files(plan->data, member_leaves);
}

static const struct step_kind step_leave = {
	.text = "close the files of those that leave, all at the same time",
	.run = run_leave,
};

static int run_end(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	char key[HOLDER_KEY];
	int ret;

	(void)step;
	ret = outgoing_drop(session);
	if (ret)
		return ret;
	manifest_remove(plan->ctx, session->name);
	held_iommufd_key(key, session->name);
	return held_drop(plan->ctx, key);
}

static const struct step_kind step_end = {
	.text = "close LUO session %v, which un-preserves all of it, and remove its manifest",
	.run = run_end,
};

static int add_release(struct vlu_plan *plan, struct session *session,
		       const struct vlu_bdf *bdfs, size_t n)
{
	char name[VLU_BDF_SIZE];
	struct member *member;
	size_t i, staying = 0;
	int ret = 0;

	for (i = 0; !ret && i < n; i++) {
		member = session_find(session, bdfs[i]);
		if (member)
			member->leaving = true;
		else
			ret = plan_say(plan, "%s  already not in session %s",
				       vlu_bdf_format(bdfs[i], name), session->name);
	}
	for (i = 0; i < session->n; i++) {
		if (n == 0)
			session->members[i].leaving = true;
		staying += !session->members[i].leaving;
	}
	/* files are of no use without a device: they go with the last */
	if (!ret && staying && staying == session->n)
		return 0;	/* none of them is in it */
	if (!ret && !staying)
		ret = plan_add(plan, &step_end, (struct vlu_bdf){ 0 }, NULL,
			       session->name, NULL);
	else if (!ret)
		ret = outgoing_add(plan, session);
	for (i = 0; !ret && i < session->n; i++) {
		member = &session->members[i];
		/* the kernel has no un-preserve for one of several */
		if (!member->leaving)
			ret = plan_say(plan, "%s  stays in session %s, which was made anew: it was "
				       "not preserved for a moment, and its file stayed open",
				       member->name, session->name);
		else
			ret = plan_say(plan, "%s  no longer preserved; its file is closed",
				       member->name);
	}
	if (!ret && session->n > staying)
		ret = plan_add(plan, &step_leave, (struct vlu_bdf){ 0 }, NULL, NULL, NULL);
	for (i = 0; !ret && staying && i < session->n_files; i++)
		ret = plan_say(plan, "%s  stays in session %s, which was made anew",
			       session->files[i].name, session->name);
	if (!ret && !staying)
		ret = session_files_close(plan, session);
	return ret;
}

/* A manifest of this boot without a holder: what release can still clear up. */
static int add_clear(struct vlu_plan *plan, struct session *session)
{
	struct vlu_ctx *ctx = plan->ctx;
	struct manifest manifest;
	enum incoming_fate fate;
	char id[40];
	bool ours;
	int ret;

	ret = manifest_read(ctx, RUN_DIR, session->name, &manifest);
	if (ret == -ENOENT)
		ret = manifest_read(ctx, STATE_DIR, session->name, &manifest);
	if (!ret) {
		ret = boot_id(ctx, id);
		ours = !ret && strcmp(id, manifest.boot_id) == 0;
		fate = incoming_fate(ctx, &manifest);
		manifest_free(&manifest);
		if (!ret && !ours && fate == FATE_WAITING)
			return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EBUSY,
					"session %s was made by the previous kernel; it ends "
					"with vfio-lu restore and vfio-lu finish", session->name);
	} else if (ret == -ENOENT) {
		return plan_say(plan, "session %s  already not there", session->name);
	}
	if (ret)
		return ret;
	ret = plan_add(plan, &step_end, (struct vlu_bdf){ 0 }, NULL, session->name, NULL);
	if (!ret && ours)
		ret = plan_say(plan, "session %s  was lost with its holder; its manifest "
			       "is removed", session->name);
	else if (!ret)
		ret = plan_say(plan, "session %s  %s; its manifest is removed", session->name,
			       incoming_fate_text(fate));
	return ret;
}

int vlu_plan_release(struct vlu_ctx *ctx, const char *name,
		     const struct vlu_bdf *bdfs, size_t n,
		     struct vlu_plan **ret_plan)
{
	struct session *session;
	struct vlu_plan *plan;
	struct held held;
	int ret;

	ret = outgoing_plan(ctx, name, &held, &plan, &session);
	if (ret)
		return ret;
	held_free(&held);
	if (session->held || session->n || session->n_files)
		ret = add_release(plan, session, bdfs, n);
	else
		ret = add_clear(plan, session);
	if (ret) {
		vlu_plan_free(plan);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}

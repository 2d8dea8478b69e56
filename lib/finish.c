/* SPDX-License-Identifier: GPL-2.0-only */
/* After the jump, when every device has found its user: the end of it. */
#include "device.h"
#include "incoming.h"
#include "klog.h"
#include "lend.h"
#include "liveupdate.h"
#include "session-file.h"
#include "vfio.h"

/* Binding it here would take it from the VMM that was given it for that. */
static int check_lent(struct session *session, const struct member *member, const char *value)
{
	struct borrower borrower;

	if (!lent_to(session->ctx, value, &borrower) || vfio_bound(session->ctx, member->fd))
		return 0;
	return vlu_fail(session->ctx, VLU_BUSY, -EBUSY, "%s: process %d (%s) has it and has not "
			"bound it to an iommufd yet; wait for that with vfio-lu finish --wait "
			"--session %s, or end it", member->name, (int)borrower.pid, borrower.comm,
			session->name);
}

/* All files before the first is bound, which cannot be undone. */
static int take_files(struct session *session)
{
	struct vlu_ctx *ctx = session->ctx;
	struct held held;
	size_t i;
	int ret;

	ret = session_held(ctx, &held);
	if (ret)
		return ret;
	for (i = 0; !ret && i < session->n; i++) {
		struct member *member = &session->members[i];

		if (!held_find(&held, "device/%s/%s", session->name, member->name))
			ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EBUSY,
				       "session %s: %s is not retrieved; first: "
				       "vfio-lu restore --session %s", session->name,
				       member->name, session->name);
	}
	if (!ret)
		ret = session_fetch(session, NULL);
	for (i = 0; !ret && i < session->n; i++) {
		struct member *member = &session->members[i];

		ret = check_lent(session, member, held_find(&held, "device/%s/%s",
							    session->name, member->name));
	}
	held_free(&held);
	return ret;
}

/* What is bound stays bound: nobody is to wonder why his VMM cannot have it. */
static int half_bound(struct session *session, const char *names, int err)
{
	struct vlu_ctx *ctx = session->ctx;
	char first[sizeof(ctx->error)];

	memcpy(first, ctx->error, sizeof(first));
	return vlu_fail(ctx, VLU_PARTIAL, err, "%.400s; session %s is not finished, and no VMM can "
			"take%s any more; vfio-lu finish does the rest", first,
			session->name, names);
}

/* All that is held of it is bound: which of the devices that came over is held by nobody? */
static int finish_bound(struct session *session)
{
	struct vlu_ctx *ctx = session->ctx;
	const struct klog *log = klog_get(ctx);
	char names[400] = "", name[VLU_BDF_SIZE], other[64];
	struct vlu_device *dev;
	size_t i, len = 0;
	int ret;

	ret = luo_finish(ctx, session->fd, session->name);
	for (i = 0; ret == -EBUSY && log && i < log->n_incoming; i++) {
		struct vlu_bdf bdf = log->incoming[i];

		if (klog_finished(ctx, bdf) || vlu_device_find(ctx, bdf, &dev) ||
		    dev->kind == VLU_BRIDGE ||
		    held_device_session(ctx, bdf, other, sizeof(other)) != -ENOENT)
			continue;
		len += (size_t)snprintf(names + len, sizeof(names) - len, " %s",
					vlu_bdf_format(bdf, name));
		if (len >= sizeof(names))
			len = sizeof(names) - 1;
	}
	return len ? vlu_fail(ctx, VLU_BUSY, ret, "session %s cannot be finished: a device of it is "
			      "not retrieved; nobody has%s; first: vfio-lu restore --session %s",
			      session->name, names, session->name) : ret;
}

static int bind_members(struct session *session)
{
	struct vlu_ctx *ctx = session->ctx;
	char first[sizeof(ctx->error)], names[400] = "";
	size_t i, len = 0;
	int ret;

	ret = session->iommufd < 0 ? iommufd_open(ctx, &session->iommufd) : 0;
	if (ret)
		return ret;
	ret = session_bind(session, NULL);
	for (i = 0; i < session->n; i++) {
		struct member *member = &session->members[i];

		if (member->err)	/* or a VMM did it */
			continue;
		len += (size_t)snprintf(names + len, sizeof(names) - len, " %s", member->name);
		if (len >= sizeof(names))
			len = sizeof(names) - 1;
		member->done = true;
	}
	if (!ret)
		ret = finish_bound(session);
	if (!ret)
		return 0;
	/* so that status can tell */
	memcpy(first, ctx->error, sizeof(first));
	if (session_note(session, member_done, "state=bound"))
		vlu_log(ctx, VLU_LOG_WARNING, "%s", vlu_error(ctx));
	memcpy(ctx->error, first, sizeof(first));
	return len ? half_bound(session, names, ret) : ret;
}

static int run_finish(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	struct vlu_ctx *ctx = plan->ctx;
	char key[HOLDER_KEY];
	int ret;

	(void)step;
	held_session_key(key, session->name);
	ret = held_get(ctx, key, &session->fd);
	if (ret)
		return ret;
	ret = luo_finish(ctx, session->fd, session->name);
	if (ret != -EBUSY)
		return ret;
	/* Devices that no VMM took are bound here, so that it can end. */
	ret = take_files(session);
	return ret ? ret : bind_members(session);
}

static const struct step_kind step_finish = {
	.text = "finish LUO session %v, after binding what no VMM bound to an iommufd",
	.run = run_finish,
};

static int run_finish_taken(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	struct vlu_ctx *ctx = plan->ctx;
	char key[HOLDER_KEY];
	size_t i;
	int ret;

	(void)step;
	held_session_key(key, session->name);
	ret = held_get(ctx, key, &session->fd);
	if (!ret)
		ret = luo_finish(ctx, session->fd, session->name);
	/* who keeps it waiting? */
	for (i = 0; ret == -EBUSY && i < session->n; i++) {
		struct member *member = &session->members[i];

		held_device_key(key, session->name, member->bdf);
		if (held_get(ctx, key, &member->fd) || vfio_bound(ctx, member->fd))
			continue;
		return vlu_fail(ctx, VLU_BUSY, -EBUSY, "session %s is not finished: no VMM has bound "
				"%s to an iommufd; then: vfio-lu finish --session %s",
				session->name, member->name, session->name);
	}
	return ret;
}

static const struct step_kind step_finish_taken = {
	.text = "finish LUO session %v, when VMMs have bound all of it to an iommufd",
	.run = run_finish_taken,
};

/* The session last: as long as it is there, a second finish finds its way. */
static int run_let_go(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	struct vlu_ctx *ctx = plan->ctx;
	char key[HOLDER_KEY], why[sizeof(ctx->error)], names[400] = "";
	size_t i, len = 0;
	int ret;

	(void)step;
	sys_close(&ctx->sys, session->fd);
	session->fd = -1;
	ret = session_end_files(session, NULL);
	if (!ret)
		ret = session_files_drop(session);
	held_iommufd_key(key, session->name);
	if (!ret)
		ret = held_drop(ctx, key);
	held_session_key(key, session->name);
	if (!ret)
		ret = held_drop(ctx, key);
	if (!ret) {
		manifest_remove(ctx, session->name);
		return 0;
	}
	memcpy(why, ctx->error, sizeof(why));
	for (i = 0; i < session->n && len < sizeof(names); i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len, " %s",
					session->members[i].name);
	return vlu_fail(ctx, VLU_PARTIAL, ret, "session %s is finished, but the holder may still "
			"have files of%s: %.400s; vfio-lu finish does the rest",
			session->name, names, why);
}

static const struct step_kind step_let_go = {
	.text = "let the holder close the files of session %v, and remove its manifest",
	.run = run_let_go,
};

static int run_forget(struct vlu_plan *plan, struct step *step)
{
	manifest_remove(plan->ctx, step->value);
	return 0;
}

static const struct step_kind step_forget = {
	.text = "remove the manifest of session %v",
	.run = run_forget,
};

static int add_finish(struct vlu_plan *plan, struct session *session,
		      const struct held *held, const struct step_kind *step)
{
	const char *value = held_find(held, "session/%s", session->name);
	struct vlu_bdf none = { 0 };
	enum incoming_fate fate;
	bool known;
	size_t i;
	int ret;

	if (value && !held_says(value, "direction=incoming"))
		return vlu_fail(plan->ctx, VLU_NOT_PRESERVABLE, -EINVAL, "session %s was made "
				"by this kernel: it is finished after the jump, or given up "
				"with vfio-lu release", session->name);
	if (!value) {
		ret = incoming_find(session, &known, &fate);
		if (ret)
			return ret;
		if (fate == FATE_FINISHED) {
			ret = plan_add(plan, &step_forget, none, NULL, session->name, NULL);
			return ret ? ret : plan_say(plan, "session %s  already finished: %s",
						    session->name, incoming_fate_text(fate));
		}
		if (fate != FATE_WAITING)
			return vlu_fail(plan->ctx, VLU_NOT_PRESERVABLE, -ENOENT, "session %s "
					"cannot be finished: %s; vfio-lu release --session %s "
					"forgets it", session->name, incoming_fate_text(fate),
					session->name);
		if (known || session->n)
			return vlu_fail(plan->ctx, VLU_NOT_PRESERVABLE, -EBUSY,
					"session %s is not restored yet; first: vfio-lu restore"
					" --session %s", session->name, session->name);
		return plan_say(plan, "session %s  already finished: nothing is left of it",
				session->name);
	}
	ret = plan_add(plan, step, none, NULL, session->name, NULL);
	if (!ret)
		ret = plan_add(plan, &step_let_go, none, NULL, session->name, NULL);
	for (i = 0; !ret && i < session->n; i++)
		ret = plan_say(plan, "%s  finished: an ordinary device again, with vfio-pci",
			       session->members[i].name);
	if (!ret)
		ret = plan_say(plan, "session %s  finished", session->name);
	return ret;
}

static int plan_finish(struct vlu_ctx *ctx, const char *name, const struct step_kind *step,
		       struct vlu_plan **ret_plan)
{
	struct session *session;
	struct vlu_plan *plan;
	struct held held;
	int ret;

	ret = incoming_plan(ctx, name, &held, &plan, &session);
	if (ret)
		return ret;
	ret = add_finish(plan, session, &held, step);
	held_free(&held);
	if (ret) {
		vlu_plan_free(plan);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}

int vlu_plan_finish(struct vlu_ctx *ctx, const char *name,
		    struct vlu_plan **ret_plan)
{
	return plan_finish(ctx, name, &step_finish, ret_plan);
}

int vlu_plan_finish_taken(struct vlu_ctx *ctx, const char *name,
			  struct vlu_plan **ret_plan)
{
	return plan_finish(ctx, name, &step_finish_taken, ret_plan);
}

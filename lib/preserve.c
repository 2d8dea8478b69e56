/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before the jump: files into a session, and out again.
 *
 * The kernel has no un-preserve and a token cannot be used twice, so a session
 * that changes is made anew from the complete list. Its device files stay open
 * in the holder meanwhile; only the preservation is interrupted, and nothing
 * can be lost by that as long as nobody jumps (the lock is ours).
 */
#include "device.h"
#include "liveupdate.h"
#include "session.h"
#include "vfio.h"

/* ------------------------------------------------------------------ steps */

static int run_open(struct vlu_plan *plan, struct step *step)
{
	struct member *member = session_member(plan, step);
	struct session *session = plan->data;
	struct vlu_ctx *ctx = plan->ctx;
	struct vlu_device *dev;
	char key[HOLDER_KEY];
	int ret;

	if (session->iommufd < 0) {
		held_iommufd_key(key, session->name);
		ret = session->held ? held_get(ctx, key, &session->iommufd) : -ENOENT;
		if (ret)
			ret = iommufd_open(ctx, &session->iommufd);
		if (ret)
			return ret;
	}
	ret = device_refresh(ctx, member->bdf, &dev);
	if (!ret)
		ret = vfio_open(ctx, dev, &member->fd);
	if (!ret)
		ret = vfio_bind(ctx, member->name, member->fd, session->iommufd);
	if (!ret) {
		held_device_key(key, session->name, member->bdf);
		ret = held_put(ctx, key, "state=opened", member->fd);
	}
	if (ret) {
		sys_close(&ctx->sys, member->fd);
		member->fd = -1;
	}
	return ret;
}

static int undo_open(struct vlu_plan *plan, struct step *step)
{
	struct member *member = session_member(plan, step);
	struct session *session = plan->data;
	char key[HOLDER_KEY];

	sys_close(&plan->ctx->sys, member->fd);
	member->fd = -1;
	held_device_key(key, session->name, member->bdf);
	return held_drop(plan->ctx, key);
}

static const struct step_kind step_open = {
	.text = "%d: open %p and bind it to an iommufd",
	.run = run_open,
	.undo = undo_open,
};

static int make_manifest(struct session *session)
{
	struct vlu_ctx *ctx = session->ctx;
	struct manifest_device identity;
	struct manifest manifest;
	struct vlu_device *dev;
	size_t i;
	int ret;

	ret = manifest_init(ctx, &manifest, session->name);
	for (i = 0; !ret && i < session->n; i++) {
		if (session->members[i].leaving)
			continue;
		ret = device_refresh(ctx, session->members[i].bdf, &dev);
		if (ret)
			break;
		session_identity(ctx, dev, &identity);
		if (manifest_add(&manifest, &identity))
			ret = vlu_nomem(ctx);
	}
	free(session->manifest);
	session->manifest = NULL;
	if (!ret && manifest_format(&manifest, &session->manifest))
		ret = vlu_nomem(ctx);
	manifest_free(&manifest);
	return ret;
}

static int preserve_member(struct session *session, struct member *member)
{
	struct vlu_ctx *ctx = session->ctx;
	char key[HOLDER_KEY];
	int ret = 0;

	held_device_key(key, session->name, member->bdf);
	if (member->fd < 0)
		ret = held_get(ctx, key, &member->fd);
	if (!ret)
		ret = luo_preserve(ctx, session->fd, member->fd,
				   vlu_bdf_token(member->bdf), member->name);
	if (!ret)
		ret = held_put(ctx, key, "state=preserved", -1);
	return ret;
}

/* The old session, if any, must go first: the kernel knows a name once. */
static int drop_session(struct session *session)
{
	char key[HOLDER_KEY];

	sys_close(&session->ctx->sys, session->fd);
	session->fd = -1;
	held_session_key(key, session->name);
	return held_drop(session->ctx, key);
}

static int create_session(struct session *session)
{
	struct vlu_ctx *ctx = session->ctx;
	char key[HOLDER_KEY];
	int fd, ret;

	ret = drop_session(session);
	if (!ret)
		ret = luo_create_session(ctx, session->name, &session->fd);
	if (ret)
		return ret;
	held_session_key(key, session->name);
	ret = held_put(ctx, key, "direction=outgoing", session->fd);
	if (!ret)
		ret = make_manifest(session);
	if (ret)
		return ret;
	fd = sys_memfd(&ctx->sys, "vfio-lu-manifest", session->manifest,
		       strlen(session->manifest));
	if (fd < 0)
		return vlu_fail(ctx, VLU_FAILED, fd, "cannot make a memfd: %s",
				strerror(-fd));
	ret = luo_preserve(ctx, session->fd, fd, VLU_TOKEN_MANIFEST, "the manifest");
	sys_close(&ctx->sys, fd);
	return ret;
}

static int run_create(struct vlu_plan *plan, struct step *step)
{
	int ret = create_session(plan->data);

	(void)step;
	/* What was half made must not stay: undo runs for done steps only. */
	if (ret)
		step->kind->undo(plan, step);
	return ret;
}

/* Back to the session as it was before this plan, or to none. */
static int undo_create(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	char first[sizeof(plan->ctx->error)];
	enum vlu_status status = plan->ctx->status;
	struct session before = *session;
	size_t i;
	int ret;

	(void)step;
	memcpy(first, plan->ctx->error, sizeof(first));
	if (!session->held) {
		ret = drop_session(session);
	} else {
		before.manifest = NULL;
		before.n = 0;
		before.members = calloc(session->n, sizeof(*before.members));
		if (!before.members)
			return vlu_nomem(plan->ctx);
		for (i = 0; i < session->n; i++) {
			if (!session->members[i].held)
				continue;
			before.members[before.n] = session->members[i];
			before.members[before.n++].leaving = false;
		}
		ret = create_session(&before);
		for (i = 0; !ret && i < before.n; i++)
			ret = preserve_member(&before, &before.members[i]);
		session->fd = before.fd;
		/* fds opened on the way belong to the session's own list */
		for (i = 0; i < before.n; i++)
			session_find(session, before.members[i].bdf)->fd =
				before.members[i].fd;
		if (!ret)
			ret = manifest_write(plan->ctx, RUN_DIR, session->name,
					     before.manifest);
		free(before.manifest);
		free(before.members);
	}
	if (ret)
		return ret;
	memcpy(plan->ctx->error, first, sizeof(first));
	plan->ctx->status = status;
	return 0;
}

static const struct step_kind step_create = {
	.text = "create LUO session %v and preserve the manifest in it, at token 0x0",
	.run = run_create,
	.undo = undo_create,
};

static int run_preserve(struct vlu_plan *plan, struct step *step)
{
	return preserve_member(plan->data, session_member(plan, step));
}

static const struct step_kind step_preserve = {
	.text = "%d: preserve its file at token %v",
	.run = run_preserve,
};

static int run_hold_iommufd(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	char key[HOLDER_KEY];
	int ret;

	(void)step;
	if (session->iommufd < 0)
		return 0;
	held_iommufd_key(key, session->name);
	ret = held_put(plan->ctx, key, "", session->iommufd);
	return ret == -EEXIST ? 0 : ret;
}

static int undo_hold_iommufd(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	char key[HOLDER_KEY];

	(void)step;
	if (session->held)
		return 0;
	held_iommufd_key(key, session->name);
	return held_drop(plan->ctx, key);
}

static const struct step_kind step_hold_iommufd = {
	.text = "keep the iommufd in the holder",
	.run = run_hold_iommufd,
	.undo = undo_hold_iommufd,
};

static int run_manifest(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	int ret;

	(void)step;
	/* The copy in /run is how a later command knows that the holder died. */
	ret = manifest_write(plan->ctx, RUN_DIR, session->name, session->manifest);
	if (ret)
		return ret;
	ret = manifest_write(plan->ctx, STATE_DIR, session->name, session->manifest);
	if (ret)
		vlu_log(plan->ctx, VLU_LOG_WARNING, "%s; going on with the manifest "
			"inside the session alone", vlu_error(plan->ctx));
	return 0;
}

static const struct step_kind step_manifest = {
	.text = "write the manifest to %p",
	.run = run_manifest,
};

static int run_leave(struct vlu_plan *plan, struct step *step)
{
	struct member *member = session_member(plan, step);
	struct session *session = plan->data;
	char key[HOLDER_KEY];

	sys_close(&plan->ctx->sys, member->fd);
	member->fd = -1;
	held_device_key(key, session->name, member->bdf);
	return held_drop(plan->ctx, key);
}

static const struct step_kind step_leave = {
	.text = "%d: close its file",
	.run = run_leave,
};

static int run_end(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	char key[HOLDER_KEY];
	int ret;

	(void)step;
	ret = drop_session(session);
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

/* ------------------------------------------------------------------ plans */

/* Start a plan on an outgoing session; a retrieved one must not be touched. */
static int start(struct vlu_ctx *ctx, const char *name, struct held *held,
		 struct vlu_plan **ret_plan, struct session **ret_session)
{
	struct vlu_plan *plan;
	const char *value;
	int ret;

	ret = vlu_session_name_check(ctx, name);
	if (!ret)
		ret = session_held(ctx, held);
	if (ret)
		return ret;
	value = held_find(held, "session/%s", name);
	if (value && !held_says(value, "direction=outgoing"))
		ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EBUSY, "session %s came from the "
			       "previous kernel and is not finished; first: "
			       "vfio-lu finish --session %s", name, name);
	if (!ret)
		ret = plan_new(ctx, PLAN_ALL, &plan);
	if (!ret) {
		ret = session_new(plan, name, held, ret_session);
		if (ret)
			vlu_plan_free(plan);
	}
	if (ret) {
		held_free(held);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}

/* Create, preserve all who stay, write it down. */
static int add_rebuild(struct vlu_plan *plan, struct session *session)
{
	char token[24], path[160];
	size_t i;
	int ret;

	ret = plan_add(plan, &step_create, (struct vlu_bdf){ 0 }, NULL,
		       session->name, NULL);
	for (i = 0; !ret && i < session->n; i++) {
		struct member *member = &session->members[i];

		if (member->leaving)
			continue;
		snprintf(token, sizeof(token), "0x%llx",
			 (unsigned long long)vlu_bdf_token(member->bdf));
		ret = plan_add(plan, &step_preserve, member->bdf, NULL, token, NULL);
	}
	snprintf(path, sizeof(path), STATE_DIR "/%s.json", session->name);
	if (!ret)
		ret = plan_add(plan, &step_manifest, (struct vlu_bdf){ 0 }, path,
			       NULL, NULL);
	return ret;
}

static int check_device(struct vlu_ctx *ctx, struct vlu_bdf bdf,
			struct vlu_device **ret_dev)
{
	struct vlu_report *report;
	int ret;

	ret = device_refresh(ctx, bdf, ret_dev);
	if (!ret)
		ret = vlu_check_device(*ret_dev, &report);
	if (ret)
		return ret;
	ret = session_check(ctx, report, VLU_NOT_PRESERVABLE, (*ret_dev)->name);
	vlu_report_free(report);
	return ret;
}

/* A token is a device's address, so a device is in one session of a host. */
static int check_elsewhere(struct vlu_ctx *ctx, const struct held *held,
			   const char *name, struct vlu_bdf bdf)
{
	char session[64], text[VLU_BDF_SIZE];
	struct vlu_bdf other;
	size_t i;

	for (i = 0; i < held->n; i++) {
		if (!held_device(held->items[i].key, session, &other) ||
		    vlu_bdf_compare(other, bdf) || strcmp(session, name) == 0)
			continue;
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EBUSY,
				"%s: already in session %s", vlu_bdf_format(bdf, text),
				session);
	}
	return 0;
}

static int add_preserve(struct vlu_plan *plan, struct session *session,
			const struct held *held, const struct vlu_bdf *bdfs, size_t n)
{
	struct vlu_device *dev;
	bool changes = !session->held;
	const char *value;
	struct member *member;
	char name[VLU_BDF_SIZE];
	size_t i;
	int ret;

	/* A device there that was never preserved: an earlier run was killed. */
	for (i = 0; i < session->n; i++) {
		value = held_find(held, "device/%s/%s", session->name,
				  session->members[i].name);
		if (!value || !held_says(value, "state=preserved"))
			changes = true;
	}
	ret = plan_add(plan, &step_start_holder, (struct vlu_bdf){ 0 }, NULL, NULL, NULL);
	for (i = 0; !ret && i < n; i++) {
		member = session_find(session, bdfs[i]);
		vlu_bdf_format(bdfs[i], name);
		if (member && member->held && !changes) {
			ret = plan_say(plan, "%s  already preserved in session %s", name,
				       session->name);
			continue;
		}
		ret = check_device(plan->ctx, bdfs[i], &dev);
		if (!ret)
			ret = check_elsewhere(plan->ctx, held, session->name, bdfs[i]);
		if (!ret)
			ret = session_add(session, bdfs[i], false);
		member = session_find(session, bdfs[i]);
		if (!ret && member && !member->held) {
			changes = true;
			ret = plan_add(plan, &step_open, bdfs[i], dev->cdev, NULL, NULL);
		}
		if (!ret)
			ret = plan_say(plan, "%s  preserved in session %s", name,
				       session->name);
	}
	if (!ret && changes)
		ret = plan_add(plan, &step_hold_iommufd, (struct vlu_bdf){ 0 }, NULL,
			       NULL, NULL);
	if (!ret && changes)
		ret = add_rebuild(plan, session);
	if (!ret && !changes)
		plan->n_steps = 0;	/* nothing to do: not even the holder */
	return ret;
}

int vlu_plan_preserve(struct vlu_ctx *ctx, const char *name,
		      const struct vlu_bdf *bdfs, size_t n,
		      struct vlu_plan **ret_plan)
{
	struct session *session;
	struct vlu_device *dev;
	struct vlu_plan *plan;
	struct held held;
	size_t i;
	int ret = 0;

	/* A wrong address is wrong on every host; all else needs the kernel. */
	for (i = 0; !ret && i < n; i++)
		ret = vlu_device_find(ctx, bdfs[i], &dev);
	if (!ret)
		ret = session_check_host(ctx);
	if (!ret)
		ret = start(ctx, name, &held, &plan, &session);
	if (ret)
		return ret;
	ret = add_preserve(plan, session, &held, bdfs, n);
	held_free(&held);
	if (ret) {
		vlu_plan_free(plan);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}

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
	if (!ret && staying && staying == session->n)
		return 0;	/* none of them is in it */
	if (!ret && !staying)
		ret = plan_add(plan, &step_end, (struct vlu_bdf){ 0 }, NULL,
			       session->name, NULL);
	else if (!ret)
		ret = add_rebuild(plan, session);
	for (i = 0; !ret && i < session->n; i++) {
		member = &session->members[i];
		if (!member->leaving)
			continue;
		ret = plan_add(plan, &step_leave, member->bdf, NULL, NULL, NULL);
		if (!ret)
			ret = plan_say(plan, "%s  no longer preserved; its file is closed",
				       member->name);
	}
	return ret;
}

/* A manifest of this boot without a holder: what release can still clear up. */
static int add_clear(struct vlu_plan *plan, struct session *session)
{
	struct vlu_ctx *ctx = plan->ctx;
	struct manifest manifest;
	char id[40];
	bool ours;
	int ret;

	ret = manifest_read(ctx, RUN_DIR, session->name, &manifest);
	if (ret == -ENOENT)
		ret = manifest_read(ctx, STATE_DIR, session->name, &manifest);
	if (!ret) {
		ret = boot_id(ctx, id);
		ours = !ret && strcmp(id, manifest.boot_id) == 0;
		manifest_free(&manifest);
		if (!ret && !ours)
			return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EBUSY,
					"session %s was made by the previous kernel; it ends "
					"with vfio-lu restore and vfio-lu finish", session->name);
	} else if (ret == -ENOENT) {
		return plan_say(plan, "session %s  already not there", session->name);
	}
	if (ret)
		return ret;
	ret = plan_add(plan, &step_end, (struct vlu_bdf){ 0 }, NULL, session->name, NULL);
	if (!ret)
		ret = plan_say(plan, "session %s  was lost with its holder; its manifest "
			       "is removed", session->name);
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

	ret = start(ctx, name, &held, &plan, &session);
	if (ret)
		return ret;
	held_free(&held);
	if (session->held || session->n)
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

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel has no un-preserve and a token cannot be used twice, so a session
 * that changes is made anew from the complete list. Its device files stay open
 * in the holder meanwhile; only the preservation is interrupted, and nothing
 * can be lost by that as long as nobody jumps (the lock is ours).
 */
#include "device.h"
#include "liveupdate.h"
#include "order.h"
#include "outgoing.h"
#include "remember.h"
#include "session-file.h"
#include "vmm.h"

/* How the VMM was started: as an earlier manifest says, if none is asked now. */
static int remember_command(struct session *session, struct manifest *manifest)
{
	struct manifest before;
	const char *why;

	if (!session->command && session->manifest_before &&
	    manifest_parse(session->manifest_before, strlen(session->manifest_before), &before,
			   &why) == 0) {
		session->command = before.command;
		before.command = NULL;
		manifest_free(&before);
	}
	if (!session->command)
		return 0;
	manifest->command = strdup(session->command);
	return manifest->command ? 0 : vlu_nomem(session->ctx);
}

static int add_files(struct session *session, struct manifest *manifest)
{
	struct manifest_file file;
	size_t i;

	for (i = 0; i < session->n_files; i++) {
		memcpy(file.name, session->files[i].name, sizeof(file.name));
		file.token = session->files[i].token;
		if (manifest_add_file(manifest, &file))
			return vlu_nomem(session->ctx);
	}
	return 0;
}

static int describe(struct vlu_ctx *ctx, struct vlu_bdf bdf, struct manifest_device *ret_dev)
{
	struct vlu_device *dev;
	int ret;

	/* what is asked for here does not change as long as its file is open */
	ret = vlu_device_find(ctx, bdf, &dev);
	if (!ret)
		ret = session_identity(ctx, dev, ret_dev);
	if (ret)
		return ret;
	ret = driver_remembered(ctx, bdf, ret_dev->driver_before,
				sizeof(ret_dev->driver_before));
	/* What is forgotten here cannot be given back after the jump. */
	if (ret == -ENOENT)
		ret_dev->driver_before[0] = '\0';
	return ret == -ENOENT ? 0 : ret;
}

static int make_manifest(struct session *session)
{
	struct vlu_ctx *ctx = session->ctx;
	struct manifest_device identity;
	struct manifest manifest;
	size_t i;
	int ret;

	ret = manifest_init(ctx, &manifest, session->name);
	for (i = 0; !ret && i < session->n; i++) {
		if (session->members[i].leaving)
			continue;
		ret = describe(ctx, session->members[i].bdf, &identity);
		if (!ret && manifest_add(&manifest, &identity))
			ret = vlu_nomem(ctx);
	}
	if (!ret)
		ret = remember_command(session, &manifest);
	if (!ret)
		ret = add_files(session, &manifest);
	free(session->manifest);
	session->manifest = NULL;
	if (!ret && manifest_format(&manifest, &session->manifest))
		ret = vlu_nomem(ctx);
	manifest_free(&manifest);
	return ret;
}

static int preserve_member(struct session *session, struct member *member)
{
	char key[HOLDER_KEY];
	int ret = 0;

	held_device_key(key, session->name, member->bdf);
	if (member->fd < 0)
		ret = held_get(session->ctx, key, &member->fd);
	if (!ret)
		ret = luo_preserve(session->ctx, session->fd, member->fd,
				   vlu_bdf_token(member->bdf), member->name);
	member->done = !ret;
	return ret;
}

static bool was_held(const struct member *member)
{
	return member->held;
}

int outgoing_drop(struct session *session)
{
	char key[HOLDER_KEY];

	sys_close(&session->ctx->sys, session->fd);
	session->fd = -1;
	held_session_key(key, session->name);
	return held_drop(session->ctx, key);
}

/* From its manifest; what can go wrong without the kernel does before the old one ends. */
static int create_session(struct session *session)
{
	struct vlu_ctx *ctx = session->ctx;
	char key[HOLDER_KEY];
	int fd, ret;

	fd = sys_memfd(&ctx->sys, "vfio-lu-manifest", session->manifest,
		       strlen(session->manifest));
	if (fd < 0)
		return vlu_fail(ctx, VLU_FAILED, fd, "cannot make a memfd: %s",
				strerror(-fd));
	held_session_key(key, session->name);
	/* until they are in the new one, in case this process does not get there */
	ret = session_note(session, was_held, "state=opened");
	if (!ret)
		ret = outgoing_drop(session);
	if (!ret)
		ret = luo_create_session(ctx, session->name, &session->fd);
	if (!ret)
		ret = held_put(ctx, key, "direction=outgoing", session->fd);
	if (!ret)
		ret = luo_preserve(ctx, session->fd, fd, VLU_TOKEN_MANIFEST, "the manifest");
	sys_close(&ctx->sys, fd);
	return ret;
}

/* All that the holder had before this plan, with the manifest of then if there is one. */
static int session_before(struct session *session, struct session *ret_before)
{
	struct session before = *session;
	size_t i;

	before.manifest = before.command = NULL;
	before.n = before.n_files = 0;
	before.members = calloc(session->n + 1, sizeof(*before.members));
	before.files = calloc(session->n_files + 1, sizeof(*before.files));
	if (session->manifest_before)
		before.manifest = strdup(session->manifest_before);
	*ret_before = before;
	if (!before.members || !before.files || (session->manifest_before && !before.manifest))
		return vlu_nomem(session->ctx);
	for (i = 0; i < session->n; i++) {
		if (!session->members[i].held)
			continue;
		before.members[before.n] = session->members[i];
		before.members[before.n++].leaving = false;
	}
	for (i = 0; i < session->n_files; i++)
		if (session->files[i].held)
			before.files[before.n_files++] = session->files[i];
	*ret_before = before;
	return before.manifest ? 0 : make_manifest(ret_before);
}

/* One that fails does not keep the others from being preserved again. */
static int preserve_again(struct session *before)
{
	int first = 0, ret;
	size_t i;

	for (i = 0; i < before->n; i++) {
		ret = preserve_member(before, &before->members[i]);
		first = first ? first : ret;
	}
	ret = session_note(before, member_done, "state=preserved");
	first = first ? first : ret;
	for (i = 0; i < before->n_files; i++) {
		ret = session_file_preserve(before, &before->files[i]);
		first = first ? first : ret;
	}
	return first;
}

static int create_again(struct session *session)
{
	struct session before;
	size_t i;
	int ret, more;

	ret = session_before(session, &before);
	if (!ret) {
		ret = create_session(&before);
		if (before.fd >= 0) {
			more = preserve_again(&before);
			ret = ret ? ret : more;
		}
		session->fd = before.fd;
	}
	/* fds opened on the way belong to the session's own list */
	for (i = 0; i < before.n; i++)
		session_find(session, before.members[i].bdf)->fd = before.members[i].fd;
	for (i = 0; i < before.n_files; i++)
		session_file_find(session, before.files[i].name)->fd = before.files[i].fd;
	free(before.manifest);
	free(before.command);
	free(before.members);
	free(before.files);
	return ret;
}

/* Back to the session as it was before this plan, or to none. */
static int undo_create(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	struct vlu_ctx *ctx = plan->ctx;
	enum vlu_status status = ctx->status;
	char first[sizeof(ctx->error)], why[sizeof(ctx->error)];
	int ret;

	(void)step;
	memcpy(first, ctx->error, sizeof(first));
	ret = session->held ? create_again(session) : outgoing_drop(session);
	if (ret) {
		memcpy(why, ctx->error, sizeof(why));
		return vlu_fail(ctx, VLU_PARTIAL, ret, "session %s is not what it was, and not "
				"all of its devices are preserved now: %.600s", session->name, why);
	}
	memcpy(ctx->error, first, sizeof(first));
	ctx->status = status;
	return 0;
}

static int run_create(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	struct vlu_ctx *ctx = plan->ctx;
	char first[sizeof(ctx->error)], why[sizeof(ctx->error)];
	size_t size;
	int ret;

	ret = manifest_text(ctx, RUN_DIR, session->name, &session->manifest_before, &size);
	/* Until the old session is dropped nothing has happened. */
	if (!ret || ret == -ENOENT)
		ret = make_manifest(session);
	if (ret)
		return ret;
	ret = create_session(session);
	if (!ret)
		return 0;
	/* What was half made must not stay: undo runs for done steps only. */
	memcpy(first, ctx->error, sizeof(first));
	if (undo_create(plan, step)) {
		memcpy(why, ctx->error, sizeof(why));
		vlu_fail(ctx, VLU_PARTIAL, ret, "%.500s; and %.500s", first, why);
	}
	return ret;
}

static const struct step_kind step_create = {
	.text = "create LUO session %v and preserve the manifest in it, at token 0x0",
	.run = run_create,
	.undo = undo_create,
};

static const struct step_kind step_create_anew = {
	.text = "create LUO session %v anew, which un-preserves all of it until the end of this, "
		"and preserve the manifest in it, at token 0x0",
	.run = run_create,
	.undo = undo_create,
};

static int run_preserve(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	int ret = session_fetch(session, member_stays);

	return ret ? ret : preserve_member(session, session_member(plan, step));
}

static const struct step_kind step_preserve = {
	.text = "%d: preserve its file at token %v",
	.run = run_preserve,
};

static int run_note(struct vlu_plan *plan, struct step *step)
{
	(void)step;
	return session_note(plan->data, member_stays, "state=preserved");
}

static int undo_note(struct vlu_plan *plan, struct step *step)
{
	(void)step;
	return session_note(plan->data, member_stays, "state=opened");
}

static const struct step_kind step_note = {
	.text = "note in the holder that they are preserved",
	.run = run_note,
	.undo = undo_note,
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

static int undo_manifest(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	int ret;

	(void)step;
	if (!session->manifest_before) {
		manifest_remove(plan->ctx, session->name);
		return 0;
	}
	ret = manifest_write(plan->ctx, RUN_DIR, session->name, session->manifest_before);
	if (!ret)
		ret = manifest_write(plan->ctx, STATE_DIR, session->name,
				     session->manifest_before);
	return ret;
}

static const struct step_kind step_manifest = {
	.text = "write the manifest to %p",
	.run = run_manifest,
	.undo = undo_manifest,
};

int outgoing_plan(struct vlu_ctx *ctx, const char *name, struct held *held,
		  struct vlu_plan **ret_plan, struct session **ret_session)
{
	const char *value;
	int ret;

	ret = session_plan(ctx, name, PLAN_ALL, held, ret_plan, ret_session);
	if (ret)
		return ret;
	value = held_find(held, "session/%s", name);
	if (!value || held_says(value, "direction=outgoing"))
		return 0;
	vlu_plan_free(*ret_plan);
	held_free(held);
	return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EBUSY, "session %s came from the "
			"previous kernel and is not finished; first: "
			"vfio-lu finish --session %s", name, name);
}

int outgoing_add(struct vlu_plan *plan, struct session *session)
{
	char token[24], path[160];
	size_t i;
	int ret;

	order_members(session);
	ret = plan_add(plan, session->held ? &step_create_anew : &step_create,
		       (struct vlu_bdf){ 0 }, NULL, session->name, NULL);
	for (i = 0; !ret && i < session->n; i++) {
		struct member *member = &session->members[i];

		if (member->leaving)
			continue;
		snprintf(token, sizeof(token), "0x%llx",
			 (unsigned long long)vlu_bdf_token(member->bdf));
		ret = plan_add(plan, &step_preserve, member->bdf, NULL, token, NULL);
	}
	if (!ret)
		ret = session_files_preserve(plan, session);
	if (!ret)
		ret = plan_add(plan, &step_note, (struct vlu_bdf){ 0 }, NULL, NULL, NULL);
	snprintf(path, sizeof(path), STATE_DIR "/%s.json", session->name);
	if (!ret)
		ret = plan_add(plan, &step_manifest, (struct vlu_bdf){ 0 }, path,
			       NULL, NULL);
	return ret;
}

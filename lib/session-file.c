/* SPDX-License-Identifier: GPL-2.0-only */
#include "liveupdate.h"
#include "session-file.h"
#include "vmm.h"

int session_file_add(struct session *session, const char *name, bool held)
{
	struct session_file *files, *file;

	if (session_file_find(session, name))
		return 0;
	files = reallocarray(session->files, session->n_files + 1, sizeof(*files));
	if (!files)
		return vlu_nomem(session->ctx);
	session->files = files;
	file = &files[session->n_files++];
	*file = (struct session_file){ .fd = -1, .from = -1, .held = held };
	snprintf(file->name, sizeof(file->name), "%s", name);
	file->token = file_token(session->name, name);
	return 0;
}

struct session_file *session_file_find(struct session *session, const char *name)
{
	size_t i;

	for (i = 0; i < session->n_files; i++)
		if (strcmp(session->files[i].name, name) == 0)
			return &session->files[i];
	return NULL;
}

void session_files_free(struct session *session)
{
	size_t i;

	for (i = 0; i < session->n_files; i++)
		sys_close(&session->ctx->sys, session->files[i].fd);
	free(session->files);
}

/* ------------------------------------------------------- before the jump */

/* What a step is about: its path has the name. */
static struct session_file *file_of(struct vlu_plan *plan, const struct step *step)
{
	return session_file_find(plan->data, step->path);
}

static int run_take(struct vlu_plan *plan, struct step *step)
{
	struct session_file *file = file_of(plan, step);
	struct session *session = plan->data;
	char key[HOLDER_KEY];
	int ret;

	ret = vmm_take(plan->ctx, session->vmm, file->from, file->name, &file->fd);
	if (ret)
		return ret;
	held_file_key(key, session->name, file->name);
	ret = held_put(plan->ctx, key, "state=opened", file->fd);
	if (ret) {
		sys_close(&plan->ctx->sys, file->fd);
		file->fd = -1;
	}
	return ret;
}

static int run_close(struct vlu_plan *plan, struct step *step)
{
	struct session_file *file = file_of(plan, step);
	struct session *session = plan->data;
	char key[HOLDER_KEY];

	sys_close(&plan->ctx->sys, file->fd);
	file->fd = -1;
	held_file_key(key, session->name, file->name);
	return held_drop(plan->ctx, key);
}

static const struct step_kind step_take = {
	.text = "%p: take file %v of the VMM",
	.run = run_take,
	.undo = run_close,
};

static const struct step_kind step_close = {
	.text = "%p: close it",
	.run = run_close,
};

/*
 * LUO says ENOENT when no handler wants the file. That of memfds takes what
 * tmpfs made and no directory names, and refuses seals that it has no place
 * for (memfd_luo_can_preserve(), memfd_luo_preserve(), mm/memfd_luo.c).
 */
static int explain(struct session *session, const struct session_file *file, int err)
{
	struct vlu_ctx *ctx = session->ctx;
	char path[64], target[256];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	if (sys_readlink(&ctx->sys, path, target, sizeof(target)) < 0)
		strcpy(target, "unknown");
	switch (err) {
	case -ENOENT:
		if (strncmp(target, "/memfd:", 7) == 0)
			return vlu_fail(ctx, VLU_NOT_PRESERVABLE, err, "%s: a memfd of huge pages "
					"(hugetlb), or one this kernel does not preserve; fix: "
					"give the guest memory of ordinary pages", file->name);
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, err, "%s: this kernel preserves no such "
				"file (%s), only memfds and devices; an iommufd, a pipe or a "
				"socket is made anew after the jump", file->name, target);
	case -EOPNOTSUPP:
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, err, "%s: the memfd has seals that this "
				"kernel does not preserve; it knows F_SEAL_SEAL, SHRINK, GROW, "
				"WRITE, FUTURE_WRITE and EXEC", file->name);
	case -EFBIG:
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, err, "%s: the memfd is too large for "
				"this kernel to preserve", file->name);
	default:
		return err;
	}
}

int session_file_preserve(struct session *session, struct session_file *file)
{
	struct vlu_ctx *ctx = session->ctx;
	char key[HOLDER_KEY];
	int ret = 0;

	held_file_key(key, session->name, file->name);
	if (file->fd < 0)
		ret = held_get(ctx, key, &file->fd);
	if (ret)
		return ret;
	ret = luo_preserve(ctx, session->fd, file->fd, file->token, file->name);
	return ret ? explain(session, file, ret) : held_put(ctx, key, "state=preserved", -1);
}

static int run_preserve(struct vlu_plan *plan, struct step *step)
{
	return session_file_preserve(plan->data, file_of(plan, step));
}

static const struct step_kind step_preserve = {
	.text = "%p: preserve it at token %v",
	.run = run_preserve,
};

int session_files_take(struct vlu_plan *plan, struct session *session)
{
	char number[16];
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < session->n_files; i++) {
		struct session_file *file = &session->files[i];

		if (file->held)
			continue;
		snprintf(number, sizeof(number), "%d", file->from);
		ret = plan_add(plan, &step_take, (struct vlu_bdf){ 0 }, file->name, number, NULL);
	}
	return ret;
}

int session_files_preserve(struct vlu_plan *plan, struct session *session)
{
	char token[24];
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < session->n_files; i++) {
		snprintf(token, sizeof(token), "0x%llx",
			 (unsigned long long)session->files[i].token);
		ret = plan_add(plan, &step_preserve, (struct vlu_bdf){ 0 },
			       session->files[i].name, token, NULL);
	}
	return ret;
}

int session_files_close(struct vlu_plan *plan, struct session *session)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < session->n_files; i++) {
		ret = plan_add(plan, &step_close, (struct vlu_bdf){ 0 },
			       session->files[i].name, NULL, NULL);
		if (!ret)
			ret = plan_say(plan, "%s  no longer preserved; it is closed",
				       session->files[i].name);
	}
	return ret;
}

/* --------------------------------------------------------------- after it */

static int retrieve(struct vlu_plan *plan, struct session_file *file)
{
	struct session *session = plan->data;
	char key[HOLDER_KEY];
	int ret;

	ret = luo_retrieve(plan->ctx, session->fd, file->token, file->name, &file->fd);
	if (ret)
		return ret;
	held_file_key(key, session->name, file->name);
	ret = held_put(plan->ctx, key, "state=retrieved", file->fd);
	return ret ? ret : plan_say(plan, "%s  retrieved from session %s", file->name,
				    session->name);
}

int session_files_retrieve(struct vlu_plan *plan, struct session *session)
{
	size_t i, failed = 0;

	for (i = 0; i < session->n_files; i++) {
		/* Each for itself, as the devices. */
		if (session->files[i].held || retrieve(plan, &session->files[i]) == 0)
			continue;
		vlu_log(plan->ctx, VLU_LOG_ERROR, "%s", vlu_error(plan->ctx));
		failed++;
	}
	if (!failed)
		return 0;
	return vlu_fail(plan->ctx, VLU_PARTIAL, -EIO, "session %s: %zu of %zu files that are no "
			"devices could not be retrieved", session->name, failed,
			session->n_files);
}

int session_files_drop(struct session *session)
{
	char key[HOLDER_KEY];
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < session->n_files; i++) {
		held_file_key(key, session->name, session->files[i].name);
		ret = held_drop(session->ctx, key);
	}
	return ret;
}

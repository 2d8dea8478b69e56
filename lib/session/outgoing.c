/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel cannot take one file out of a session, and a token cannot be used twice. So
 * a change makes the session again from the complete list of members. Meanwhile the holder
 * keeps the device files open. Only the preservation is interrupted, which is safe because
 * the lock prevents a kexec.
 */
#include "base/array.h"
#include "machine/device.h"
#include "uapi/liveupdate.h"
#include "session/session.h"
#include "vmm.h"
#include "bind/former-driver.h"

static int describe(struct vlu_ctx *ctx, struct vlu_bdf bdf, struct manifest_device *ret_dev)
{
	struct vlu_device *dev;
	int ret;

	/* these facts do not change while the device file is open */
	ret = vlu_device_find(ctx, bdf, &dev);
	if (!ret)
		ret = session_identity(dev, ret_dev);
	if (ret)
		return ret;
	ret = driver_remembered(ctx, bdf, ret_dev->driver_before,
				sizeof(ret_dev->driver_before));
	/* -ENOENT: no command has bound it in this boot */
	return ret == -ENOENT ? 0 : ret;
}

static int add_member(struct session *session, struct manifest *manifest, const struct member *member)
{
	struct manifest_device *device;
	struct manifest_file *file;

	if (!member->is_file) {
		device = array_add(&manifest->devices, &manifest->n_devices);
		return device ? describe(session->ctx, member->bdf, device) : vlu_nomem(session->ctx);
	}
	file = array_add(&manifest->files, &manifest->n_files);
	if (!file)
		return vlu_nomem(session->ctx);
	memcpy(file->name, member->name, sizeof(file->name));
	file->token = member->token;
	return 0;
}

static int make_manifest(struct session *session, enum which which)
{
	struct vlu_ctx *ctx = session->ctx;
	struct manifest manifest;
	size_t i;
	int ret;

	ret = manifest_init(ctx, &manifest, session->name);
	for (i = 0; !ret && i < session->n; i++)
		if (member_is(&session->members[i], which))
			ret = add_member(session, &manifest, &session->members[i]);
	free(session->manifest);
	session->manifest = NULL;
	if (session->vmm)
		manifest.command = session->vmm->command;
	else if (session->now)
		manifest.command = (char *)session->now->command;
	if (!ret && manifest_format(&manifest, &session->manifest))
		ret = vlu_nomem(ctx);
	manifest.command = NULL;	/* owned by another struct */
	manifest_free(&manifest);
	return ret;
}

/*
 * Explains why the kernel refused a file. LUO returns ENOENT when no handler takes it.
 * The memfd handler takes unlinked files of tmpfs, and refuses seals that it cannot
 * store (memfd_luo_can_preserve(), memfd_luo_preserve(), mm/memfd_luo.c).
 */
static int explain(struct session *session, const struct member *file, int err)
{
	struct vlu_ctx *ctx = session->ctx;
	char path[64], target[256];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	if (sys_readlink(&ctx->sys, path, target, sizeof(target)) < 0)
		strcpy(target, "unknown");
	switch (err) {
	case -ENOENT:
		return vlu_fail(ctx, FAIL_FILE_KIND, err, strncmp(target, "/memfd:", 7) == 0 ?
				"%s: a memfd of huge pages (hugetlb), or one this kernel does not "
				"preserve; fix: give the guest memory of ordinary pages" :
				"%s: this kernel does not preserve such a file (%s), only memfds "
				"and devices; the VMM opens an iommufd, a pipe or a socket again "
				"after the kexec", file->name, target);
	case -EOPNOTSUPP:
		return vlu_fail(ctx, FAIL_FILE_KIND, err, "%s: the memfd has seals that this "
				"kernel does not preserve; it knows F_SEAL_SEAL, SHRINK, GROW, "
				"WRITE, FUTURE_WRITE and EXEC", file->name);
	case -EFBIG:
		return vlu_fail(ctx, FAIL_FILE_KIND, err, "%s: the memfd is too large for "
				"this kernel to preserve", file->name);
	default:
		return err;
	}
}

static int preserve_member(struct session *session, struct member *member)
{
	int ret = 0;

	if (member->fd < 0)
		ret = held_get(session->ctx, &member->fd, "%s", member->key);
	if (ret)
		return ret;
	ret = luo_preserve(session->ctx, session->fd, member->fd, member->token, member->name);
	member->done = !ret;
	return ret && member->is_file ? explain(session, member, ret) : ret;
}

int outgoing_drop(struct session *session)
{
	sys_close(&session->ctx->sys, session->fd);
	session->fd = -1;
	return held_drop(session->ctx, "session/%s", session->name);
}

/*
 * Creates the session with this manifest. Makes the memfd and opens LUO while the old session
 * still exists: if one of these fails, session->ended is false and nothing has changed.
 */
static int create_session(struct session *session, const char *manifest)
{
	struct vlu_ctx *ctx = session->ctx;
	int fd, luo, ret;

	fd = sys_memfd(&ctx->sys, "vfio-lu-manifest", manifest, strlen(manifest));
	if (fd < 0)
		return vlu_failed(ctx, fd, "cannot make a memfd");
	ret = luo_open(ctx, &luo);
	if (ret) {
		sys_close(&ctx->sys, fd);
		return ret;
	}
	ret = outgoing_drop(session);
	session->ended = ret != -ETIMEDOUT;
	/* The held members are in no session for now. Note this, in case this process is killed. */
	if (!ret)
		ret = session_ask(session, NOTE, HELD, "state=opened");
	if (!ret)
		ret = luo_create_on(ctx, luo, session->name, &session->fd);
	sys_close(&ctx->sys, luo);
	if (!ret)
		ret = held_put(ctx, session->fd, "direction=outgoing", "session/%s", session->name);
	if (!ret)
		ret = luo_preserve(ctx, session->fd, fd, VLU_TOKEN_MANIFEST, "the manifest");
	sys_close(&ctx->sys, fd);
	return ret;
}

/*
 * Preserves again all files that the holder had before this plan, with the earlier manifest if
 * there is one. Goes on after a failure.
 */
static int create_again(struct session *session)
{
	const char *manifest = session->manifest_before;
	struct member *member;
	int first = 0, ret;

	if (!manifest) {
		first = make_manifest(session, HELD);
		manifest = session->manifest;
	}
	if (!first)
		first = create_session(session, manifest);
	if (session->fd < 0)
		return first;
	for (member = session->members; member < session->members + session->n; member++) {
		member->done = false;
		ret = member->held ? preserve_member(session, member) : 0;
		first = first ? first : ret;
	}
	ret = session_ask(session, NOTE, DONE, "state=preserved");
	return first ? first : ret;
}

/* Goes back to the session as it was before this plan, or to none. */
static int undo_create(struct step *step)
{
	struct session *session = step->plan->data;
	int ret = session->held ? create_again(session) : outgoing_drop(session);

	return ret ? vlu_fail(session->ctx, VLU_PARTIAL, ret, "session %s was changed and could not be "
			      "changed back; not all of its devices are preserved now: %.600s",
			      session->name, vlu_error(session->ctx)) : 0;
}

static int run_create(struct step *step)
{
	struct session *session = step->plan->data;
	const struct manifest *before = ledger_manifest(session->ledger, session->name);
	int ret;

	if (before && session->now && session->now->direction == VLU_OUTGOING &&
	    manifest_format(before, &session->manifest_before))
		return vlu_nomem(session->ctx);
	ret = make_manifest(session, STAYING);
	if (!ret)
		ret = create_session(session, session->manifest);
	/* Nothing has changed until the old session is dropped. */
	return ret && session->ended ? step_retreat(step, ret) : ret;
}

static int run_preserve(struct step *step)
{
	struct session *session = step->plan->data;
	int ret = session_ask(session, FETCH, STAYING, NULL);

	return ret ? ret : preserve_member(session, session_member(step));
}

static int run_note(struct step *step)
{
	return session_ask(step->plan->data, NOTE, STAYING, "state=preserved");
}

static int undo_note(struct step *step)
{
	return session_ask(step->plan->data, NOTE, STAYING, "state=opened");
}

static int run_manifest(struct step *step)
{
	struct session *session = step->plan->data;

	return manifest_keep(session->ctx, session->name, session->manifest);
}

static int undo_manifest(struct step *step)
{
	struct session *session = step->plan->data;

	if (session->manifest_before)
		return manifest_keep(session->ctx, session->name, session->manifest_before);
	manifest_remove(session->ctx, session->name);
	return 0;
}

static void add_manifest(struct vlu_plan *plan)
{
	session_step(plan, run_manifest, undo_manifest, "write the manifest to " STATE_DIR "/%v.json");
}

int outgoing_rewrite(struct vlu_plan *plan, struct session *session)
{
	const struct manifest *manifest = ledger_manifest(session->ledger, session->name);

	if (!manifest)
		return 0;
	add_manifest(plan);
	return manifest_format(manifest, &session->manifest) ? vlu_nomem(plan->ctx) : 0;
}

void outgoing_add(struct vlu_plan *plan, struct session *session)
{
	const struct member *member;
	char token[24];

	order_members(session);
	session_step(plan, run_create, undo_create, session->held ?
		     "create LUO session %v again, without its files until the steps below "
		     "preserve them, and preserve the manifest in it, at token 0x0" :
		     "create LUO session %v and preserve the manifest in it, at token 0x0");
	for (member = session->members; member < session->members + session->n; member++) {
		if (member->leaving)
			continue;
		snprintf(token, sizeof(token), "0x%llx", (unsigned long long)member->token);
		member_step(plan, run_preserve, NULL, member->is_file ? "%p: preserve it at token %v" :
			    "%d: preserve its file at token %v", member, token);
	}
	session_step(plan, run_note, undo_note, "note in the holder that they are preserved");
	add_manifest(plan);
}

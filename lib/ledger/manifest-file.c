/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "ledger/manifest.h"

int manifest_take(struct vlu_ctx *ctx, const char *text, size_t size, const char *session,
		  const char *where, struct manifest *ret_manifest)
{
	struct manifest manifest;
	const char *why;
	int ret = manifest_parse(text, size, &manifest, &why);

	if (!ret && strcmp(manifest.session, session) != 0) {
		manifest_free(&manifest);
		why = "it belongs to another session";
		ret = -EBADMSG;
	}
	if (ret)
		return vlu_fail(ctx, VLU_FAILED, ret, "%s is not a usable manifest: %s", where, why);
	*ret_manifest = manifest;
	return 0;
}

int manifest_read(struct vlu_ctx *ctx, const char *dir, const char *session,
		  struct manifest *ret_manifest)
{
	_cleanup_free_ char *text = NULL;
	char path[160];
	size_t size;
	int ret;

	snprintf(path, sizeof(path), "%s/%s.json", dir, session);
	/* does not wait for a writer if the file is a FIFO */
	ret = attr_read_records(ctx, path, MANIFEST_MAX, &text, &size);
	return ret ? vlu_failed(ctx, ret, "cannot read %s", path) :
	       manifest_take(ctx, text, size, session, path, ret_manifest);
}

int state_write(struct vlu_ctx *ctx, const char *dir, const char *name, const char *text)
{
	char path[160];
	int ret;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ret = sys_mkdir(&ctx->sys, dir);
	if (!ret)
		ret = sys_replace(&ctx->sys, path, text, strlen(text));
	return ret ? vlu_failed(ctx, ret, "cannot write %s", path) : 0;
}

static void remove_in(struct vlu_ctx *ctx, const char *dir, const char *session)
{
	char path[160];
	int ret;

	snprintf(path, sizeof(path), "%s/%s.json", dir, session);
	ret = sys_unlink(&ctx->sys, path);
	if (ret && ret != -ENOENT)
		vlu_log(ctx, VLU_LOG_WARNING, "cannot remove %s: %s", path, strerror(-ret));
}

int manifest_keep(struct vlu_ctx *ctx, const char *session, const char *text)
{
	char name[80];
	int ret;

	snprintf(name, sizeof(name), "%s.json", session);
	/* the copy in /run lets a later command notice that the holder died */
	ret = state_write(ctx, RUN_DIR, name, text);
	if (ret || !state_write(ctx, STATE_DIR, name, text))
		return ret;
	vlu_log(ctx, VLU_LOG_WARNING, "%s; nothing is lost, since the session contains its "
		"manifest, but in the next kernel vfio-lu status cannot name its devices "
		"before vfio-lu restore", vlu_error(ctx));
	/* An older manifest may list other devices, so it is better to have none. */
	remove_in(ctx, STATE_DIR, session);
	return 0;
}

void manifest_remove(struct vlu_ctx *ctx, const char *session)
{
	remove_in(ctx, STATE_DIR, session);
	/* last, since status shows the session until this one is removed */
	remove_in(ctx, RUN_DIR, session);
}

bool manifest_session(const char *file, char session[64])
{
	size_t len = strlen(file);

	return len > 5 && has_suffix(file, ".json") && take_text(session, 64, file, len - 5) &&
	       is_session_name(session) && !is_reserved_name(session);
}

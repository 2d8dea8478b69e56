/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the manifest that was handed over inside its session. */
#include "session/session.h"
#include "uapi/liveupdate.h"

int inner_manifest(struct session *session, struct manifest *ret_manifest)
{
	struct vlu_ctx *ctx = session->ctx;
	_cleanup_free_ char *text = malloc(MANIFEST_MAX);
	size_t used = 0;
	ssize_t n;
	int fd, ret;

	if (!text)
		return vlu_nomem(ctx);
	ret = luo_retrieve(ctx, session->fd, VLU_TOKEN_MANIFEST, "the manifest", &fd);
	if (ret)
		return ret;
	do {
		n = sys_pread(&ctx->sys, fd, text + used, MANIFEST_MAX - used, (off_t)used);
		used += n > 0 ? (size_t)n : 0;
	} while (n > 0 && used < MANIFEST_MAX);
	sys_close(&ctx->sys, fd);
	return n < 0 ? vlu_failed(ctx, (int)n, "cannot read the manifest inside the session") :
	       manifest_take(ctx, text, used, session->name, "the manifest inside the session",
			     ret_manifest);
}

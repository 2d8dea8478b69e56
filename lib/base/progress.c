/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/ctx.h"

void vlu_set_wait(struct vlu_ctx *ctx, vlu_wait_fn fn, void *arg)
{
	ctx->wait = fn;
	ctx->wait_arg = arg;
}

void progress_begin(struct vlu_ctx *ctx, unsigned int limit, const char *fmt, ...)
{
	char what[256];
	va_list args;

	if (!ctx->wait)
		return;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	ctx->wait(ctx->wait_arg, what, limit);
}

void progress_end(struct vlu_ctx *ctx)
{
	if (ctx->wait)
		ctx->wait(ctx->wait_arg, NULL, 0);
}

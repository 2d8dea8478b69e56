/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/ctx.h"

int failure_fix(struct vlu_ctx *ctx, const char *lead, const char *fix, const char *const *argv)
{
	struct failure *failure = &ctx->failure;
	size_t used = strlen(failure->text), i;

	if (fix)
		snprintf(failure->text + used, sizeof(failure->text) - used, "; %s: %s", lead, fix);
	failure->argv = (struct argline){ .n = 0 };
	for (i = 0; argv && argv[i]; i++)
		argline_add(&failure->argv, argv[i]);
	return failure->err;
}

int failure_command(struct vlu_ctx *ctx, const char *lead, const char *const *argv)
{
	char line[512];

	argline_text(argv, line, sizeof(line));
	return failure_fix(ctx, lead, line, argv);
}

int failure_join(struct vlu_ctx *ctx, const struct failure *first, const char *between)
{
	vlu_fail(ctx, VLU_PARTIAL, first->err, "%.600s%s%.380s", first->text, between,
		 ctx->failure.text);
	return first->err;
}

void failures_add(struct vlu_ctx *ctx, struct failures *failures, const struct failure *failure)
{
	if (failures->n++)
		failure_log(ctx, VLU_LOG_ERROR, &failures->last);
	else
		failures->first = failure->err;
	if (failure->status > failures->worst)
		failures->worst = failure->status;
	failures->last = *failure;
}

int failures_end(struct vlu_ctx *ctx, const struct failures *failures)
{
	if (!failures->n)
		return 0;
	ctx->failure = failures->last;
	ctx->failure.status = failures->worst;
	return failures->first;
}

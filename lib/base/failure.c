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

void failure_warn(struct vlu_ctx *ctx, int ret)
{
	if (ret)
		vlu_log(ctx, VLU_LOG_WARNING, "%s", vlu_error(ctx));
}

int failure_join(struct vlu_ctx *ctx, const struct failure *first, const char *between)
{
	vlu_fail(ctx, VLU_PARTIAL, first->err, "%.600s%s%.380s", first->text, between,
		 ctx->failure.text);
	return first->err;
}

/* Only VLU_FAILED is milder than busy, because the same command may succeed later. */
static int gravity(enum vlu_status status)
{
	switch (status) {
	case VLU_BUSY:
		return 2 * VLU_FAILED + 1;
	case VLU_USAGE:
		return 2 * VLU_PARTIAL - 1;
	default:
		return 2 * (int)status;
	}
}

enum vlu_status vlu_graver(enum vlu_status a, enum vlu_status b)
{
	return gravity(b) > gravity(a) ? b : a;
}

void failures_add(struct vlu_ctx *ctx, struct failures *failures, const struct failure *failure)
{
	if (failures->n++)
		failure_log(ctx, VLU_LOG_ERROR, &failures->last);
	else
		failures->first = failure->err;
	failures->worst = vlu_graver(failures->worst, failure->status);
	failures->last = *failure;
}

void failures_note(struct vlu_ctx *ctx, struct failures *failures, bool stops)
{
	if (stops)
		failures_add(ctx, failures, &ctx->failure);
	else
		failure_warn(ctx, ctx->failure.err);
}

int failures_end(struct vlu_ctx *ctx, const struct failures *failures)
{
	if (!failures->n)
		return 0;
	ctx->failure = failures->last;
	ctx->failure.status = failures->worst;
	return failures->first;
}

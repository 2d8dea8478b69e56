/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "plan.h"

int plan_new(struct vlu_ctx *ctx, enum plan_policy policy,
	     struct vlu_plan **ret_plan)
{
	struct vlu_plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return vlu_nomem(ctx);
	plan->ctx = ctx;
	plan->policy = policy;
	*ret_plan = plan;
	return 0;
}

void vlu_plan_free(struct vlu_plan *plan)
{
	size_t i;

	if (!plan)
		return;
	for (i = 0; i < plan->n_steps; i++) {
		free(plan->steps[i].path);
		free(plan->steps[i].value);
		free(plan->steps[i].before);
		free(plan->steps[i].text);
	}
	for (i = 0; i < plan->n_results; i++)
		free(plan->results[i]);
	if (plan->free_data)
		plan->free_data(plan->data);
	free(plan->steps);
	free(plan->results);
	free(plan);
}

static bool copy(char **ret, const char *text)
{
	*ret = text ? strdup(text) : NULL;
	return *ret || !text;
}

int plan_add(struct vlu_plan *plan, const struct step_kind *kind,
	     struct vlu_bdf bdf, const char *path, const char *value,
	     const char *before)
{
	struct step *steps, *step;

	steps = reallocarray(plan->steps, plan->n_steps + 1, sizeof(*steps));
	if (!steps)
		return vlu_nomem(plan->ctx);
	plan->steps = steps;
	step = &steps[plan->n_steps++];
	*step = (struct step){ .kind = kind, .group = plan->group, .bdf = bdf };
	if (!copy(&step->path, path) || !copy(&step->value, value) ||
	    !copy(&step->before, before))
		return vlu_nomem(plan->ctx);
	return 0;
}

int plan_say(struct vlu_plan *plan, const char *fmt, ...)
{
	char **results, *text;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0)
		return vlu_nomem(plan->ctx);
	results = reallocarray(plan->results, plan->n_results + 1, sizeof(*results));
	if (!results) {
		free(text);
		return vlu_nomem(plan->ctx);
	}
	plan->results = results;
	plan->results[plan->n_results++] = text;
	return 0;
}

size_t vlu_plan_count(const struct vlu_plan *plan)
{
	return plan->n_steps;
}

const char *vlu_plan_step(struct vlu_plan *plan, size_t i)
{
	char bdf[VLU_BDF_SIZE], *text = NULL;
	struct step *step;
	const char *p;
	size_t size;
	FILE *f;

	if (i >= plan->n_steps)
		return NULL;
	step = &plan->steps[i];
	if (step->text)
		return step->text;
	f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	for (p = step->kind->text; *p; p++) {
		if (*p != '%') {
			fputc(*p, f);
			continue;
		}
		switch (*++p) {
		case 'p':
			fputs(step->path ? step->path : "", f);
			break;
		case 'v':
			fputs(step->value && *step->value ? step->value : "nothing", f);
			break;
		case 'd':
			fputs(vlu_bdf_format(step->bdf, bdf), f);
			break;
		}
	}
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	step->text = text;
	return text;
}

size_t vlu_plan_result_count(const struct vlu_plan *plan)
{
	return plan->n_results;
}

const char *vlu_plan_result(const struct vlu_plan *plan, size_t i)
{
	return i < plan->n_results ? plan->results[i] : NULL;
}

/* Undo what was done of a group, or of all groups, newest step first. */
static int undo(struct vlu_plan *plan, size_t from, bool all, unsigned int group)
{
	struct vlu_ctx *ctx = plan->ctx;
	char first[sizeof(ctx->error)];
	enum vlu_status status = ctx->status;
	struct step *step;
	int failed = 0, ret;

	memcpy(first, ctx->error, sizeof(first));
	while (from-- > 0) {
		step = &plan->steps[from];
		if (!step->done || (!all && step->group != group))
			continue;
		step->done = false;
		if (!step->kind->undo)
			continue;
		vlu_log(ctx, VLU_LOG_DEBUG, "undo: %s", vlu_plan_step(plan, from));
		ret = step->kind->undo(plan, step);
		if (ret && !failed) {
			char bdf[VLU_BDF_SIZE], why[sizeof(ctx->error)];

			failed = ret;
			memcpy(why, ctx->error, sizeof(why));
			vlu_fail(ctx, VLU_PARTIAL, ret,
				 "%.600s; and it could not be undone: %s: %.300s", first,
				 vlu_bdf_format(step->bdf, bdf), why);
		}
	}
	if (!failed) {
		memcpy(ctx->error, first, sizeof(first));
		ctx->status = status;
	}
	return failed;
}

/* What was to be so after the last step is not so now. */
static void take_back(struct vlu_plan *plan, size_t said)
{
	size_t i;

	for (i = 0; i < said; i++)
		free(plan->results[i]);
	plan->n_results -= said;
	memmove(plan->results, plan->results + said,
		plan->n_results * sizeof(*plan->results));
}

int vlu_plan_run(struct vlu_plan *plan)
{
	struct vlu_ctx *ctx = plan->ctx;
	enum vlu_status worst = VLU_OK;
	char error[sizeof(ctx->error)] = "";
	size_t i, failures = 0, groups_done = 0, said = plan->n_results;
	unsigned int skip = 0;
	bool skipping = false;
	int first = 0, ret;

	ret = vlu_lock(ctx);
	if (ret)
		return ret;
	for (i = 0; i < plan->n_steps; i++) {
		struct step *step = &plan->steps[i];

		if (skipping && step->group == skip)
			continue;
		skipping = false;
		vlu_log(ctx, VLU_LOG_DEBUG, "%s", vlu_plan_step(plan, i));
		ret = step->kind->run(plan, step);
		if (!ret) {
			step->done = true;
			/* before the first group nothing is of a device */
			if (step->group && (i + 1 == plan->n_steps ||
					    plan->steps[i + 1].group != step->group))
				groups_done++;
			continue;
		}
		undo(plan, i, plan->policy == PLAN_ALL, step->group);
		if (plan->policy != PLAN_EACH) {
			take_back(plan, said);
			vlu_unlock(ctx);
			return ret;
		}
		/* Each failure is told once, when it happens; the last is returned. */
		if (failures++)
			vlu_log(ctx, VLU_LOG_ERROR, "%s", error);
		memcpy(error, ctx->error, sizeof(error));
		if (ctx->status > worst)
			worst = ctx->status;
		first = first ? first : ret;
		skipping = true;
		skip = step->group;
	}
	vlu_unlock(ctx);
	if (!failures)
		return 0;
	memcpy(ctx->error, error, sizeof(error));
	/* Some devices moved and some did not: that is not "nothing half done". */
	ctx->status = groups_done ? VLU_PARTIAL : worst;
	return first;
}

static int run_write(struct vlu_plan *plan, struct step *step)
{
	char bdf[VLU_BDF_SIZE];
	int ret;

	ret = attr_write(plan->ctx, step->path, step->value);
	if (ret)
		return vlu_fail(plan->ctx, ret == -EBUSY ? VLU_BUSY : VLU_FAILED, ret,
				"%s: cannot write to %s: %s",
				vlu_bdf_format(step->bdf, bdf), step->path,
				strerror(-ret));
	return 0;
}

static int undo_write(struct vlu_plan *plan, struct step *step)
{
	char bdf[VLU_BDF_SIZE];
	int ret;

	if (!step->before)
		return 0;
	ret = attr_write(plan->ctx, step->path, step->before);
	if (ret)
		return vlu_fail(plan->ctx, VLU_PARTIAL, ret,
				"%s: cannot write to %s: %s",
				vlu_bdf_format(step->bdf, bdf), step->path,
				strerror(-ret));
	return 0;
}

const struct step_kind step_write = {
	.text = "%d: write %v to %p",
	.run = run_write,
	.undo = undo_write,
};

/* SPDX-License-Identifier: GPL-2.0-only */
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

int plan_begin(struct vlu_ctx *ctx, enum plan_policy policy,
	       struct vlu_plan **ret_plan)
{
	int ret = change_begin(ctx);

	if (ret)
		return ret;
	ret = plan_new(ctx, policy, ret_plan);
	if (ret)
		change_end(ctx);
	else
		(*ret_plan)->locked = true;
	return ret;
}

void vlu_plan_free(struct vlu_plan *plan)
{
	if (plan && plan->free_data)
		plan->free_data(plan->data);
	if (plan && plan->locked)
		change_end(plan->ctx);
	pool_end(plan);
}

static int no_memory(struct vlu_plan *plan)
{
	plan->failed = true;
	return vlu_nomem(plan->ctx);
}

static bool copy(struct vlu_plan *plan, char **ret, const char *text)
{
	*ret = text ? pool_text(&plan->pool, text, strlen(text)) : NULL;
	return *ret || !text;
}

static int add(struct vlu_plan *plan, struct steps *steps, const struct step_kind *kind,
	       struct vlu_bdf bdf, const char *path, const char *value, const char *extra)
{
	struct step *step = pool_add(&plan->pool, &steps->at, &steps->n);

	if (!step)
		return no_memory(plan);
	*step = (struct step){
		.plan = plan, .kind = pool_copy(&plan->pool, kind, sizeof(*kind)), .bdf = bdf,
		.group = plan->group, .beside = plan->beside,
	};
	vlu_bdf_format(bdf, step->name);
	if (!step->kind || !copy(plan, &step->path, path) || !copy(plan, &step->value, value) ||
	    !copy(plan, &step->extra, extra))
		return no_memory(plan);
	return 0;
}

int plan_add(struct vlu_plan *plan, const struct step_kind *kind,
	     struct vlu_bdf bdf, const char *path, const char *value,
	     const char *extra)
{
	return add(plan, &plan->forth, kind, bdf, path, value, extra);
}

int plan_add_back(struct vlu_plan *plan, const struct step_kind *kind,
		  struct vlu_bdf bdf, const char *path, const char *value,
		  const char *extra)
{
	return add(plan, &plan->back, kind, bdf, path, value, extra);
}

/* Parallel groups add results in any order, so these are sorted. */
static bool is_after(const struct vlu_plan *plan, const struct plan_result *result)
{
	return result->group > plan->group ||
	       (result->group == plan->group && result->planned && plan->running);
}

int plan_say_so(struct vlu_plan *plan, const char *action, bool already, const char *fmt, ...)
{
	struct plan_result *results;
	va_list args;
	char *text;
	size_t at;

	va_start(args, fmt);
	text = pool_vprint(&plan->pool, fmt, args);
	va_end(args);
	if (!text || !pool_add(&plan->pool, &plan->results, &plan->n_results))
		return no_memory(plan);
	results = plan->results;
	for (at = plan->n_results - 1; at && is_after(plan, &results[at - 1]); at--)
		results[at] = results[at - 1];
	results[at] = (struct plan_result){ plan->group, !plan->running, { action, already, text } };
	return 0;
}

void plan_unsay(struct vlu_plan *plan, unsigned int first, unsigned int last)
{
	struct plan_result *results = plan->results;
	size_t i, n = 0;

	for (i = 0; i < plan->n_results; i++)
		if (!results[i].planned || results[i].group < first || results[i].group > last)
			results[n++] = results[i];
	plan->n_results = n;
}

int plan_give(struct vlu_plan *plan, int ret, struct vlu_plan **ret_plan)
{
	if (!ret && plan->failed)
		ret = vlu_nomem(plan->ctx);
	if (ret)
		vlu_plan_free(plan);
	else
		*ret_plan = plan;
	return ret;
}

size_t vlu_plan_count(const struct vlu_plan *plan)
{
	return plan->forth.n;
}

int step_retreat(struct step *step, int ret)
{
	struct vlu_ctx *ctx = step->plan->ctx;
	struct failure first = ctx->failure;

	if (step->kind->undo(step))
		failure_join(ctx, &first, "; and ");
	else
		ctx->failure = first;
	return ret;
}

const char *step_text(struct step *step)
{
	const char *p = step->kind->text, *text = "", *piece, *value = step->value;
	size_t n;

	for (; !step->text && text && *p; p += p[n] ? n + 2 : n) {
		n = strcspn(p, "%");
		piece = "";
		if (p[n] && p[n + 1] == 'd')
			piece = step->name;
		else if (p[n] && p[n + 1] == 'p' && step->path)
			piece = step->path;
		else if (p[n] && p[n + 1] == 'v')
			/* writing an empty line clears an attribute */
			piece = value && value[strspn(value, "\n")] ? value : "nothing";
		text = pool_print(&step->plan->pool, "%s%.*s%s", text, (int)n, p, piece);
	}
	if (!step->text)
		step->text = text;
	return step->text;
}

const char *vlu_plan_step(struct vlu_plan *plan, size_t i)
{
	return i < plan->forth.n ? step_text(&plan->forth.at[i]) : NULL;
}

const char *vlu_plan_waiting(const struct vlu_plan *plan)
{
	return plan->waiting ? plan->waiting : "";
}

size_t vlu_plan_result_count(const struct vlu_plan *plan)
{
	return plan->n_results;
}

const struct vlu_deed *vlu_plan_result(const struct vlu_plan *plan, size_t i)
{
	return i < plan->n_results ? &plan->results[i].deed : NULL;
}

void vlu_plan_watch(struct vlu_plan *plan, vlu_progress_fn fn, void *arg)
{
	plan->watch = fn;
	plan->watch_arg = arg;
}

void vlu_plan_on_leave(struct vlu_plan *plan, vlu_leave_fn fn, void *arg)
{
	plan->leave = fn;
	plan->leave_arg = arg;
}

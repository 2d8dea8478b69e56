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

static void free_steps(struct steps *steps)
{
	size_t i;

	for (i = 0; i < steps->n; i++) {
		free(steps->at[i].path);
		free(steps->at[i].value);
		free(steps->at[i].extra);
		free(steps->at[i].text);
	}
	free(steps->at);
}

void vlu_plan_free(struct vlu_plan *plan)
{
	size_t i;

	if (!plan)
		return;
	free_steps(&plan->forth);
	free_steps(&plan->back);
	for (i = 0; i < plan->n_results; i++)
		free(plan->results[i].text);
	if (plan->free_data)
		plan->free_data(plan->data);
	free(plan->results);
	free(plan);
}

static bool copy(char **ret, const char *text)
{
	*ret = text ? strdup(text) : NULL;
	return *ret || !text;
}

static int add(struct vlu_plan *plan, struct steps *steps, const struct step_kind *kind,
	       struct vlu_bdf bdf, const char *path, const char *value, const char *extra)
{
	struct step *more, *step;

	more = reallocarray(steps->at, steps->n + 1, sizeof(*more));
	if (!more)
		return vlu_nomem(plan->ctx);
	steps->at = more;
	step = &more[steps->n++];
	*step = (struct step){
		.kind = kind, .group = plan->group, .beside = plan->beside, .bdf = bdf,
	};
	if (!copy(&step->path, path) || !copy(&step->value, value) ||
	    !copy(&step->extra, extra))
		return vlu_nomem(plan->ctx);
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

/* Groups that run at the same time may speak in any order. */
static bool comes_after(const struct vlu_plan *plan, const struct plan_result *result)
{
	return result->group > plan->group ||
	       (result->group == plan->group && result->planned && plan->running);
}

int plan_say(struct vlu_plan *plan, const char *fmt, ...)
{
	struct plan_result *results;
	va_list args;
	char *text;
	size_t at;
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
	for (at = plan->n_results++; at && comes_after(plan, &results[at - 1]); at--)
		results[at] = results[at - 1];
	results[at] = (struct plan_result){ plan->group, !plan->running, text };
	return 0;
}

void plan_unsay(struct vlu_plan *plan, unsigned int first, unsigned int last)
{
	struct plan_result *results = plan->results;
	size_t i, n = 0;

	for (i = 0; i < plan->n_results; i++)
		if (results[i].planned && results[i].group >= first && results[i].group <= last)
			free(results[i].text);
		else
			results[n++] = results[i];
	plan->n_results = n;
}

size_t vlu_plan_count(const struct vlu_plan *plan)
{
	return plan->forth.n;
}

const char *step_text(struct step *step)
{
	char bdf[VLU_BDF_SIZE], *text = NULL;
	const char *p;
	size_t size;
	FILE *f;

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
			/* an empty line clears an attribute */
			fputs(step->value && step->value[strspn(step->value, "\n")] ?
			      step->value : "nothing", f);
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

const char *vlu_plan_step(struct vlu_plan *plan, size_t i)
{
	return i < plan->forth.n ? step_text(&plan->forth.at[i]) : NULL;
}

size_t vlu_plan_result_count(const struct vlu_plan *plan)
{
	return plan->n_results;
}

const char *vlu_plan_result(const struct vlu_plan *plan, size_t i)
{
	return i < plan->n_results ? plan->results[i].text : NULL;
}

void vlu_plan_watch(struct vlu_plan *plan, vlu_progress_fn fn, void *arg)
{
	plan->watch = fn;
	plan->watch_arg = arg;
}

void failures_add(struct vlu_ctx *ctx, struct failures *failures, int err,
		  enum vlu_status status, const char *text)
{
	if (failures->n++)
		vlu_log(ctx, VLU_LOG_ERROR, "%s", failures->last);
	else
		failures->first = err;
	if (status > failures->worst)
		failures->worst = status;
	snprintf(failures->last, sizeof(failures->last), "%s", text);
}

int failures_end(struct vlu_ctx *ctx, const struct failures *failures)
{
	if (!failures->n)
		return 0;
	memcpy(ctx->error, failures->last, sizeof(ctx->error));
	ctx->status = failures->worst;
	return failures->first;
}

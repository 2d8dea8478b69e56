/* SPDX-License-Identifier: GPL-2.0-only */
#include "report.h"

int report_new(struct vlu_ctx *ctx, struct vlu_report **ret_report)
{
	*ret_report = calloc(1, sizeof(**ret_report));
	return *ret_report ? 0 : vlu_nomem(ctx);
}

int report_give(struct vlu_ctx *ctx, struct vlu_report *report, struct vlu_report **ret_report)
{
	if (report->short_of_memory) {
		vlu_report_free(report);
		return vlu_nomem(ctx);
	}
	*ret_report = report;
	return 0;
}

void vlu_report_free(struct vlu_report *report)
{
	pool_end(report);
}

void report_add(struct vlu_report *report, const char *id, const struct verdict *verdict)
{
	struct vlu_check *row = pool_add(&report->pool, &report->rows, &report->n_rows);
	const char *argv[ARGLINE_MAX + 1];
	const struct argline *words;

	/* copied, since argv below will point into the copy */
	words = verdict->argv.n ? pool_copy(&report->pool, &verdict->argv, sizeof(*words)) : NULL;
	if (row)
		*row = (struct vlu_check){
			.id = id, .result = verdict->result, .advisory = verdict->advisory,
			.curable = verdict->curable,
			.detail = pool_text(&report->pool, verdict->detail,
					    sizeof(verdict->detail)),
			.fix = verdict->fix[0] ? pool_text(&report->pool, verdict->fix,
							   sizeof(verdict->fix)) : NULL,
			.fix_argv = words && argline_argv(words, argv) ?
				pool_copy(&report->pool, argv, sizeof(argv)) : NULL,
		};
	if (!row || !row->detail || (verdict->fix[0] && !row->fix) ||
	    (verdict->argv.n && (!words || !row->fix_argv)))
		report->short_of_memory = true;
}

bool vlu_report_is_complete(const struct vlu_report *report)
{
	return !report->unseen;
}

size_t vlu_report_count(const struct vlu_report *report)
{
	return report->n_rows;
}

const struct vlu_check *vlu_report_at(const struct vlu_report *report, size_t i)
{
	return i < report->n_rows ? &report->rows[i] : NULL;
}

/* A failure is worse than unknown; unknown, unless it is advisory, is worse than the other results. */
static bool is_worse(enum vlu_result result, bool advisory, enum vlu_result verdict)
{
	return result == VLU_FAIL || (result == VLU_UNKNOWN && !advisory && verdict != VLU_FAIL);
}

bool is_in_the_way(const struct vlu_check *row, enum vlu_result verdict)
{
	return !row->curable && is_worse(row->result, row->advisory, verdict);
}

enum vlu_result vlu_report_verdict(const struct vlu_report *report)
{
	enum vlu_result verdict = VLU_PASS;
	size_t i;

	for (i = 0; i < report->n_rows; i++)
		if (is_in_the_way(&report->rows[i], verdict))
			verdict = report->rows[i].result;
	return verdict;
}

void verdict_worsen(enum vlu_result *worst, const struct verdict *v)
{
	if (is_worse(v->result, v->advisory, *worst))
		*worst = v->result;
}

const char *result_word(enum vlu_result result)
{
	static const char *const words[] = {
		[VLU_PASS] = "pass", [VLU_FAIL] = "fail", [VLU_WARN] = "warn",
		[VLU_UNKNOWN] = "unknown",
	};

	return words[result];
}

void verdict_set(struct verdict *v, enum vlu_result result, const char *fmt, ...)
{
	va_list args;

	v->result = result;
	if (v->mute)
		return;
	va_start(args, fmt);
	vsnprintf(v->detail, sizeof(v->detail), fmt, args);
	va_end(args);
}

/* Returns false when the text was cut off. */
static bool __attribute__((format(printf, 2, 0)))
set_fix(struct verdict *v, const char *fmt, va_list args)
{
	v->argv.n = v->argv.used = 0;
	v->argv.full = false;
	return vsnprintf(v->fix, sizeof(v->fix), fmt, args) < (int)sizeof(v->fix);
}

void verdict_fix(struct verdict *v, const char *fmt, ...)
{
	va_list args;

	if (v->mute)
		return;
	va_start(args, fmt);
	set_fix(v, fmt, args);
	va_end(args);
}

void verdict_run(struct verdict *v, const char *fmt, ...)
{
	char *word, *save, line[sizeof(v->fix)];
	va_list args;
	bool whole;

	if (v->mute)
		return;
	va_start(args, fmt);
	whole = set_fix(v, fmt, args);
	va_end(args);
	strcpy(line, v->fix);
	for (word = strtok_r(line, " ", &save); whole && word; word = strtok_r(NULL, " ", &save))
		argline_add(&v->argv, word);
}

void verdict_shell(struct verdict *v, const char *fmt, ...)
{
	va_list args;
	bool whole;

	if (v->mute)
		return;
	va_start(args, fmt);
	whole = set_fix(v, fmt, args);
	va_end(args);
	if (!whole)
		return;
	argline_add(&v->argv, "sh");
	argline_add(&v->argv, "-c");
	argline_add(&v->argv, v->fix);
}

void look_without_config(struct verdict *v, const char *option)
{
	verdict_set(v, VLU_UNKNOWN, "no configuration of this kernel was found, so vfio-lu cannot "
		    "see whether it has %s", option);
	verdict_fix(v, "look for %s in the kernel's build", option);
}

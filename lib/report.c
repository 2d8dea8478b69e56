/* SPDX-License-Identifier: GPL-2.0-only */
#include "report.h"

int report_new(struct vlu_ctx *ctx, struct vlu_report **ret_report)
{
	*ret_report = calloc(1, sizeof(**ret_report));
	return *ret_report ? 0 : vlu_nomem(ctx);
}

void vlu_report_free(struct vlu_report *report)
{
	size_t i;

	if (!report)
		return;
	for (i = 0; i < report->n_rows; i++) {
		free((char *)report->rows[i].detail);
		free((char *)report->rows[i].fix);
	}
	free(report->rows);
	free(report);
}

void report_add(struct vlu_report *report, const char *id,
		const struct verdict *verdict)
{
	struct vlu_check *rows, *row;

	if (report->n_rows % 16 == 0) {
		rows = reallocarray(report->rows, report->n_rows + 16, sizeof(*rows));
		if (!rows) {
			report->short_of_memory = true;
			return;
		}
		report->rows = rows;
	}
	row = &report->rows[report->n_rows++];
	row->advisory = verdict->advisory;
	row->id = id;
	row->result = verdict->result;
	row->detail = strdup(verdict->detail);
	row->fix = verdict->fix[0] ? strdup(verdict->fix) : NULL;
	if (!row->detail || (verdict->fix[0] && !row->fix))
		report->short_of_memory = true;
}

size_t vlu_report_count(const struct vlu_report *report)
{
	return report->n_rows;
}

const struct vlu_check *vlu_report_at(const struct vlu_report *report, size_t i)
{
	return i < report->n_rows ? &report->rows[i] : NULL;
}

enum vlu_result vlu_report_verdict(const struct vlu_report *report)
{
	enum vlu_result verdict = VLU_PASS;
	size_t i;

	for (i = 0; i < report->n_rows; i++) {
		if (report->rows[i].result == VLU_FAIL)
			return VLU_FAIL;
		if (report->rows[i].result == VLU_UNKNOWN && !report->rows[i].advisory)
			verdict = VLU_UNKNOWN;
	}
	return verdict;
}

void verdict_set(struct verdict *v, enum vlu_result result, const char *fmt, ...)
{
	va_list args;

	v->result = result;
	va_start(args, fmt);
	vsnprintf(v->detail, sizeof(v->detail), fmt, args);
	va_end(args);
}

void verdict_fix(struct verdict *v, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(v->fix, sizeof(v->fix), fmt, args);
	va_end(args);
}

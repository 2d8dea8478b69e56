/* SPDX-License-Identifier: GPL-2.0-only */
/* A list of verdicts. */
#ifndef VLU_REPORT_H
#define VLU_REPORT_H

#include "private.h"

struct vlu_report {
	struct vlu_check *rows;
	size_t n_rows;
	bool short_of_memory;
};

/* The verdict of one rule, filled in by the rule. */
struct verdict {
	enum vlu_result result;
	bool advisory;		/* see struct vlu_check */
	char detail[512];
	char fix[256];
};

int report_new(struct vlu_ctx *ctx, struct vlu_report **ret_report) must_check;
void report_add(struct vlu_report *report, const char *id,
		const struct verdict *verdict);

void verdict_set(struct verdict *v, enum vlu_result result, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void verdict_fix(struct verdict *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif

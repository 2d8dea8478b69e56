/* SPDX-License-Identifier: GPL-2.0-only */
/* Verdicts, and the report that lists them. */
#ifndef VLU_CHECKS_REPORT_H
#define VLU_CHECKS_REPORT_H

#include "base/pool.h"

struct vlu_report {
	struct pool pool;	/* owns all strings */
	struct vlu_check *rows;
	size_t n_rows;
	bool short_of_memory;
	bool unseen;		/* see vlu_report_is_complete() */
};

/* The verdict of a rule, which the rule fills in. */
struct verdict {
	enum vlu_result result;
	bool advisory, curable;	/* see struct vlu_check */
	bool mute;		/* only the result is needed, no detail and no fix */
	char detail[512];
	char fix[512];
	struct argline argv;	/* the fix as a command, if it is one */
};

/* Prepares v for a rule. Does not clear all of it, since this runs for thousands of devices. */
static inline void verdict_start(struct verdict *v)
{
	v->advisory = v->curable = v->mute = false;
	v->result = VLU_PASS;
	v->detail[0] = v->fix[0] = '\0';
	v->argv.n = v->argv.used = 0;
	v->argv.full = false;
}

int report_new(struct vlu_ctx *ctx, struct vlu_report **ret_report) must_check;
void report_add(struct vlu_report *report, const char *id, const struct verdict *verdict);
/* Gives the report to the caller, or frees it and fails if there was not enough memory for it. */
int report_give(struct vlu_ctx *ctx, struct vlu_report *report, struct vlu_report **ret_report)
	must_check;

/*
 * Does this row stop a command? A curable row never does. Of the others, a failed row does, and an
 * unknown row that is not advisory does, unless the verdict (of the report, or of its rows so far) is fail anyway.
 */
bool is_in_the_way(const struct vlu_check *row, enum vlu_result verdict);

void verdict_set(struct verdict *v, enum vlu_result result, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void verdict_fix(struct verdict *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Combines v into the worst verdict so far. */
void verdict_worsen(enum vlu_result *worst, const struct verdict *v);
/* Sets a fix that is a command: words separated by single blanks. */
void verdict_run(struct verdict *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Sets a fix that needs a shell. */
void verdict_shell(struct verdict *v, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* "pass", "fail", "warn" or "unknown" */
const char *result_word(enum vlu_result result);
/* Sets the verdict of a rule that lacks the kernel configuration: unknown. */
void look_without_config(struct verdict *v, const char *option);

#endif

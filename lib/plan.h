/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes as data: a list of steps that can be printed, run, and undone.
 * Steps of one group stand or fall together.
 */
#ifndef VLU_PLAN_H
#define VLU_PLAN_H

#include "private.h"

struct step;

struct step_kind {
	/*
	 * The sentence of --dry-run; %p stands for the step's path, %v for
	 * its value, %d for its device.
	 */
	const char *text;
	int (*run)(struct vlu_plan *plan, struct step *step);
	/* NULL: there is nothing to undo. Failure makes the plan partial. */
	int (*undo)(struct vlu_plan *plan, struct step *step);
};

struct step {
	const struct step_kind *kind;
	unsigned int group;
	struct vlu_bdf bdf;
	char *path;
	char *value;
	char *before;	/* what undo brings back */
	char *text;	/* of vlu_plan_step() */
	bool done;
};

/* What a group that failed does to the groups after it. */
enum plan_policy {
	PLAN_ALL,	/* undo every group, newest first: all or nothing */
	PLAN_EACH,	/* undo this group, go on with the next */
	PLAN_STOP,	/* undo this group and stop; earlier groups stay */
};

struct vlu_plan {
	struct vlu_ctx *ctx;
	enum plan_policy policy;
	struct step *steps;
	size_t n_steps;
	char **results;
	size_t n_results;
	unsigned int group;	/* of steps added now */
	/* for the steps of session plans, session.c */
	void *data;
	void (*free_data)(void *data);
};

int plan_new(struct vlu_ctx *ctx, enum plan_policy policy,
	     struct vlu_plan **ret_plan) must_check;
/* path, value, before may be NULL; they are copied. */
int plan_add(struct vlu_plan *plan, const struct step_kind *kind,
	     struct vlu_bdf bdf, const char *path, const char *value,
	     const char *before) must_check;
/*
 * A sentence for vlu_plan_result(). One said while the plan is being built
 * holds only if all of it succeeds; one said by a step is true at once.
 */
int plan_say(struct vlu_plan *plan, const char *fmt, ...)
	must_check __attribute__((format(printf, 2, 3)));

/* Write value to the attribute path, write before to undo it. */
extern const struct step_kind step_write;

#endif

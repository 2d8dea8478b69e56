/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes as data: a list of steps that can be printed, run, and undone.
 * Steps of one group stand or fall together; a group is most often a device.
 */
#ifndef VLU_PLAN_H
#define VLU_PLAN_H

#include <limits.h>

#include "private.h"

struct step;

/* From step_kind.run: what is left to do is to write the step's value to its path. */
#define STEP_WRITE 1
/* Somebody else is to do something first: run is called again soon, the other groups go on. */
#define STEP_AGAIN 2

struct step_kind {
	/*
	 * The sentence of --dry-run; %p stands for the step's path, %v for
	 * its value, %d for its device.
	 */
	const char *text;
	/* 0, STEP_WRITE, STEP_AGAIN, or a negative errno and vlu_fail() */
	int (*run)(struct vlu_plan *plan, struct step *step);
	/*
	 * After STEP_WRITE, which the kernel may take its time for: other
	 * groups go on meanwhile. ret is what came of it, 0 or a negative
	 * errno; returns as run does. -ETIMEDOUT: of STEP_AGAIN, as long as the
	 * context's timeout.
	 */
	int (*wrote)(struct vlu_plan *plan, struct step *step, int ret);
	/* NULL: there is nothing to undo. Failure makes the plan partial. */
	int (*undo)(struct vlu_plan *plan, struct step *step);
};

struct step {
	const struct step_kind *kind;
	unsigned int group;
	bool beside;	/* its group goes at the same time as its neighbours, if they are, too */
	struct vlu_bdf bdf;
	char *path;
	char *value;
	char *extra;	/* what else the kind wants to know */
	char *text;	/* of vlu_plan_step() */
	bool done;
};

struct steps {
	struct step *at;
	size_t n;
};

/* What a group that failed does to the groups after it. */
enum plan_policy {
	PLAN_ALL,	/* undo every group, newest first: all or nothing */
	PLAN_STOP,	/* undo this group and stop; earlier groups and those beside it stay */
};

struct vlu_plan {
	struct vlu_ctx *ctx;
	enum plan_policy policy;
	struct steps forth;
	/*
	 * The way back of a group that has written something and failed: steps
	 * that look for themselves what is left to do. When they are through,
	 * the undo of steps that were done follows.
	 */
	struct steps back;
	struct plan_result {
		unsigned int group;
		bool planned;	/* true only if the whole group succeeds */
		char *text;
	} *results;	/* in the order of the groups */
	size_t n_results;
	bool running;
	unsigned int group;	/* of steps added now, and of the step that runs */
	bool beside;		/* of steps added now; PLAN_STOP only */
	vlu_progress_fn watch;
	void *watch_arg;
	/*
	 * What to do with a function that a driver took after the plan was
	 * made, so that it has vfio-pci all the same; NULL: leave it alone.
	 */
	int (*taken)(struct vlu_plan *plan, struct vlu_bdf bdf);
	/* for the steps of session plans, session.c */
	void *data;
	void (*free_data)(void *data);
};

int plan_new(struct vlu_ctx *ctx, enum plan_policy policy,
	     struct vlu_plan **ret_plan) must_check;
/* path, value, extra may be NULL; they are copied. */
int plan_add(struct vlu_plan *plan, const struct step_kind *kind,
	     struct vlu_bdf bdf, const char *path, const char *value,
	     const char *extra) must_check;
int plan_add_back(struct vlu_plan *plan, const struct step_kind *kind,
		  struct vlu_bdf bdf, const char *path, const char *value,
		  const char *extra) must_check;
/* The sentence of a step; NULL when memory is short. */
const char *step_text(struct step *step);
/*
 * A sentence for vlu_plan_result(). One said while the plan is being built
 * holds only if it succeeds; one said by a step is true at once.
 */
int plan_say(struct vlu_plan *plan, const char *fmt, ...)
	must_check __attribute__((format(printf, 2, 3)));
/* What was said of these groups while the plan was built is not so. */
void plan_unsay(struct vlu_plan *plan, unsigned int first, unsigned int last);
#define ALL_GROUPS 0, UINT_MAX

/*
 * Several failures of one request: each is told once, in order, and the last
 * one stays the context's.
 */
struct failures {
	size_t n;
	int first;	/* errno */
	enum vlu_status worst;
	char last[1024];
};
void failures_add(struct vlu_ctx *ctx, struct failures *failures, int err,
		  enum vlu_status status, const char *text);
/* The first errno, 0 if there was none. */
int failures_end(struct vlu_ctx *ctx, const struct failures *failures) must_check;

#endif

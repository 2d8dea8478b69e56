/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A plan is a change as data: a list of steps that can be printed, run and undone.
 * The steps of one group succeed or fail together. A group is usually a device.
 */
#ifndef VLU_PLAN_PLAN_H
#define VLU_PLAN_PLAN_H

#include <limits.h>

#include "base/pool.h"

struct step;

/* step_kind.run returns this to have the step's value written to its path. */
#define STEP_WRITE 1
/* step_kind.run returns this to be called again soon, while the other groups go on. */
#define STEP_AGAIN 2

typedef int (*step_fn)(struct step *step);

struct step_kind {
	/* The sentence of --dry-run. %p is the step's path, %v its value, %d its device. */
	const char *text;
	/* Returns 0, STEP_WRITE, STEP_AGAIN, or an errno after vlu_fail(). NULL: nothing to run. */
	step_fn run;
	/*
	 * Called when the write of STEP_WRITE has returned ret: 0 or a negative errno.
	 * Also called with -ETIMEDOUT when STEP_AGAIN was repeated for the context's
	 * timeout. Returns 0, or an errno after vlu_fail().
	 */
	int (*wrote)(struct step *step, int ret);
	/* NULL: nothing to undo. A failure makes the plan VLU_PARTIAL. */
	step_fn undo;
};

struct step {
	struct vlu_plan *plan;
	const struct step_kind *kind;
	unsigned int group;
	bool beside;	/* its group runs at the same time as neighbours that have this set too */
	struct vlu_bdf bdf;
	char name[VLU_BDF_SIZE];	/* bdf as text */
	char *path;
	char *value;
	char *extra;	/* a further argument for the kind */
	const char *text;	/* the text of vlu_plan_step() */
	bool done;
};

struct steps {
	struct step *at;
	size_t n;
};

/*
 * The effect of a failed group on the other groups. Adjacent groups that have beside set
 * run in parallel, and the failure of one stops none of them.
 */
enum plan_policy {
	PLAN_ALL,	/* undo all groups, newest first */
	PLAN_STOP,	/* undo the failed group, but keep the groups that have completed; start
			   no later group, except for those that run in parallel with it */
	PLAN_EACH,	/* as PLAN_STOP, but later groups start if the failed one has beside set */
};

struct vlu_plan {
	struct pool pool;	/* the memory of the whole plan */
	struct vlu_ctx *ctx;
	enum plan_policy policy;
	struct steps forth;
	/*
	 * Steps that run when a group has written something and failed. Each finds out
	 * itself what is to be undone. The undo of the completed steps follows.
	 */
	struct steps back;
	struct plan_result {
		unsigned int group;
		bool planned;	/* added while planning; counts only if the whole group succeeds */
		struct vlu_deed deed;
	} *results;	/* in the order of the groups */
	size_t n_results;
	bool locked;	/* the plan holds the lock */
	bool failed;	/* out of memory: the plan is incomplete */
	bool running;
	unsigned int group;	/* group of steps added now, and of the step that runs */
	bool beside;		/* for steps added now; not with PLAN_ALL */
	vlu_progress_fn watch;
	void *watch_arg;
	vlu_leave_fn leave;	/* of vlu_plan_on_leave(), or NULL */
	void *leave_arg;
	/*
	 * Binds to vfio-pci a device that another driver took since the plan was made.
	 * NULL: the step fails.
	 */
	int (*taken)(struct vlu_plan *plan, struct vlu_bdf bdf);
	const char *waiting;	/* for vlu_plan_waiting(); NULL: none */
	/* data of session plans, session/session.c */
	void *data;
	void (*free_data)(void *data);
};

int plan_new(struct vlu_ctx *ctx, enum plan_policy policy,
	     struct vlu_plan **ret_plan) must_check;
/* Makes a plan as plan_new() does and takes the lock until the plan is freed. */
int plan_begin(struct vlu_ctx *ctx, enum plan_policy policy,
	       struct vlu_plan **ret_plan) must_check;
/* Ends the making of a plan: passes it to the caller, or frees it if ret is an error. */
int plan_give(struct vlu_plan *plan, int ret, struct vlu_plan **ret_plan) must_check;
/*
 * Adds a step. path, value and extra may be NULL and are copied. If this or plan_say() runs out
 * of memory, plan_give() and vlu_plan_run() fail, so callers need not check.
 */
int plan_add(struct vlu_plan *plan, const struct step_kind *kind,
	     struct vlu_bdf bdf, const char *path, const char *value,
	     const char *extra);
int plan_add_back(struct vlu_plan *plan, const struct step_kind *kind,
		  struct vlu_bdf bdf, const char *path, const char *value,
		  const char *extra) must_check;
/*
 * For a step that has failed and was done in part: undoes it, since the plan undoes only steps
 * that are done. Returns ret.
 */
int step_retreat(struct step *step, int ret);
/* Returns the sentence of a step, or NULL when out of memory. */
const char *step_text(struct step *step);
/*
 * Adds a result for vlu_plan_result(). A result added while the plan is being made
 * counts only if its group succeeds; a result added by a running step counts at once.
 * action is one of the results[].action words of vfio-lu-json(5).
 */
int plan_say_so(struct vlu_plan *plan, const char *action, bool already, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
#define plan_say(plan, action, ...) plan_say_so(plan, action, false, __VA_ARGS__)
#define plan_say_already(plan, action, ...) plan_say_so(plan, action, true, __VA_ARGS__)
/* Drops the results of these groups that were added while the plan was made. */
void plan_unsay(struct vlu_plan *plan, unsigned int first, unsigned int last);
#define ALL_GROUPS 0, UINT_MAX

#endif

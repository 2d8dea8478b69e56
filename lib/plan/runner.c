/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs plans, in one thread. A write into sysfs may never return, so child processes
 * make these writes while the other groups go on. Threads cannot do this: a thread that
 * is stuck in the kernel keeps its process from ending. (The calls that session_bind()
 * makes in threads end by themselves.)
 */
#include "base/cache.h"
#include "plan/lane.h"

#define AT_ONCE		64	/* lanes; the limit of sys_wait() */
#define TICK		1000	/* ms between two calls of the progress function */
#define SOON		20	/* ms between two tries of STEP_AGAIN */

struct run {
	struct vlu_plan *plan;
	struct lane *lanes;
	size_t n_lanes;
	size_t from, to;	/* the lanes that run at the same time now */
	struct failures own;	/* failures that stop no other group, PLAN_EACH */
};

/* Counts the ended lanes among those that run at the same time. */
static size_t count_ended(const struct run *run)
{
	size_t i, n = 0;

	for (i = run->from; i < run->to; i++)
		n += run->lanes[i].way >= ARRIVED;
	return n;
}

static void tell(struct run *run)
{
	struct vlu_plan *plan = run->plan;
	const struct lane *lane, *longest = NULL;

	if (!plan->watch)
		return;
	for (lane = run->lanes; lane < run->lanes + run->n_lanes; lane++)
		if ((lane->fd >= 0 || lane->waits) && (!longest || lane->since < longest->since))
			longest = lane;
	plan->watch(plan->watch_arg, count_ended(run), run->to - run->from,
		    longest ? step_text(lane_step(longest)) : NULL);
}

/*
 * Waits at most TICK, until a write ends or is given up, or a lane can continue. If the parameter look is true,
 * checks once and does not wait.
 */
static void wait_for_one(struct run *run, bool look)
{
	struct vlu_ctx *ctx = run->plan->ctx;
	/* With a timeout of 0 each write would be given up at once. */
	unsigned int seconds = ctx->timeout ? ctx->timeout : 1;
	long long now = vlu_now(), left, least = TICK;
	struct lane *lanes[AT_ONCE];
	int fds[AT_ONCE], ret;
	size_t i, n = 0;

	for (i = 0; i < run->n_lanes && n < AT_ONCE; i++) {
		struct lane *lane = &run->lanes[i];

		if (lane->waits && least > SOON)
			least = SOON;
		if (lane->fd < 0)
			continue;
		left = lane->since + seconds * 1000LL - now;
		if (left < least)
			least = left > 0 ? left : 0;
		lanes[n] = lane;
		fds[n++] = lane->fd;
	}
	if (!n) {
		if (!look && least == SOON)
			vlu_sleep(SOON);
		return;
	}
	ret = sys_wait(&ctx->sys, fds, n, look ? 0 : (int)least);
	/* If the kernel boundary cannot wait for several writes (ret < 0), wait for the first. */
	if (ret != -ETIMEDOUT) {
		lane_answer(lanes[ret < 0 ? 0 : ret]);
		return;
	}
	now = vlu_now();
	for (i = 0; i < n; i++)
		if (now - lanes[i]->since >= seconds * 1000LL)
			lane_leave(lanes[i], seconds);
}

static void finish(struct run *run, struct lane *lane)
{
	lane_go(lane);
	while (lane->way == FORTH || lane->way == BACK) {
		wait_for_one(run, false);
		if (lane->waits)
			lane_go(lane);
		tell(run);
	}
}

static size_t in_flight(const struct run *run)
{
	size_t i, n = 0;

	for (i = 0; i < run->n_lanes; i++)
		n += run->lanes[i].fd >= 0;
	return n;
}

static void run_together(struct run *run)
{
	struct lane *next = run->lanes + run->from, *end = run->lanes + run->to, *lane;
	bool starts;

	while (count_ended(run) < run->to - run->from) {
		starts = next < end && in_flight(run) < AT_ONCE;
		if (starts) {
			lane_start(next, FORTH);
			lane_go(next++);
		}
		/* Before starting more children, collect those that have ended. */
		wait_for_one(run, starts);
		for (lane = run->lanes + run->from; lane < next; lane++)
			if (lane->waits)
				lane_go(lane);
		tell(run);
	}
}

/* For PLAN_ALL: undoes the lanes that ran before `last`, which failed; the newest first. */
static void turn_back(struct run *run, struct lane *last)
{
	struct lane *lane = last;

	while (lane > run->lanes) {
		lane--;
		lane->failure = last->failure;
		lane_start(lane, BACK);
		finish(run, lane);
		last->failure = lane->failure;
	}
}

static int end_of_one(struct run *run, struct lane *last)
{
	struct vlu_ctx *ctx = run->plan->ctx;
	const struct lane *lane;

	if (run->plan->policy == PLAN_ALL)
		turn_back(run, last);
	plan_unsay(run->plan, ALL_GROUPS);
	ctx->failure = last->failure;
	/* The changes by the lanes before the failed one remain. Group 0 has no device. */
	for (lane = run->lanes; run->plan->policy != PLAN_ALL && lane < last; lane++)
		if (lane->group)
			ctx->failure.status = VLU_PARTIAL;
	return last->failure.err;
}

/* Collects the failures in the order of the groups. */
static int end_of_each(struct run *run)
{
	struct vlu_ctx *ctx = run->plan->ctx;
	struct failures failures = { 0 };
	bool arrived = false, stuck = false;
	size_t i;

	for (i = run->from; i < run->to; i++) {
		const struct lane *lane = &run->lanes[i];

		if (lane->way == ARRIVED) {
			arrived = true;
			continue;
		}
		stuck |= lane->way == STUCK;
		plan_unsay(run->plan, lane->group, lane->group);
		failures_add(ctx, &failures, &lane->failure);
	}
	/* Some devices changed and some did not: VLU_PARTIAL. */
	if (failures.n && arrived && !stuck)
		failures.worst = VLU_PARTIAL;
	if (failures.n && run->plan->policy == PLAN_EACH) {
		run->own = failures;
		return 0;
	}
	/* The groups after these do not start. */
	if (failures.n && run->to < run->n_lanes)
		plan_unsay(run->plan, run->lanes[run->to].group, UINT_MAX);
	return failures_end(ctx, &failures);
}

static int make_lanes(struct run *run)
{
	const struct steps *forth = &run->plan->forth;
	size_t i;

	for (i = 0; i < forth->n; i++)
		run->n_lanes += !i || forth->at[i].group != forth->at[i - 1].group;
	run->lanes = calloc(run->n_lanes + 1, sizeof(*run->lanes));
	if (!run->lanes)
		return vlu_nomem(run->plan->ctx);
	run->n_lanes = 0;
	for (i = 0; i < forth->n; i++)
		if (!i || forth->at[i].group != forth->at[i - 1].group)
			run->lanes[run->n_lanes++] = (struct lane){
				.plan = run->plan, .group = forth->at[i].group,
				.beside = forth->at[i].beside, .fd = -1,
			};
	return 0;
}

/* Reports the failures of PLAN_EACH, before the failure that ended the plan, if there is one. */
static int end_of_own(struct run *run, int ret)
{
	struct vlu_ctx *ctx = run->plan->ctx;

	if (!run->own.n)
		return ret;
	if (ret) {
		failure_log(ctx, VLU_LOG_ERROR, &run->own.last);
		return ret;
	}
	run->own.worst = VLU_PARTIAL;
	return failures_end(ctx, &run->own);
}

/* Runs the lanes that run at the same time, or a single lane. */
static int run_stretch(struct run *run)
{
	struct lane *lane = &run->lanes[run->from];

	run->to = run->from + 1;
	if (!lane->beside) {
		lane_start(lane, FORTH);
		finish(run, lane);
		return lane->way == ARRIVED ? 0 : end_of_one(run, lane);
	}
	while (run->to < run->n_lanes && run->lanes[run->to].beside)
		run->to++;
	run_together(run);
	return end_of_each(run);
}

int vlu_plan_run(struct vlu_plan *plan)
{
	struct run run = { .plan = plan };
	int ret;

	ret = vlu_lock(plan->ctx);
	if (ret) {
		plan_unsay(plan, ALL_GROUPS);
		return ret;
	}
	plan->running = true;
	plan->ctx->plan_depth++;
	plan->ctx->plan_ran = true;
	ret = make_lanes(&run);
	for (; !ret && run.from < run.n_lanes; run.from = run.to)
		ret = run_stretch(&run);
	ret = end_of_own(&run, ret);
	if (!ret && plan->failed)
		ret = vlu_nomem(plan->ctx);
	plan->running = false;
	/*
	 * Only the outermost plan ends the writers: at the end of an inner plan, writes of the
	 * outer plan may still be in progress.
	 */
	if (!--plan->ctx->plan_depth) {
		sys_writers_end(&plan->ctx->sys);
		/* The plan has changed the machine. */
		cache_drop(plan->ctx);
	}
	vlu_unlock(plan->ctx);
	free(run.lanes);
	return ret;
}

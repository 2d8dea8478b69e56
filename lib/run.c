/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs plans. There is one thread; what may take for ever are writes into
 * sysfs, and those are made by children while the groups that wait for none go
 * on. A thread would not do: one that the kernel keeps keeps its process from
 * ending. (What session_bind() does in threads the kernel gives up by itself.)
 */
#include "plan.h"

#define AT_ONCE		64	/* as many as sys_wait() takes */
#define TICK		1000	/* ms: how often progress is told while all wait */
#define SOON		20	/* ms: how often it is seen whether somebody else is done */

enum way { WAITING, FORTH, BACK, ARRIVED, FAILED, STUCK };

/* A group on its way through its steps. */
struct lane {
	unsigned int group;
	bool beside;		/* it goes at the same time as its neighbours */
	enum way way;
	size_t at, end;		/* in plan->forth or plan->back */
	bool touched;		/* something was written */
	int fd;			/* of the write in flight, -1: none */
	pid_t pid;
	bool waits;		/* for somebody else, STEP_AGAIN */
	long long since;	/* of either */
	int err;
	enum vlu_status status;
	char error[1024];
};

struct run {
	struct vlu_plan *plan;
	struct lane *lanes;
	size_t n_lanes, n_ended;
	size_t from, to;	/* the lanes that go at the same time now */
};

static struct steps *steps_of(struct run *run, const struct lane *lane)
{
	return lane->way == BACK ? &run->plan->back : &run->plan->forth;
}

static struct step *current(struct run *run, const struct lane *lane)
{
	return &steps_of(run, lane)->at[lane->at];
}

/* The steps of a group are next to each other. */
static void set_out(struct run *run, struct lane *lane, enum way way)
{
	const struct steps *steps;

	lane->way = way;
	steps = steps_of(run, lane);
	for (lane->at = 0; lane->at < steps->n; lane->at++)
		if (steps->at[lane->at].group == lane->group)
			break;
	for (lane->end = lane->at; lane->end < steps->n; lane->end++)
		if (steps->at[lane->end].group != lane->group)
			break;
	/* From where nothing was written there is nothing to go back. */
	if (way == BACK && !lane->touched)
		lane->at = lane->end;
}

/* ------------------------------------------------------------- one lane */

static void keep_error(struct vlu_ctx *ctx, struct lane *lane, int err)
{
	lane->err = err;
	lane->status = ctx->status;
	memcpy(lane->error, ctx->error, sizeof(lane->error));
}

/* What led here was told in lane->error; the context has why there is no way back. */
static void not_undone(struct vlu_ctx *ctx, struct lane *lane)
{
	char why[sizeof(ctx->error)];

	if (lane->status == VLU_PARTIAL)
		return;
	memcpy(why, ctx->error, sizeof(why));
	vlu_fail(ctx, VLU_PARTIAL, lane->err, "%.600s; and it could not be undone: %.300s",
		 lane->error, why);
	keep_error(ctx, lane, lane->err);
}

/* Undo what was done of a group, newest step first. */
static void undo_done(struct run *run, struct lane *lane)
{
	struct vlu_plan *plan = run->plan;
	struct step *step;
	size_t i;

	for (i = plan->forth.n; i-- > 0; ) {
		step = &plan->forth.at[i];
		if (step->group != lane->group || !step->done)
			continue;
		step->done = false;
		if (!step->kind->undo)
			continue;
		vlu_log(plan->ctx, VLU_LOG_DEBUG, "undo: %s", step_text(step));
		if (step->kind->undo(plan, step))
			not_undone(plan->ctx, lane);
	}
}

static void end_lane(struct run *run, struct lane *lane, enum way way)
{
	lane->way = way;
	run->n_ended++;
}

/* The context has the failure of the step that the lane is at. */
static void failed(struct run *run, struct lane *lane, int err)
{
	if (lane->way == FORTH) {
		keep_error(run->plan->ctx, lane, err);
		set_out(run, lane, BACK);
	} else {
		/* What it was is all the more needed now: nothing else is undone. */
		not_undone(run->plan->ctx, lane);
		end_lane(run, lane, FAILED);
	}
}

/* What came of the step that the lane is at. */
static void stepped(struct run *run, struct lane *lane, int ret)
{
	if (ret) {
		failed(run, lane, ret);
		return;
	}
	current(run, lane)->done = true;
	lane->at++;
}

static void at_end(struct run *run, struct lane *lane)
{
	if (lane->way == BACK) {
		undo_done(run, lane);
		end_lane(run, lane, FAILED);
	} else {
		end_lane(run, lane, ARRIVED);
	}
}

/* Until there is nothing to do but wait for a write. */
static void go(struct run *run, struct lane *lane)
{
	struct vlu_plan *plan = run->plan;
	struct step *step;
	int ret;

	plan->group = lane->group;
	while ((lane->way == FORTH || lane->way == BACK) && lane->fd < 0) {
		if (lane->at == lane->end) {
			at_end(run, lane);
			continue;
		}
		step = current(run, lane);
		vlu_log(plan->ctx, VLU_LOG_DEBUG, "%s%s", lane->way == BACK ? "undo: " : "",
			step_text(step));
		ret = step->kind->run(plan, step);
		if (ret == STEP_AGAIN && !lane->waits)
			lane->since = vlu_now();
		lane->waits = ret == STEP_AGAIN;
		if (lane->waits && vlu_now() - lane->since < plan->ctx->timeout * 1000LL)
			return;
		if (lane->waits)
			ret = step->kind->wrote(plan, step, -ETIMEDOUT);
		lane->waits = false;
		if (ret != STEP_WRITE) {
			stepped(run, lane, ret);
			continue;
		}
		ret = sys_write_start(&plan->ctx->sys, step->path, step->value,
				      strlen(step->value), &lane->pid);
		if (ret < 0) {
			stepped(run, lane, step->kind->wrote(plan, step, ret));
			continue;
		}
		lane->fd = ret;
		lane->since = vlu_now();
		lane->touched = true;
	}
}

static void take_answer(struct run *run, struct lane *lane)
{
	struct vlu_plan *plan = run->plan;
	struct step *step = current(run, lane);
	ssize_t n = sys_write_end(&plan->ctx->sys, lane->fd);

	lane->fd = -1;
	if (n >= 0)
		n = (size_t)n == strlen(step->value) ? 0 : -EIO;
	plan->group = lane->group;
	stepped(run, lane, step->kind->wrote(plan, step, (int)n));
	go(run, lane);
}

/* Nothing more is done with a device that the kernel has not given back. */
static void leave_behind(struct run *run, struct lane *lane, unsigned int seconds)
{
	struct vlu_ctx *ctx = run->plan->ctx;

	vlu_fail(ctx, VLU_BUSY, -ETIMEDOUT, "%.500s: the kernel has not come back from it "
		 "within %u s, and nothing more was done there; process %d still waits for "
		 "it. When that has ended, the same command takes up where this one stopped",
		 step_text(current(run, lane)), seconds, (int)lane->pid);
	if (lane->err)
		not_undone(ctx, lane);
	else
		keep_error(ctx, lane, -ETIMEDOUT);
	sys_write_leave(&ctx->sys, lane->fd);
	lane->fd = -1;
	end_lane(run, lane, STUCK);
}

/* ------------------------------------------------------------ all lanes */

static void tell(struct run *run)
{
	struct vlu_plan *plan = run->plan;
	const struct lane *lane, *longest = NULL;

	if (!plan->watch)
		return;
	for (lane = run->lanes; lane < run->lanes + run->n_lanes; lane++)
		if (lane->fd >= 0 && (!longest || lane->since < longest->since))
			longest = lane;
	plan->watch(plan->watch_arg, run->n_ended - run->from, run->to - run->from,
		    longest ? step_text(current(run, longest)) : NULL);
}

/* Waits until a write of any lane has ended, or is given up, or one may go on; or only looks. */
static void wait_for_one(struct run *run, bool look)
{
	struct vlu_ctx *ctx = run->plan->ctx;
	/* Nothing at all would be done in no time at all. */
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
	/* Who cannot wait for any of them waits for one after the other. */
	if (ret != -ETIMEDOUT) {
		take_answer(run, lanes[ret < 0 ? 0 : ret]);
		return;
	}
	now = vlu_now();
	for (i = 0; i < n; i++)
		if (now - lanes[i]->since >= seconds * 1000LL)
			leave_behind(run, lanes[i], seconds);
}

static void finish(struct run *run, struct lane *lane)
{
	go(run, lane);
	while (lane->way == FORTH || lane->way == BACK) {
		wait_for_one(run, false);
		if (lane->waits)
			go(run, lane);
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

	while (run->n_ended < run->to) {
		starts = next < end && in_flight(run) < AT_ONCE;
		if (starts) {
			set_out(run, next, FORTH);
			go(run, next++);
		}
		/* A child that is done in the meantime need not be made again. */
		wait_for_one(run, starts);
		for (lane = run->lanes + run->from; lane < next; lane++)
			if (lane->waits)
				go(run, lane);
		tell(run);
	}
}

/* All or nothing: the groups before go back as well, newest first. */
static void turn_back(struct run *run, struct lane *last)
{
	struct lane *lane = last;

	while (lane > run->lanes) {
		lane--;
		lane->err = last->err;
		lane->status = last->status;
		memcpy(lane->error, last->error, sizeof(lane->error));
		set_out(run, lane, BACK);
		finish(run, lane);
		last->status = lane->status;
		memcpy(last->error, lane->error, sizeof(last->error));
	}
}

static int end_of_one(struct run *run, struct lane *last)
{
	struct vlu_ctx *ctx = run->plan->ctx;
	const struct lane *lane;

	if (run->plan->policy == PLAN_ALL)
		turn_back(run, last);
	plan_unsay(run->plan, ALL_GROUPS);
	memcpy(ctx->error, last->error, sizeof(ctx->error));
	ctx->status = last->status;
	/* What is done of the devices before it stays done. */
	for (lane = run->lanes; run->plan->policy == PLAN_STOP && lane < last; lane++)
		if (lane->group)
			ctx->status = VLU_PARTIAL;
	return last->err;
}

/* In the order of the groups, whichever was the first to end. */
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
		failures_add(ctx, &failures, lane->err, lane->status, lane->error);
	}
	/* Some devices moved and some did not: that is not "nothing half done". */
	if (failures.n && arrived && !stuck)
		failures.worst = VLU_PARTIAL;
	/* The groups after them do not begin. */
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
				.group = forth->at[i].group,
				.beside = forth->at[i].beside, .fd = -1,
			};
	return 0;
}

/* Lanes that are beside each other, or one that is not. */
static int run_stretch(struct run *run)
{
	struct lane *lane = &run->lanes[run->from];

	run->to = run->from + 1;
	if (!lane->beside) {
		set_out(run, lane, FORTH);
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
	ret = make_lanes(&run);
	for (; !ret && run.from < run.n_lanes; run.from = run.to)
		ret = run_stretch(&run);
	plan->running = false;
	/* The outer plan's children are still at it. */
	if (!--plan->ctx->plan_depth)
		sys_writers_end(&plan->ctx->sys);
	vlu_unlock(plan->ctx);
	free(run.lanes);
	return ret;
}

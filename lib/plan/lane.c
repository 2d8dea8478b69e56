/* SPDX-License-Identifier: GPL-2.0-only */
#include "plan/lane.h"

static struct steps *steps_of(const struct lane *lane)
{
	return lane->way == BACK ? &lane->plan->back : &lane->plan->forth;
}

struct step *lane_step(const struct lane *lane)
{
	return &steps_of(lane)->at[lane->at];
}

/* The steps of a group are adjacent. */
void lane_start(struct lane *lane, enum way way)
{
	const struct steps *steps;

	lane->way = way;
	steps = steps_of(lane);
	for (lane->at = 0; lane->at < steps->n; lane->at++)
		if (steps->at[lane->at].group == lane->group)
			break;
	for (lane->end = lane->at; lane->end < steps->n; lane->end++)
		if (steps->at[lane->end].group != lane->group)
			break;
	/* If the lane has written nothing, its steps in plan->back have no work. */
	if (way == BACK && !lane->touched)
		lane->at = lane->end;
}

/* lane->failure is the original failure; the context has the failure of the undo. */
static void not_undone(struct vlu_ctx *ctx, struct lane *lane)
{
	if (lane->failure.status == VLU_PARTIAL)
		return;
	failure_join(ctx, &lane->failure, "; and it could not be undone: ");
	lane->failure = ctx->failure;
}

/* Undoes the steps that were done, newest first. */
static void undo_done(struct lane *lane)
{
	struct vlu_plan *plan = lane->plan;
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
		if (step->kind->undo(step))
			not_undone(plan->ctx, lane);
	}
}

/* The current step has failed, and the context has the failure. */
static void failed(struct lane *lane, int err)
{
	if (lane->way == FORTH) {
		lane->failure = lane->plan->ctx->failure;
		lane->failure.err = err;
		lane_start(lane, BACK);
	} else {
		/* A step of plan->back has failed, so this lane undoes nothing more. */
		not_undone(lane->plan->ctx, lane);
		lane->way = FAILED;
	}
}

/* Takes the result of the current step and moves on. */
static void stepped(struct lane *lane, int ret)
{
	if (ret) {
		failed(lane, ret);
		return;
	}
	lane_step(lane)->done = true;
	lane->at++;
}

static void at_end(struct lane *lane)
{
	if (lane->way == BACK) {
		undo_done(lane);
		lane->way = FAILED;
	} else {
		lane->way = ARRIVED;
	}
}

/* A stop request ends neither an undo nor a nested plan (one that a step of another plan runs). */
static int stopped(const struct lane *lane, struct step *step)
{
	struct vlu_ctx *ctx = lane->plan->ctx;

	if (lane->way == BACK || ctx->plan_depth > 1 || !is_stopped(ctx))
		return 0;
	return vlu_fail(ctx, FAIL_STOPPED, -EINTR, "stopped by a signal before this: %.500s; %s",
			step_text(step), lane->plan->policy == PLAN_STOP ?
			"the same command continues where this one stopped" :
			"its completed steps are undone");
}

void lane_go(struct lane *lane)
{
	struct vlu_plan *plan = lane->plan;
	struct step *step;
	int ret;

	plan->group = lane->group;
	while ((lane->way == FORTH || lane->way == BACK) && lane->fd < 0) {
		if (lane->at == lane->end) {
			at_end(lane);
			continue;
		}
		step = lane_step(lane);
		vlu_log(plan->ctx, VLU_LOG_DEBUG, "%s%s", lane->way == BACK ? "undo: " : "",
			step_text(step));
		ret = stopped(lane, step);
		progress_begin(plan->ctx, 0, "%s", step_text(step));
		if (!ret && step->kind->run)
			ret = step->kind->run(step);
		progress_end(plan->ctx);
		if (ret == STEP_AGAIN && !lane->waits)
			lane->since = vlu_now();
		lane->waits = ret == STEP_AGAIN;
		if (lane->waits && vlu_now() - lane->since < plan->ctx->timeout * 1000LL)
			return;
		if (lane->waits)
			ret = step->kind->wrote(step, -ETIMEDOUT);
		lane->waits = false;
		if (ret != STEP_WRITE) {
			stepped(lane, ret);
			continue;
		}
		ret = sys_write_start(&plan->ctx->sys, step->path, step->value,
				      strlen(step->value), &lane->pid);
		if (ret < 0) {
			stepped(lane, step->kind->wrote(step, ret));
			continue;
		}
		lane->fd = ret;
		lane->since = vlu_now();
		lane->touched = true;
	}
}

void lane_answer(struct lane *lane)
{
	struct vlu_plan *plan = lane->plan;
	struct step *step = lane_step(lane);
	ssize_t n = sys_write_end(&plan->ctx->sys, lane->fd);

	lane->fd = -1;
	if (n >= 0)
		n = (size_t)n == strlen(step->value) ? 0 : -EIO;
	plan->group = lane->group;
	stepped(lane, step->kind->wrote(step, (int)n));
	lane_go(lane);
}

void lane_leave(struct lane *lane, unsigned int seconds)
{
	struct vlu_ctx *ctx = lane->plan->ctx;

	vlu_fail(ctx, FAIL_STUCK, -ETIMEDOUT, "%.500s: the kernel did not return within %u s; "
		 "process %d still waits for it. When that process has ended, repeat the command",
		 step_text(lane_step(lane)), seconds, (int)lane->pid);
	if (lane->failure.err)
		not_undone(ctx, lane);
	else
		lane->failure = ctx->failure;
	sys_write_leave(&ctx->sys, lane->fd);
	lane->fd = -1;
	lane->way = STUCK;
}

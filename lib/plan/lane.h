/* SPDX-License-Identifier: GPL-2.0-only */
/* A lane runs one group of a plan through its steps, and back if a step fails. */
#ifndef VLU_PLAN_LANE_H
#define VLU_PLAN_LANE_H

#include "plan/plan.h"

enum way { WAITING, FORTH, BACK, ARRIVED, FAILED, STUCK };	/* ARRIVED and later: it has ended */

struct lane {
	struct vlu_plan *plan;
	unsigned int group;
	bool beside;		/* it runs at the same time as its neighbours */
	enum way way;
	size_t at, end;		/* indexes into plan->forth or plan->back */
	bool touched;		/* it has written something */
	int fd;			/* of the write in progress; -1: none */
	pid_t pid;
	bool waits;		/* its step returned STEP_AGAIN */
	long long since;	/* when the write or the wait began */
	struct failure failure;
};

/* Puts the lane before its first step in this direction. */
void lane_start(struct lane *lane, enum way way);
/* Returns the current step. The lane must not have ended. */
struct step *lane_step(const struct lane *lane);
/* Runs steps until the lane has ended, or has to wait for a write or to repeat a step (STEP_AGAIN). */
void lane_go(struct lane *lane);
/* Continues after the lane's write has ended. */
void lane_answer(struct lane *lane);
/* Ends the lane as STUCK: the kernel still has the device, so nothing more is done with it. */
void lane_leave(struct lane *lane, unsigned int seconds);

#endif

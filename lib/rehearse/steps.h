/* SPDX-License-Identifier: GPL-2.0-only */
/* Follows the steps that init reports (guest-steps) to the end or to the first failure. */
#ifndef VLU_REHEARSE_STEPS_H
#define VLU_REHEARSE_STEPS_H

#include "rehearse/rehearsal.h"

struct step_of {
	unsigned int phase;	/* 1: the first kernel, 2: the next, 3: the next again */
	const char *name;
	enum rehearsal_row row;
	const char *what;	/* "the next kernel restores the devices" */
	const char *passed;	/* passes the row with this text; NULL: a later step does */
};

/*
 * Returns 0 if all steps passed, 1 if a step failed (its row says why), RUN_AGAIN, or a negative
 * errno.
 */
int steps_follow(struct rehearsal *r, struct console *c, const struct step_of *steps, size_t n) must_check;

#endif

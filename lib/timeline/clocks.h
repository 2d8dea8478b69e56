/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts the clocks of both kernels of a kexec on one time scale. */
#ifndef VLU_TIMELINE_CLOCKS_H
#define VLU_TIMELINE_CLOCKS_H

#include "timeline/moments.h"

struct clocks {
	/*
	 * The zeros of both boot clocks, by the previous kernel's wall clock as set at its last
	 * moment. zero[1] with source "wall-clock" or NULL: by the next kernel's.
	 */
	int64_t zero[2];	/* nanoseconds since 1970; -1: no moment of that kernel is known */
	const char *source;	/* the compared clock: "counter", "rtc" or "wall-clock"; NULL: none */
	bool step_known;
	int64_t step;		/* how far the wall clock was set forward between their last moments */
};

/* Compares the moments of both kernels. Reads no clock. */
struct clocks clocks_compare(const struct moments *moments);
/* Returns the time of a moment under either kernel. -1: not known. */
int64_t clocks_place(const struct clocks *clocks, const struct noted *noted);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts the clocks of both kernels of a kexec on one time scale. */
#ifndef VLU_TIMELINE_CLOCKS_H
#define VLU_TIMELINE_CLOCKS_H

#include "timeline/moments.h"

struct clocks {
	/*
	 * The time at which the boot clock of the previous kernel [0] and of the next kernel [1]
	 * was 0, by the wall clock that the previous kernel had at its last moment. If source is "wall-clock" or
	 * NULL, zero[1] is by the wall clock of the next kernel.
	 */
	int64_t zero[2];	/* nanoseconds since 1970; -1: no moment of that kernel is known */
	const char *source;	/* the compared clock: "counter", "rtc" or "wall-clock"; NULL: none */
	bool step_known;
	int64_t step;		/* how far the wall clock was set forward between the last moments of both kernels */
};

/* Compares the moments of both kernels. Reads no clock. */
struct clocks clocks_compare(const struct moments *moments);
/* Returns the time of a moment under either kernel. -1: not known. */
int64_t clocks_place(const struct clocks *clocks, const struct noted *noted);

#endif

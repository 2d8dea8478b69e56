/* SPDX-License-Identifier: GPL-2.0-only */
/* Puts the clocks of the previous and the next kernel on one time scale. */
#ifndef VLU_TIMELINE_CLOCKS_H
#define VLU_TIMELINE_CLOCKS_H

#include "timeline/moments.h"

struct clocks {
	/* When each kernel's boot clock was zero, by the last wall clock of the previous kernel */
	int64_t zero[2];	/* nanoseconds since 1970; -1: no moment is known of this kernel */
	const char *source;	/* the compared clock: "counter", "rtc" or "wall-clock"; NULL: none */
	bool jump_known;
	int64_t jump;		/* how far the wall clock was set forward between the kernels */
};

/* Compares the moments of both kernels. Reads no clock. */
struct clocks clocks_compare(const struct moments *moments);
/* Returns the time of a moment under either kernel. -1: not known. */
int64_t clocks_place(const struct clocks *clocks, const struct noted *noted);

#endif

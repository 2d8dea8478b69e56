/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel sets its wall clock at boot from the whole seconds of the hardware clock, so an
 * interval between two kernels is wrong by up to a second. A kexec does not reset the
 * processor's counter, which measures that interval to the microsecond.
 */
#include <time.h>

#include "sys/real.h"

#define TRIES	8
#define CLOSE	20000	/* ns: all clocks were read in so short a time that the reading is good enough */

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	return clock_gettime(clock, &now) < 0 ? -1 : (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t counter(void)
{
#if defined(__x86_64__)
	return (int64_t)__builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	int64_t count;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(count));
	return count;
#else
	return -1;
#endif
}

/* Returns the reading during which this process was interrupted least. */
void real_now(struct sys *sys, struct sys_time *ret_now)
{
	int64_t before, after, best = INT64_MAX, count, wall;
	int i;

	(void)sys;
	for (i = 0; i < TRIES && best > CLOSE; i++) {
		before = clock_ns(CLOCK_BOOTTIME);
		count = counter();
		wall = clock_ns(CLOCK_REALTIME);
		after = clock_ns(CLOCK_BOOTTIME);
		if (after - before >= best)
			continue;
		best = after - before;
		*ret_now = (struct sys_time){ wall, before + best / 2, count };
	}
}

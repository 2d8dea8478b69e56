/* SPDX-License-Identifier: GPL-2.0-only */
#include "timeline/clocks.h"

#define SECOND	1000000000LL
/*
 * At boot, the kernel sets the wall clock to the whole seconds of the hardware clock, or to half a
 * second more (drivers/rtc/class.c rtc_hctosys()). Reading the hardware clock yields whole seconds,
 * too. So a difference below INEXACT does not show that anything else has set the wall clock.
 */
#define INEXACT	(2 * SECOND)
/* A shorter time does not yield the rate of a counter. */
#define LEAST	(SECOND / 50)
/* Two short measurements of one counter's rate may differ by this much. */
#define SAME	0.02

/* The clocks of one kernel, from its moments. */
struct side {
	const struct moment *last;	/* by the boot clock; NULL: no moment */
	const struct moment *rtc;	/* a moment that has the hardware clock */
	const struct moment *from, *to;	/* the first and last that have the counter */
	double rate;			/* of the counter, per nanosecond; 0: not known */
};

static bool is_next(const struct noted *noted)
{
	return noted->kind >= KERNEL_ENTERED;
}

static int64_t zero_of(const struct moment *moment)
{
	return moment->time.wall - moment->time.boot;
}

static struct side look(const struct moments *moments, bool next)
{
	struct side side = { .last = NULL };
	const struct moment *at;
	size_t i;

	for (i = 0; i < moments->n; i++) {
		at = &moments->noted[i].at;
		if (is_next(&moments->noted[i]) != next)
			continue;
		if (!side.last || at->time.boot > side.last->time.boot)
			side.last = at;
		if (at->rtc >= 0)
			side.rtc = at;
		if (at->time.counter >= 0 && (!side.from || at->time.boot < side.from->time.boot))
			side.from = at;
		if (at->time.counter >= 0 && (!side.to || at->time.boot > side.to->time.boot))
			side.to = at;
	}
	if (side.to && side.to->time.counter > side.from->time.counter &&
	    side.to->time.boot - side.from->time.boot >= LEAST)
		side.rate = (double)(side.to->time.counter - side.from->time.counter) /
			    (double)(side.to->time.boot - side.from->time.boot);
	return side;
}

/* Returns the known rate; of two that agree, the one measured over a longer time; else 0. */
static double rate_of(const struct side *before, const struct side *after)
{
	double ratio = before->rate > 0 ? after->rate / before->rate : 0;
	bool longer;

	if (!(before->rate > 0) || !(after->rate > 0))
		return before->rate > 0 ? before->rate : after->rate;
	if (ratio < 1 - SAME || ratio > 1 + SAME)
		return 0;
	longer = after->to->time.boot - after->from->time.boot >
		 before->to->time.boot - before->from->time.boot;
	return longer ? after->rate : before->rate;
}

/* Returns the zero of the next kernel by the counter, or -1 if the counter cannot tell. */
static int64_t by_counter(const struct side *before, const struct side *after)
{
	double rate = rate_of(before, after), passed;

	if (!(rate > 0) || !before->to || !after->from ||
	    after->from->time.counter <= before->to->time.counter)
		return -1;
	passed = (double)(after->from->time.counter - before->to->time.counter) / rate;
	return passed > 1e18 ? -1 : zero_of(before->last) + before->to->time.boot + (int64_t)passed -
				    after->from->time.boot;
}

static bool is_near(int64_t a, int64_t b)
{
	return a - b < INEXACT && b - a < INEXACT;
}

/*
 * The counter decides, unless the hardware clock confirms the wall clock and not the counter.
 * Without a counter, the hardware clock decides whether the wall clock was set.
 */
static void compare(const struct side *before, const struct side *after, struct clocks *clocks)
{
	int64_t wall = zero_of(after->last), counter = by_counter(before, after), rtc = -1;

	if (before->rtc && after->rtc)
		rtc = (after->rtc->rtc - before->rtc->rtc) * SECOND + before->rtc->time.boot -
		      after->rtc->time.boot + zero_of(before->last);
	clocks->zero[1] = wall;
	clocks->source = "wall-clock";
	clocks->step_known = counter >= 0 || rtc >= 0;
	if (counter >= 0 && !(rtc >= 0 && is_near(rtc, wall) && !is_near(counter, wall))) {
		clocks->zero[1] = counter;
		clocks->source = "counter";
	} else if (rtc >= 0 && !is_near(rtc, wall)) {
		clocks->zero[1] = rtc;
		clocks->source = "rtc";
	}
	if (!is_near(clocks->zero[1], wall))
		clocks->step = wall - clocks->zero[1];
	/* the next kernel cannot start before the last moment of the previous one */
	if (clocks->zero[1] < before->last->time.boot + clocks->zero[0])
		clocks->zero[1] = before->last->time.boot + clocks->zero[0];
}

struct clocks clocks_compare(const struct moments *moments)
{
	struct side before = look(moments, false), after = look(moments, true);
	struct clocks clocks = { .zero = { -1, -1 } };

	if (before.last)
		clocks.zero[0] = zero_of(before.last);
	if (after.last)
		clocks.zero[1] = zero_of(after.last);
	if (before.last && after.last)
		compare(&before, &after, &clocks);
	return clocks;
}

int64_t clocks_place(const struct clocks *clocks, const struct noted *noted)
{
	int64_t zero = clocks->zero[is_next(noted)];

	return zero < 0 ? -1 : zero + noted->at.time.boot;
}

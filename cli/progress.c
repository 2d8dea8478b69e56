/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread draws the line, because the main thread may wait in the kernel or for a child, or
 * unpack an image. The thread uses only this file's memory, and no stream.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "progress.h"
#include "term.h"
#include "text.h"

#define MANY	4	/* with so many devices, the line is shown without delay */
#define LONG	2	/* seconds, after which any wait is shown */
#define DEEP	16	/* nested waits */

struct wait {
	char what[256];
	unsigned int limit;	/* seconds, 0: none */
	time_t since;
	bool now;		/* show it at once */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t begun;
	int edge;		/* columns, 0: no line */
	unsigned int timeout;
	size_t n;		/* may exceed DEEP */
	struct wait waits[DEEP];
	struct wait plan;	/* around all waits; "": none */
	char shown[400];	/* "": nothing */
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .begun = PTHREAD_COND_INITIALIZER };

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool is_worth(const struct wait *wait)
{
	return *wait->what && (wait->now || seconds() - wait->since >= LONG);
}

/* Returns the innermost wait to show. */
static const struct wait *worth_a_line(void)
{
	size_t n = state.n < DEEP ? state.n : DEEP;

	while (n--)
		if (is_worth(&state.waits[n]))
			return &state.waits[n];
	return is_worth(&state.plan) ? &state.plan : NULL;
}

/* Draws the line. "" removes it. */
static void show(const char *line)
{
	if (strcmp(line, state.shown))
		dprintf(STDERR_FILENO, "\r%s\033[K", line);
	strcpy(state.shown, line);
}

static void hide(void)
{
	show("");
}

static void draw(void)
{
	const struct wait *wait = worth_a_line();
	char line[sizeof(state.shown)], limit[40] = "";
	long lasted;

	if (!wait) {
		hide();
		return;
	}
	lasted = (long)(seconds() - wait->since);
	if (wait->limit)
		snprintf(limit, sizeof(limit), " of at most %u", wait->limit);
	snprintf(line, sizeof(line), "(%ld%s s) %s", lasted, limit, wait->what);
	/* a character in the last column would begin another line */
	if (state.edge > 1 && state.edge < (int)sizeof(line))
		line[state.edge - 1] = '\0';
	show(line);
}

static void *drawer(void *arg)
{
	static const struct timespec tick = { .tv_nsec = 250 * 1000 * 1000 };

	(void)arg;
	pthread_mutex_lock(&state.lock);
	for (;;) {
		while (!state.n && !*state.plan.what)
			pthread_cond_wait(&state.begun, &state.lock);
		draw();
		pthread_mutex_unlock(&state.lock);
		nanosleep(&tick, NULL);
		pthread_mutex_lock(&state.lock);
	}
	return NULL;
}

/* Blocks all signals in the thread: the main thread looks for pending ones. */
static bool start_drawer(void)
{
	sigset_t all, before;
	pthread_t thread;
	bool ok;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	ok = pthread_create(&thread, NULL, drawer, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ok && pthread_detach(thread) == 0;
}

static void set(struct wait *wait, const char *what, unsigned int limit)
{
	snprintf(wait->what, sizeof(wait->what), "%s", what);
	out_clean(wait->what);
	wait->limit = limit;
}

void progress_wait(void *arg, const char *what, unsigned int limit)
{
	(void)arg;
	if (!state.edge)
		return;
	pthread_mutex_lock(&state.lock);
	if (what && state.n++ < DEEP) {
		set(&state.waits[state.n - 1], what, limit);
		state.waits[state.n - 1].since = seconds();
		pthread_cond_signal(&state.begun);
	} else if (!what) {
		state.n--;
		hide();
	}
	pthread_mutex_unlock(&state.lock);
}

static void on_plan(void *arg, size_t done, size_t n, const char *waits_for)
{
	struct wait *plan = &state.plan;
	char text[256];

	(void)arg;
	snprintf(text, sizeof(text), "%zu of %zu done%s%s", done, n, waits_for ? "; " : "",
		 waits_for ? waits_for : "");
	pthread_mutex_lock(&state.lock);
	if (!*plan->what)
		plan->since = seconds();
	plan->now = n >= MANY;
	set(plan, done == n ? "" : n == 1 && waits_for ? waits_for : text,
	    waits_for ? state.timeout : 0);
	pthread_cond_signal(&state.begun);
	if (done == n)
		hide();
	pthread_mutex_unlock(&state.lock);
}

void progress_watch(struct vlu_plan *plan)
{
	if (state.edge)
		vlu_plan_watch(plan, on_plan, NULL);
}

void progress_start(struct cli *cli)
{
	/* --verbose prints a line for each step */
	if (cli->g.json || cli->g.quiet || cli->g.verbose || !term_is_smart())
		return;
	state.edge = term_edge(STDERR_FILENO);
	if (!state.edge || !start_drawer()) {
		state.edge = 0;
		return;
	}
	state.timeout = cli->g.timeout;
	vlu_set_wait(cli->ctx, progress_wait, NULL);
}

void progress_pause(void)
{
	pthread_mutex_lock(&state.lock);
	hide();
}

void progress_resume(void)
{
	pthread_mutex_unlock(&state.lock);
}

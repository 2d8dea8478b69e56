/* SPDX-License-Identifier: GPL-2.0-only */
/* The real kernel: several threads of ours in it at the same time. */
#include <pthread.h>
#include <signal.h>

#include "sys-real.h"

struct work {
	void (*fn)(void *arg);
	void *arg;
};

static void *work(void *arg)
{
	const struct work *todo = arg;

	todo->fn(todo->arg);
	return NULL;
}

void real_together(struct sys *sys, size_t n, void (*fn)(void *arg), void *arg)
{
	struct work todo = { .fn = fn, .arg = arg };
	pthread_t threads[SYS_THREADS - 1];
	sigset_t every, before;
	size_t have;

	(void)sys;
	/* The caller's signals are for the caller's threads. */
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	for (have = 0; have + 1 < n && have + 1 < SYS_THREADS; have++)
		if (pthread_create(&threads[have], NULL, work, &todo))
			break;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	fn(arg);
	while (have-- > 0)
		pthread_join(threads[have], NULL);
}

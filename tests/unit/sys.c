// SPDX-License-Identifier: GPL-2.0-only
/* The gate: how many are in the kernel at the same time. */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "sys.h"

#define MANY 5

static pthread_barrier_t barrier;
static atomic_int came;

static void meet(void *arg)
{
	(void)arg;
	atomic_fetch_add(&came, 1);
	/* Nobody gets past it before all have come; a test that hangs is ended by SIGALRM. */
	pthread_barrier_wait(&barrier);
}

static void come(void *arg)
{
	(void)arg;
	atomic_fetch_add(&came, 1);
}

static void test_together(void **state)
{
	struct sys sys;

	(void)state;
	assert_int_equal(sys_init(&sys, &sys_real_ops, "/"), 0);
	came = 0;
	pthread_barrier_init(&barrier, NULL, MANY);
	alarm(20);
	sys_together(&sys, MANY, meet, NULL);
	alarm(0);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(came, MANY);

	/* one is the caller, however few there are to be */
	came = 0;
	sys_together(&sys, 0, come, NULL);
	assert_int_equal(came, 1);
	came = 0;
	sys_together(&sys, 1000, come, NULL);
	assert_int_equal(came, SYS_THREADS);
	sys_exit(&sys);
}

/* Whoever tells what was asked, or lets it fail, is asked in order. */
static void test_one_after_the_other(void **state)
{
	struct sys_ops ops = sys_real_ops;
	struct sys sys;

	(void)state;
	ops.together = NULL;
	assert_int_equal(sys_init(&sys, &ops, "/"), 0);
	came = 0;
	sys_together(&sys, MANY, come, NULL);
	assert_int_equal(came, 1);
	sys_exit(&sys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_together), cmocka_unit_test(test_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

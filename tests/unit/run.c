// SPDX-License-Identifier: GPL-2.0-only
/* The runner of plans: the order of the groups, the undo, and groups that are stuck. */
#include "unit.h"

#include <time.h>

#include "plan/plan.h"

/* ------------------------------------------- a kernel that does as it is told */

#define WRITES	256

/* "1.a" is the value of a write of group 1. */
static struct {
	char value[16];
	bool in_flight;
} writes[WRITES];
static size_t n_writes, in_flight, most;
static char order[4096];		/* all events, a word each */
static const char *held_back;	/* the write that does not end */
static const char *bad;		/* the one that fails */
static const char *cut;		/* the write that is only half accepted */
static bool undo_fails;
static bool newest_first;
static int lock_result;

static void note(const char *what, const char *of)
{
	size_t len = strlen(order);

	snprintf(order + len, sizeof(order) - len, "%s%s%s", len ? " " : "", what, of);
}

static int op_mkdir(struct sys *sys, const char *path)
{
	(void)sys;
	(void)path;
	return 0;
}

static int op_lock(struct sys *sys, const char *path)
{
	(void)sys;
	(void)path;
	return lock_result;
}

static int op_close(struct sys *sys, int fd)
{
	(void)sys;
	(void)fd;
	return 0;
}

static int op_write_start(struct sys *sys, const char *path, const void *data, size_t size,
			  pid_t *ret_pid)
{
	(void)sys;
	(void)path;
	assert_true(n_writes < WRITES && size < sizeof(writes[0].value));
	memcpy(writes[n_writes].value, data, size);
	writes[n_writes].in_flight = true;
	note("start:", writes[n_writes].value);
	if (++in_flight > most)
		most = in_flight;
	*ret_pid = 4242;
	return 1000 + (int)n_writes++;
}

static ssize_t op_write_end(struct sys *sys, int fd)
{
	const char *value = writes[fd - 1000].value;

	(void)sys;
	assert_true(writes[fd - 1000].in_flight);
	writes[fd - 1000].in_flight = false;
	in_flight--;
	note("end:", value);
	if (bad && strcmp(value, bad) == 0)
		return -EIO;
	return (ssize_t)strlen(value) - (cut && strcmp(value, cut) == 0);
}

static void op_write_leave(struct sys *sys, int fd)
{
	(void)sys;
	writes[fd - 1000].in_flight = false;
	in_flight--;
	note("leave:", writes[fd - 1000].value);
}

static int op_wait(struct sys *sys, const int *fds, size_t n, int msec)
{
	struct timespec t = { msec / 1000, msec % 1000 * 1000000L };

	(void)sys;
	for (size_t i = 0; i < n; i++) {
		size_t j = newest_first ? n - 1 - i : i;

		assert_true(writes[fds[j] - 1000].in_flight);
		/* a poll finds nothing: all writes begin before one ends */
		if (msec && (!held_back || strcmp(writes[fds[j] - 1000].value, held_back)))
			return (int)j;
	}
	nanosleep(&t, NULL);
	return -ETIMEDOUT;
}

static const struct sys_ops ops = {
	.mkdir = op_mkdir, .lock = op_lock, .close = op_close, .write_start = op_write_start,
	.write_end = op_write_end, .write_leave = op_write_leave, .wait = op_wait,
};

/* --------------------------------------------------------------------- plans */

static struct vlu_ctx *ctx;
static struct vlu_plan *plan;

static int again;	/* how often the step still has to wait for another process */

/* extra is the result of the step: "write", "again", "ok", or "fail" */
static int run_step(struct step *step)
{
	if (strcmp(step->extra, "write") == 0)
		return STEP_WRITE;
	if (strcmp(step->extra, "again") == 0 && again-- > 0)
		return STEP_AGAIN;
	note("", step->value);
	if (strcmp(step->extra, "ok") == 0 || strcmp(step->extra, "again") == 0)
		return plan_say(step->plan, "bind", "%s is done", step->value);
	return vlu_fail(ctx, VLU_FAILED, -ENXIO, "%s: refused", step->value);
}

static int wrote_step(struct step *step, int ret)
{
	return ret ? vlu_fail(ctx, VLU_FAILED, ret, "%s: no", step->value) : 0;
}

static int undo_step(struct step *step)
{
	note("undo:", step->value);
	return undo_fails ? vlu_fail(ctx, VLU_FAILED, -EPERM, "%s: stays", step->value) : 0;
}

static const struct step_kind kind = {
	.text = "do %v", .run = run_step, .wrote = wrote_step, .undo = undo_step,
};

static bool beside;

static void add(unsigned int group, const char *name, const char *how)
{
	char value[16];

	plan->group = group;
	plan->beside = beside && group;
	snprintf(value, sizeof(value), "%u.%s", group, name);
	assert_int_equal(plan_add(plan, &kind, (struct vlu_bdf){ 0 }, "/x", value, how), 0);
}

static void add_back(unsigned int group, const char *name, const char *how)
{
	char value[16];

	plan->group = group;
	snprintf(value, sizeof(value), "%u.%s", group, name);
	assert_int_equal(plan_add_back(plan, &kind, (struct vlu_bdf){ 0 }, "/x", value, how), 0);
}

static void begin(enum plan_policy policy)
{
	memset(writes, 0, sizeof(writes));
	n_writes = in_flight = most = 0;
	order[0] = '\0';
	held_back = bad = cut = NULL;
	newest_first = undo_fails = beside = false;
	lock_result = 7;
	assert_int_equal(vlu_new_sys(&ops, "/", &ctx), 0);
	vlu_set_timeout(ctx, 1);
	assert_int_equal(plan_new(ctx, policy, &plan), 0);
}

/* All groups except 0 run at the same time. */
static void begin_beside(void)
{
	begin(PLAN_STOP);
	beside = true;
}

static void end(void)
{
	assert_int_equal(in_flight, 0);
	vlu_plan_free(plan);
	vlu_free(ctx);
}

static void said(const char *text)
{
	char all[512] = "";

	for (size_t i = 0; i < vlu_plan_result_count(plan); i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "",
			 vlu_plan_result(plan, i)->text);
	assert_string_equal(all, text);
}

/* --------------------------------------------------------------------- tests */

/* Each group waits only for its own writes, and the results are in the order of the groups. */
static void test_together(void **state)
{
	unsigned int look;

	(void)state;
	begin_beside();
	for (unsigned int group = 1; group <= 3; group++) {
		add(group, "a", "write");
		add(group, "b", "write");
		add(group, "c", "ok");
	}
	newest_first = true;
	look = plan->ctx->look;
	assert_int_equal(vlu_plan_run(plan), 0);
	/* data that was cached before is outdated */
	assert_int_equal(plan->ctx->look, look + 1);
	assert_string_equal(order, "start:1.a start:2.a start:3.a end:3.a start:3.b end:3.b 3.c "
			    "end:2.a start:2.b end:2.b 2.c end:1.a start:1.b end:1.b 1.c");
	said("1.c is done, 2.c is done, 3.c is done");
	end();
}

static void test_so_many_at_once(void **state)
{
	(void)state;
	begin_beside();
	for (unsigned int group = 1; group <= 100; group++)
		add(group, "a", "write");
	assert_int_equal(vlu_plan_run(plan), 0);
	assert_int_equal(n_writes, 100);
	assert_int_equal(most, 64);
	end();
}

/* A group that all others need runs first; if it fails, no other begins. */
static void test_needed_by_all(void **state)
{
	(void)state;
	begin_beside();
	add(0, "module", "ok");
	add(1, "a", "write");
	assert_int_equal(vlu_plan_run(plan), 0);
	assert_string_equal(order, "0.module start:1.a end:1.a");
	end();

	begin_beside();
	add(0, "module", "fail");
	add(1, "a", "write");
	assert_int_equal(plan_say(plan, "bind", "already there"), 0);
	assert_int_equal(vlu_plan_run(plan), -ENXIO);
	assert_string_equal(order, "0.module");
	said("");
	assert_int_equal(vlu_status(ctx), VLU_FAILED);
	end();
}

/* The group after the parallel ones waits for all of them. */
static void test_after_together(void **state)
{
	(void)state;
	begin_beside();
	add(1, "a", "write");
	add(2, "a", "write");
	beside = false;
	add(3, "after", "ok");
	newest_first = true;
	assert_int_equal(vlu_plan_run(plan), 0);
	assert_string_equal(order, "start:1.a start:2.a end:2.a end:1.a 3.after");
	end();

	begin_beside();
	add(1, "a", "write");
	assert_int_equal(plan_say(plan, "bind", "one"), 0);
	add(2, "a", "write");
	assert_int_equal(plan_say(plan, "bind", "two"), 0);
	beside = false;
	add(3, "after", "ok");
	assert_int_equal(plan_say(plan, "bind", "three"), 0);
	bad = "2.a";
	assert_int_equal(vlu_plan_run(plan), -EIO);
	assert_string_equal(order, "start:1.a start:2.a end:1.a end:2.a");
	said("one");
	assert_int_equal(vlu_status(ctx), VLU_PARTIAL);
	end();
}

/* A failed group runs its steps back, then undoes its completed steps. */
static void test_one_goes_back(void **state)
{
	(void)state;
	begin_beside();
	add(1, "a", "write");
	add(2, "first", "ok");
	add(2, "a", "write");
	add(2, "b", "write");
	add_back(2, "back", "write");
	add(3, "a", "write");
	bad = "2.b";
	assert_int_equal(vlu_plan_run(plan), -EIO);
	assert_string_equal(order, "start:1.a 2.first start:2.a start:3.a end:1.a end:2.a start:2.b "
			    "end:2.b start:2.back end:2.back undo:2.a undo:2.first end:3.a");
	/* some devices have changed, and one has not */
	assert_int_equal(vlu_status(ctx), VLU_PARTIAL);
	assert_string_equal(vlu_error(ctx), "2.b: no");
	end();
}

/* A group that has written nothing does not run its steps back. */
static void test_nothing_written(void **state)
{
	(void)state;
	begin_beside();
	add(1, "first", "ok");
	add(1, "second", "fail");
	add_back(1, "back", "write");
	assert_int_equal(vlu_plan_run(plan), -ENXIO);
	assert_string_equal(order, "1.first 1.second undo:1.first");
	assert_int_equal(vlu_status(ctx), VLU_FAILED);
	end();
}

/* If a step back fails, no completed step is undone. */
static void test_step_back_fails(void **state)
{
	(void)state;
	begin_beside();
	add(1, "first", "ok");
	add(1, "a", "write");
	add_back(1, "back", "fail");
	bad = "1.a";
	assert_int_equal(vlu_plan_run(plan), -EIO);
	/* the undo needs the values that the steps stored */
	assert_string_equal(order, "1.first start:1.a end:1.a 1.back");
	assert_int_equal(vlu_status(ctx), VLU_PARTIAL);
	assert_string_equal(vlu_error(ctx), "1.a: no; and it could not be undone: 1.back: refused");
	end();
}

/* The undo tries all steps; the first failure is reported. */
static void test_undo_fails(void **state)
{
	(void)state;
	begin_beside();
	add(1, "first", "ok");
	add(1, "second", "ok");
	add(1, "third", "fail");
	undo_fails = true;
	assert_int_equal(vlu_plan_run(plan), -ENXIO);
	assert_string_equal(order, "1.first 1.second 1.third undo:1.second undo:1.first");
	assert_int_equal(vlu_status(ctx), VLU_PARTIAL);
	assert_string_equal(vlu_error(ctx), "1.third: refused; and it could not be undone: "
			    "1.second: stays");
	end();
}

/* A step that waits for another process is called again, and does not stop other groups. */
static void test_again(void **state)
{
	(void)state;
	begin_beside();
	again = 3;
	add(1, "a", "again");
	add(1, "b", "write");
	add(2, "a", "write");
	add(2, "b", "ok");
	assert_int_equal(vlu_plan_run(plan), 0);
	assert_string_equal(order, "start:2.a end:2.a 2.b 1.a start:1.b end:1.b");
	end();

	/* until the timeout */
	begin_beside();
	again = 1000000;
	add(1, "first", "ok");
	add(1, "a", "again");
	add(2, "a", "write");
	assert_int_equal(vlu_plan_run(plan), -ETIMEDOUT);
	assert_string_equal(order, "1.first start:2.a end:2.a undo:1.first");
	assert_string_equal(vlu_error(ctx), "1.a: no");
	end();

	/* the same for groups that run one after the other */
	begin(PLAN_ALL);
	again = 2;
	add(1, "a", "again");
	add(2, "a", "ok");
	assert_int_equal(vlu_plan_run(plan), 0);
	assert_string_equal(order, "1.a 2.a");
	end();
}

static void test_half_a_write(void **state)
{
	(void)state;
	begin_beside();
	add(1, "a", "write");
	add(1, "b", "write");
	cut = "1.a";
	assert_int_equal(vlu_plan_run(plan), -EIO);
	assert_string_equal(order, "start:1.a end:1.a");
	assert_string_equal(vlu_error(ctx), "1.a: no");
	end();
}

/* A write that does not end is left to its process; its group is stuck. */
static void test_stuck(void **state)
{
	(void)state;
	begin_beside();
	add(1, "first", "ok");
	add(1, "a", "write");
	add(1, "b", "write");
	add_back(1, "back", "write");
	add(2, "a", "write");
	add(2, "b", "ok");
	held_back = "1.a";
	assert_int_equal(vlu_plan_run(plan), -ETIMEDOUT);
	/* no further step runs for a stuck device */
	assert_string_equal(order, "1.first start:1.a start:2.a end:2.a 2.b leave:1.a");
	assert_int_equal(vlu_status(ctx), VLU_BUSY);
	assert_non_null(strstr(vlu_error(ctx), "do 1.a: the kernel did not return"));
	assert_non_null(strstr(vlu_error(ctx), "process 4242"));
	end();
}

static void test_all_or_nothing(void **state)
{
	(void)state;
	begin(PLAN_ALL);
	add(1, "a", "write");
	add_back(1, "back", "write");
	add(2, "b", "ok");
	add(3, "c", "fail");
	plan->group = 1;
	assert_int_equal(plan_say(plan, "bind", "it will be so"), 0);
	assert_int_equal(vlu_plan_run(plan), -ENXIO);
	assert_string_equal(order, "start:1.a end:1.a 2.b 3.c undo:2.b start:1.back end:1.back undo:1.a");
	assert_int_equal(vlu_status(ctx), VLU_FAILED);
	assert_string_equal(vlu_error(ctx), "3.c: refused");
	/* a running step has added this result */
	said("2.b is done");
	end();
}

static bool yes(void *arg)
{
	(void)arg;
	return true;
}

/* A command such as finish --all runs a plan for each session, and may be stopped before the second. */
static void test_stop_between(void **state)
{
	(void)state;
	begin(PLAN_STOP);
	vlu_set_stop(ctx, yes, NULL);
	assert_int_equal(stop_check(ctx), -EINTR);
	assert_string_equal(vlu_error(ctx), "stopped by a signal; nothing was changed");
	vlu_set_stop(ctx, NULL, NULL);
	add(0, "a", "ok");
	assert_int_equal(vlu_plan_run(plan), 0);
	vlu_set_stop(ctx, yes, NULL);
	assert_int_equal(stop_check(ctx), -EINTR);
	assert_string_equal(vlu_error(ctx), "stopped by a signal; nothing more was changed");
	end();
}

/* Groups that were done before stay done, so the plan is partly done. */
static void test_stop(void **state)
{
	(void)state;
	begin(PLAN_STOP);
	add(1, "a", "write");
	add(2, "b", "fail");
	add(3, "c", "ok");
	assert_int_equal(vlu_plan_run(plan), -ENXIO);
	assert_string_equal(order, "start:1.a end:1.a 2.b");
	assert_int_equal(vlu_status(ctx), VLU_PARTIAL);
	end();

	begin(PLAN_STOP);
	add(0, "a", "ok");
	add(1, "b", "fail");
	assert_int_equal(vlu_plan_run(plan), -ENXIO);
	assert_int_equal(vlu_status(ctx), VLU_FAILED);
	end();
}

static void test_locked(void **state)
{
	(void)state;
	begin_beside();
	add(1, "a", "write");
	assert_int_equal(plan_say(plan, "bind", "it will be so"), 0);
	lock_result = -EIO;
	assert_int_equal(vlu_plan_run(plan), -EIO);
	assert_string_equal(order, "");
	said("");
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_together), cmocka_unit_test(test_so_many_at_once),
		cmocka_unit_test(test_needed_by_all), cmocka_unit_test(test_after_together),
		cmocka_unit_test(test_one_goes_back),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_nothing_written), cmocka_unit_test(test_step_back_fails),
		cmocka_unit_test(test_undo_fails),
		cmocka_unit_test(test_half_a_write), cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_all_or_nothing), cmocka_unit_test(test_stop), cmocka_unit_test(test_stop_between),
		cmocka_unit_test(test_locked),
	};

	return RUN("run", tests);
}

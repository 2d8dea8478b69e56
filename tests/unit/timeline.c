// SPDX-License-Identifier: GPL-2.0-only
/* Moments under two kernels become phases. Unknown moments are not made up. */
#include "unit.h"

#include <json-c/json.h>

#include "timeline/clocks.h"
#include "timeline/update.h"

#define S	1000000000LL
#define WALL	(1764433324 * S)	/* when the previous kernel's boot clock was zero */
#define GAP	(100 * S)		/* from then to the next kernel's zero */
#define RATE	3			/* of the counter, per nanosecond */

static const struct vlu_bdf one = { 0, 1, 0, 0 }, two = { 0, 2, 0, 0 };

/* Which clocks there are, and how the next kernel's differ. */
struct world {
	bool counter, rtc;
	int64_t ahead;		/* by how much the next kernel's wall clock is ahead */
	int64_t rate;		/* of the counter under the next kernel; 0: the same */
};

static void note(struct moments *moments, const struct world *world, enum moment_kind kind,
		 const struct vlu_bdf *bdf, int64_t at)
{
	bool next = kind >= KERNEL_ENTERED;
	int64_t boot = next ? at - GAP : at;
	struct moment moment = {
		.time = { WALL + at + (next ? world->ahead : 0), boot, -1 }, .rtc = -1,
	};

	if (world->counter)
		moment.time.counter = next && world->rate ? at * world->rate : at * RATE;
	if (world->rtc)
		moment.rtc = (WALL + at) / S;
	moments_add(moments, kind, bdf, &moment);
}

static void note_all(struct moments *moments, const struct world *world)
{
	*moments = (struct moments){ 0 };
	note(moments, world, PRESERVED, NULL, 90 * S);
	note(moments, world, LOADED, NULL, 97 * S);
	note(moments, world, INTERRUPTS_DISABLED, &one, 98 * S);
	note(moments, world, INTERRUPTS_DISABLED, &two, 98 * S + S / 2);
	note(moments, world, KEXEC_CALLED, NULL, 99 * S);
	note(moments, world, KERNEL_ENTERED, NULL, 100 * S);
	note(moments, world, INIT_STARTED, NULL, 103 * S);
	note(moments, world, RESTORE_CALLED, NULL, 104 * S);
	note(moments, world, RESTORED, &two, 105 * S);
	note(moments, world, RESTORED, &one, 105 * S + S / 10);
	note(moments, world, FINISH_CALLED, NULL, 106 * S);
	note(moments, world, BOUND, &one, 107 * S);
	note(moments, world, BOUND, &two, 107 * S + S / 4);
	note(moments, world, FINISHED, NULL, 108 * S);
}

static void drop(struct moments *moments, enum moment_kind kind)
{
	size_t i, n = 0;

	for (i = 0; i < moments->n; i++)
		if (moments->noted[i].kind != kind)
			moments->noted[n++] = moments->noted[i];
	moments->n = n;
}

/* Returns "held 7.000 load 1.000 ...". The phases are contiguous, and sum up to the length. */
static const char *phases(const struct vlu_update *update)
{
	static char text[600];
	int64_t at = 0;
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 0; i < update->n_phases; i++) {
		assert_true(update->phases[i].start == at);
		assert_true(update->phases[i].length >= 0);
		at += update->phases[i].length;
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %.3f", i ? " " : "",
				      update->phases[i].name, (double)update->phases[i].length / 1e9);
	}
	assert_true(at == update->length);
	return text;
}

static struct vlu_update make(struct pool *pool, const struct moments *moments)
{
	struct vlu_update update;

	*pool = (struct pool){ NULL };
	assert_int_equal(update_make(pool, moments, &update), 0);
	return update;
}

#define ALL "held 7.000 load 1.000 interrupts 1.000 kexec 1.000 kernel 3.000 init 1.000 " \
	    "restore 1.100 to-finish 0.900 bind 1.250 finish 0.750"

static void test_whole(void **state)
{
	const struct world world = { .counter = true };
	struct vlu_update update;
	struct moments moments;
	struct pool pool;

	(void)state;
	note_all(&moments, &world);
	update = make(&pool, &moments);
	assert_string_equal(phases(&update), ALL);
	assert_string_equal(update.clock, "counter");
	assert_true(update.jump_known);
	assert_true(update.jump == 0);
	assert_true(update.started == WALL + 90 * S);
	assert_true(update.length == 18 * S);
	assert_int_equal(update.n_missing, 0);
	assert_int_equal(update.n_devices, 2);
	assert_true(update.devices[0].from == 8 * S);
	assert_true(update.devices[0].to == 17 * S);
	assert_string_equal(update.devices[0].from_moment, "interrupts-disabled");
	assert_string_equal(update.devices[0].to_moment, "bound");
	assert_true(update.devices[1].to - update.devices[1].from == 8 * S + 3 * S / 4);
	assert_true(update.away == 9 * S);
	pool_free(&pool);

	/* one device was never back, as far as is known */
	moments_drop(&moments, BOUND, one);
	((struct noted *)moments_find(&moments, FINISHED, NULL))->kind = KERNEL_ENTERED;
	update = make(&pool, &moments);
	assert_null(update.devices[0].to_moment);
	assert_non_null(update.devices[1].to_moment);
	assert_true(update.away == -1);
	pool_free(&pool);
	moments_free(&moments);
}

/* The wall clock was set between the kernels, and different clocks show it. */
static void test_jump(void **state)
{
	static const struct {
		struct world world;
		const char *clock;
		int known;
		int64_t jump, kexec;
	} cases[] = {
		{ { true, true, 0, 0 }, "counter", 1, 0, S },
		{ { true, false, 3600 * S, 0 }, "counter", 1, 3600 * S, S },
		{ { true, true, -3600 * S, 0 }, "counter", 1, -3600 * S, S },
		{ { false, true, 0, 0 }, "wall-clock", 1, 0, S },
		{ { false, true, 3600 * S, 0 }, "rtc", 1, 3600 * S, S },
		{ { false, false, 0, 0 }, "wall-clock", 0, 0, S },
		/* half a second may come from the start of the wall clock */
		{ { true, true, -S / 2, 0 }, "counter", 1, 0, S },
		{ { false, true, S / 2, 0 }, "wall-clock", 1, 0, S + S / 2 },
		/* by the wall clock, the next kernel would start before the previous one ends */
		{ { false, false, -S - S / 2, 0 }, "wall-clock", 0, 0, 0 },
		/* a counter with another rate is another counter */
		{ { true, false, 0, 5 }, "wall-clock", 0, 0, S },
	};
	struct vlu_update update;
	struct moments moments;
	struct pool pool;

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		note_all(&moments, &cases[i].world);
		update = make(&pool, &moments);
		assert_string_equal(update.clock, cases[i].clock);
		assert_int_equal(update.jump_known, cases[i].known);
		assert_true(llabs(update.jump - cases[i].jump) < S);
		phases(&update);
		assert_string_equal(update.phases[3].name, "kexec");
		assert_true(llabs(update.phases[3].length - cases[i].kexec) < S / 1000);
		pool_free(&pool);
		moments_free(&moments);
	}
}

/* The counter was changed between the kernels: the hardware clock confirms the wall clock. */
static void test_counter(void **state)
{
	const struct world world = { .counter = true, .rtc = true };
	struct vlu_update update;
	struct moments moments;
	struct pool pool;

	(void)state;
	note_all(&moments, &world);
	for (size_t i = 0; i < moments.n; i++)
		if (moments.noted[i].kind >= KERNEL_ENTERED)
			moments.noted[i].at.time.counter += 500 * S;
	update = make(&pool, &moments);
	assert_string_equal(update.clock, "wall-clock");
	assert_string_equal(phases(&update), ALL);
	pool_free(&pool);
	for (size_t i = 0; i < moments.n; i++)
		if (moments.noted[i].kind >= KERNEL_ENTERED)
			moments.noted[i].at.time.counter -= 700 * S;
	update = make(&pool, &moments);
	assert_string_equal(update.clock, "wall-clock");
	pool_free(&pool);
	moments_free(&moments);
}

/* An unknown moment joins the phases before and after it. */
static void test_gaps(void **state)
{
	static const struct {
		enum moment_kind without[4];
		size_t n;
		const char *phases, *from, *to;
		int64_t away;
	} cases[] = {
		{ { INIT_STARTED }, 1, "held 7.000 load 1.000 interrupts 1.000 kexec 1.000 kernel+init 4.000 "
		  "restore 1.100 to-finish 0.900 bind 1.250 finish 0.750", "interrupts-disabled", "bound", 9 * S },
		{ { INTERRUPTS_DISABLED, KEXEC_CALLED }, 2, "held 7.000 load+interrupts+kexec 3.000 kernel 3.000 "
		  "init 1.000 restore 1.100 to-finish 0.900 bind 1.250 finish 0.750", "loaded", "bound",
		  10 * S + S / 4 },
		{ { BOUND }, 1, "held 7.000 load 1.000 interrupts 1.000 kexec 1.000 kernel 3.000 init 1.000 "
		  "restore 1.100 to-finish 0.900 finish 2.000", "interrupts-disabled", "finished", 10 * S },
		{ { PRESERVED }, 1, "load 1.000 interrupts 1.000 kexec 1.000 kernel 3.000 init 1.000 "
		  "restore 1.100 to-finish 0.900 bind 1.250 finish 0.750", "interrupts-disabled", "bound", 9 * S },
		/* no moment of the previous kernel */
		{ { PRESERVED, LOADED, INTERRUPTS_DISABLED, KEXEC_CALLED }, 4, "kernel 3.000 init 1.000 "
		  "restore 1.100 to-finish 0.900 bind 1.250 finish 0.750", NULL, "bound", -1 },
	};
	const struct world world = { .counter = true };
	struct vlu_update update;
	struct moments moments;
	struct pool pool;

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		note_all(&moments, &world);
		for (size_t j = 0; j < cases[i].n; j++)
			drop(&moments, cases[i].without[j]);
		update = make(&pool, &moments);
		assert_string_equal(phases(&update), cases[i].phases);
		assert_int_equal(update.n_devices, 2);
		if (cases[i].from)
			assert_string_equal(update.devices[0].from_moment, cases[i].from);
		else
			assert_null(update.devices[0].from_moment);
		assert_string_equal(update.devices[0].to_moment, cases[i].to);
		assert_true(update.away == cases[i].away);
		/* an optional moment is not missing */
		assert_int_equal(update.n_missing, cases[i].n - (cases[i].without[0] == BOUND));
		pool_free(&pool);
		moments_free(&moments);
	}
}

/* One device is back when a VMM gets it. The other VMM ended too early: finish has bound its device. */
static void test_given(void **state)
{
	const struct world world = { .counter = true };
	struct vlu_update update;
	struct moments moments;
	struct pool pool;

	(void)state;
	note_all(&moments, &world);
	moments_drop(&moments, BOUND, one);
	note(&moments, &world, GIVEN, &one, 105 * S + S / 2);
	note(&moments, &world, GIVEN, &one, 107 * S);	/* the first time counts */
	note(&moments, &world, GIVEN, &two, 105 * S + S / 4);
	update = make(&pool, &moments);
	assert_string_equal(phases(&update), "held 7.000 load 1.000 interrupts 1.000 kexec 1.000 kernel 3.000 init 1.000 "
			    "restore 1.100 to-vmm 0.400 to-finish 0.500 bind 1.250 finish 0.750");
	assert_string_equal(update.devices[0].to_moment, "given");
	assert_true(update.devices[0].to == 15 * S + S / 2);
	assert_string_equal(update.devices[1].to_moment, "bound");
	pool_free(&pool);
	moments_drop(&moments, GIVEN, one);
	assert_null(moments_find(&moments, GIVEN, &one));
	moments_free(&moments);
}

static void test_nothing(void **state)
{
	struct moments moments = { 0 };
	struct vlu_update update;
	struct pool pool;

	(void)state;
	update = make(&pool, &moments);
	assert_int_equal(update.n_phases, 0);
	assert_int_equal(update.n_devices, 0);
	assert_true(update.away == -1);
	assert_null(update.clock);
	pool_free(&pool);
}

static void test_moment(void **state)
{
	static const char *const none[] = {
		"", "1", "1,2,3", "1,2,3,4,5", "1,2,3,", "a,2,3,4", "1,2,3,4 ", "-2,2,3,4", "0x1,2,3,4",
		"9223372036854775808,2,3,4", "9223372036854775807,2,3,4", "1,2,3,9223372036854775807",
	};
	struct moment moment = moment_parse("1764433324123456789,5,-1,1764433324");
	char text[MOMENT_SIZE];

	(void)state;
	assert_true(is_moment(&moment));
	assert_true(moment.time.wall == 1764433324123456789LL);
	assert_true(moment.time.counter == -1);
	assert_string_equal(moment_format(&moment, text), "1764433324123456789,5,-1,1764433324");
	for (size_t i = 0; i < ARRAY(none); i++) {
		moment = moment_parse(none[i]);
		assert_false(is_moment(&moment));
	}
}

/* Moments survive a file. Malformed files add no moments. */
static void test_file(void **state)
{
	static const char *const none[] = { "", "{", "[]", "{}", "{\"moments\":{}}", "null" };
	static const char odd[] =
		"{\"moments\":[null,1,{},{\"moment\":\"restored\"},{\"moment\":\"later\",\"at\":\"1,2,3,4\"},"
		"{\"moment\":\"restored\",\"bdf\":\"zz\",\"at\":\"1,2,3,4\"},{\"moment\":7,\"at\":\"1,2,3,4\"},"
		"{\"moment\":\"given\",\"bdf\":\"0000:01:00.0\",\"at\":\"1,2,3,4\"}]}";
	const struct world world = { .counter = true };
	struct moments out, in = { 0 };
	char *text, *again;

	(void)state;
	note_all(&out, &world);
	text = moments_text(moments_object(&out));
	json_object_put(moments_parse(text, strlen(text), &in));
	assert_int_equal(in.n, out.n);
	again = moments_text(moments_object(&in));
	assert_string_equal(text, again);
	moments_free(&in);
	moments_free(&out);
	free(again);
	free(text);
	for (size_t i = 0; i < ARRAY(none); i++)
		assert_null(moments_parse(none[i], strlen(none[i]), &in));
	assert_int_equal(in.n, 0);
	json_object_put(moments_parse(odd, strlen(odd), &in));
	assert_int_equal(in.n, 1);
	assert_non_null(moments_find(&in, GIVEN, &one));
	moments_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole), cmocka_unit_test(test_jump), cmocka_unit_test(test_counter),
		cmocka_unit_test(test_gaps), cmocka_unit_test(test_given), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_moment), cmocka_unit_test(test_file),
	};

	return RUN("timeline", tests);
}

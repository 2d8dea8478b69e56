// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of base that all other wings use: arrays, addresses in them, failures,
 * sentences.
 */
#include "unit.h"

#include "base/array.h"
#include "base/bdf.h"
#include "base/ctx.h"
#include "base/pool.h"
#include "base/text.h"
#include "base/token.h"

struct thing {
	struct vlu_bdf bdf;
	int number;
};

static void test_array(void **state)
{
	struct thing *things = NULL, *thing;
	size_t n = 0, i;

	(void)state;
	for (i = 0; i < 1600; i++) {
		/* fewer, and more again */
		if (i == 600)
			n = 100;
		thing = array_add(&things, &n);
		assert_non_null(thing);
		assert_ptr_equal(thing, &things[n - 1]);
		assert_int_equal(n, i < 600 ? i + 1 : i - 499);
		assert_int_equal(thing->number, 0);
		*thing = (struct thing){ { 0, (uint8_t)((n - 1) >> 3), (n - 1) & 7, 0 }, (int)n };
	}
	for (i = 0; i < n; i++)
		assert_int_equal(things[i].number, i + 1);
	thing = bdf_find(things, n, ((struct vlu_bdf){ 0, 2, 5, 0 }));
	assert_ptr_equal(thing, &things[21]);
	assert_null(bdf_find(things, 21, ((struct vlu_bdf){ 0, 2, 5, 0 })));
	assert_null(bdf_find(things, n, ((struct vlu_bdf){ 1, 2, 5, 0 })));
	free(things);
	assert_null(bdf_find((struct thing *)NULL, 0, ((struct vlu_bdf){ 0 })));
}

/* The address sanitizer ends a program that requests so much memory. */
#ifndef __SANITIZE_ADDRESS__
static void test_no_memory(void **state)
{
	char *huge = NULL;
	size_t n = 2;

	(void)state;
	assert_null(array_grow(&huge, &n, SIZE_MAX / 2));
	assert_int_equal(n, 2);
	assert_null(huge);
}
#endif

static void test_range(void **state)
{
	static const unsigned char buses[] = { 1, 2, 2, 2, 5, 7, 7 };
	static const struct { unsigned char bus; size_t first, n; } wanted[] = {
		{ 1, 0, 1 }, { 2, 1, 3 }, { 5, 4, 1 }, { 7, 5, 2 }, { 0, 0, 0 }, { 3, 0, 0 },
		{ 8, 0, 0 },
	};
	struct thing things[ARRAY_SIZE(buses)] = { 0 }, *found;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(buses); i++)
		things[i].bdf.bus = buses[i];
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		found = bdf_range(things, ARRAY_SIZE(things),
				  ((struct vlu_bdf){ .bus = wanted[i].bus }), &n);
		assert_int_equal(n, wanted[i].n);
		assert_ptr_equal(found, n ? &things[wanted[i].first] : NULL);
	}
	assert_null(bdf_range((struct thing *)NULL, 0, ((struct vlu_bdf){ .bus = 1 }), &n));
	assert_int_equal(n, 0);
}

struct owner {
	struct pool pool;
	struct thing *things;
	size_t n;
};

static void test_pool(void **state)
{
	struct owner *owner = calloc(1, sizeof(*owner));
	struct thing *thing;
	char *text;
	size_t i;

	(void)state;
	assert_non_null(owner);
	for (i = 0; i < 70; i++) {
		/* fewer, and more again: still zeros */
		if (i == 40)
			owner->n = 3;
		thing = pool_add(&owner->pool, &owner->things, &owner->n);
		assert_non_null(thing);
		assert_ptr_equal(thing, &owner->things[owner->n - 1]);
		assert_int_equal(thing->number, 0);
		thing->number = (int)owner->n;
	}
	assert_int_equal(owner->n, 33);
	for (i = 0; i < owner->n; i++)
		assert_int_equal(owner->things[i].number, i + 1);
	text = pool_print(&owner->pool, "%0700d|", 7);
	assert_int_equal(strlen(text), 701);
	assert_string_equal(text + 698, "07|");
	pool_end(owner);
	pool_end(NULL);
}

static void test_failed(void **state)
{
	struct vlu_ctx ctx = { 0 };

	(void)state;
	assert_int_equal(vlu_failed(&ctx, -ENOENT, "cannot read %s", "x"), -ENOENT);
	assert_string_equal(vlu_error(&ctx), "cannot read x: No such file or directory");
	assert_int_equal(vlu_status(&ctx), VLU_FAILED);
	/* the text may contain the previous failure */
	vlu_failed(&ctx, -EIO, "%s; again", vlu_error(&ctx));
	assert_string_equal(vlu_error(&ctx), "cannot read x: No such file or directory; again: "
			    "Input/output error");
}

static void test_failure(void **state)
{
	static const enum vlu_status by_gravity[] = { VLU_FAILED, VLU_BUSY, VLU_NOT_PRESERVABLE,
						      VLU_UNSUPPORTED, VLU_USAGE, VLU_PARTIAL };
	struct failures failures = { 0 };
	struct failure first;
	struct vlu_ctx *ctx;
	size_t i, j;

	(void)state;
	assert_int_equal(vlu_new(&ctx), 0);
	assert_int_equal(vlu_fail(ctx, VLU_BUSY, -EBUSY, "it is %s", "busy"), -EBUSY);
	first = ctx->failure;
	assert_int_equal(first.err, -EBUSY);
	/* the new text may contain the old one */
	assert_int_equal(vlu_fail(ctx, VLU_FAILED, -EIO, "%s, and %s", "late", vlu_error(ctx)), -EIO);
	assert_string_equal(vlu_error(ctx), "late, and it is busy");
	failures_add(ctx, &failures, &first);
	failures_add(ctx, &failures, &ctx->failure);
	assert_int_equal(failure_join(ctx, &first, "; then "), -EBUSY);
	assert_string_equal(vlu_error(ctx), "it is busy; then late, and it is busy");
	assert_int_equal(vlu_status(ctx), VLU_PARTIAL);
	assert_int_equal(failures_end(ctx, &failures), -EBUSY);
	assert_string_equal(vlu_error(ctx), "late, and it is busy");
	assert_int_equal(vlu_status(ctx), VLU_BUSY);
	failures = (struct failures){ 0 };
	assert_int_equal(failures_end(ctx, &failures), 0);
	assert_int_equal(vlu_status(ctx), VLU_BUSY);
	for (i = 0; i < ARRAY_SIZE(by_gravity); i++) {
		for (j = 0; j < ARRAY_SIZE(by_gravity); j++) {
			failures = (struct failures){ 0 };
			first.status = by_gravity[i];
			failures_add(ctx, &failures, &first);
			first.status = by_gravity[j];
			failures_add(ctx, &failures, &first);
			assert_int_equal(failures.worst, by_gravity[i > j ? i : j]);
		}
	}
	vlu_free(ctx);
}

static void test_text(void **state)
{
	char text[12] = "";

	(void)state;
	text_add(text, sizeof(text), "%s", "abc");
	text_add(text, sizeof(text), " %d", 123456);
	assert_string_equal(text, "abc 123456");
	text_add(text, sizeof(text), "%s", "xyz");
	assert_string_equal(text, "abc 123456x");
	text_add(text, sizeof(text), "%s", "xyz");
	assert_string_equal(text, "abc 123456x");
}

static void test_list(void **state)
{
	static const char devices[] = "10000:01:00.0 0000:02:00.0 ";

	(void)state;
	assert_true(list_has(devices, ' ', "10000:01:00.0"));
	assert_true(list_has(devices, ' ', "0000:02:00.0"));
	assert_false(list_has(devices, ' ', "0000:01:00.0"));
	assert_false(list_has(devices, ' ', "0000:02:00"));
	assert_false(list_has("no end", ' ', "end"));
	assert_false(list_has("", ' ', ""));
}

static void test_session_names(void **state)
{
	static const char long_one[] = "1234567890123456789012345678901234567890123456789012345678901234";

	(void)state;
	assert_true(is_session_name("a"));
	assert_true(is_session_name("vm:1@a_B-.9"));
	assert_true(is_session_name(long_one + 1));
	assert_false(is_session_name(long_one));
	assert_false(is_session_name(""));
	assert_false(is_session_name(".a"));
	assert_false(is_session_name("a/b"));
	assert_false(is_session_name("a b"));
	assert_false(is_session_name("a\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_array),
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(test_no_memory),
#endif
		cmocka_unit_test(test_range), cmocka_unit_test(test_pool),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_failure), cmocka_unit_test(test_text), cmocka_unit_test(test_list),
		cmocka_unit_test(test_session_names),
	};

	return RUN("base", tests);
}

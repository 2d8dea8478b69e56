// SPDX-License-Identifier: GPL-2.0-only
/* Addresses in which '*' stands for the device or the function. */
#include "unit.h"

#include "bind/select.h"

static void test_parse(void **state)
{
	static const struct { const char *text; struct pattern pattern; } good[] = {
		{ "81:00.*", { { 0, 0x81, 0, 0 }, false, true } },
		{ "0000:81:1f.*", { { 0, 0x81, 0x1f, 0 }, false, true } },
		{ "0000:81:*", { { 0, 0x81, 0, 0 }, true, true } },
		{ "81:*.*", { { 0, 0x81, 0, 0 }, true, true } },
		{ "81:*.3", { { 0, 0x81, 0, 3 }, true, false } },
		{ "10000:E1:*", { { 0x10000, 0xe1, 0, 0 }, true, true } },
		{ "ffffffff:ff:1f.*", { { 0xffffffff, 0xff, 0x1f, 0 }, false, true } },
		/* and one without a '*' */
		{ "81:02.3", { { 0, 0x81, 2, 3 }, false, false } },
	};
	struct pattern pattern;

	(void)state;
	for (size_t i = 0; i < ARRAY(good); i++) {
		memset(&pattern, 0xff, sizeof(pattern));
		if (pattern_parse(good[i].text, &pattern))
			fail_msg("'%s' was refused", good[i].text);
		assert_int_equal(vlu_bdf_compare(pattern.bdf, good[i].pattern.bdf), 0);
		assert_int_equal(pattern.any_device, good[i].pattern.any_device);
		assert_int_equal(pattern.any_function, good[i].pattern.any_function);
	}
}

/* No pattern selects the whole machine, or is ambiguous. */
static void test_refuse(void **state)
{
	static const char *const bad[] = {
		"", "*", "*.*", ":*", ":*.*", "*:*", "*:00.0", "*:*:*", "0000:*:00.0", "*:81:00.0",
		"81", "81:", "81:00", "81:0*", "81:0*.0", "81:**", "81:*0", "81:**.0", "81:*.", "81:*.8",
		"81:00.", "81:00.**", "81:00.*0", "81:00.0*", "81:20.*", "81:00.* ", " 81:00.*", "81:*\n",
		"8:*:*", "0x81:*", "100:*", "81:00.*.*", "100000000:81:*", "0000:81:*:", "81:?", "81:[0-3].*",
		"0000000000000000000000000000000000:81:*", "81:000000000000000000000000000000000.*",
	};
	struct pattern pattern, before;

	(void)state;
	memset(&pattern, 0x5a, sizeof(pattern));
	before = pattern;
	for (size_t i = 0; i < ARRAY(bad); i++) {
		if (pattern_parse(bad[i], &pattern) != -EINVAL)
			fail_msg("'%s' was taken for a pattern", bad[i]);
		assert_memory_equal(&pattern, &before, sizeof(pattern));
	}
}

static void test_match(void **state)
{
	static const struct { const char *text; struct vlu_bdf bdf; bool matches; } cases[] = {
		{ "81:02.*", { 0, 0x81, 2, 0 }, true }, { "81:02.*", { 0, 0x81, 2, 7 }, true },
		{ "81:02.*", { 0, 0x81, 3, 0 }, false }, { "81:02.*", { 0, 0x82, 2, 0 }, false },
		{ "81:02.*", { 1, 0x81, 2, 0 }, false },
		{ "81:*", { 0, 0x81, 0, 0 }, true }, { "81:*", { 0, 0x81, 31, 7 }, true },
		{ "81:*", { 0, 0x80, 31, 7 }, false }, { "81:*", { 0x10000, 0x81, 0, 0 }, false },
		{ "81:*.3", { 0, 0x81, 9, 3 }, true }, { "81:*.3", { 0, 0x81, 9, 2 }, false },
		{ "81:02.3", { 0, 0x81, 2, 3 }, true }, { "81:02.3", { 0, 0x81, 2, 4 }, false },
	};
	struct pattern pattern;

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		assert_int_equal(pattern_parse(cases[i].text, &pattern), 0);
		if (pattern_is_match(&pattern, cases[i].bdf) != cases[i].matches)
			fail_msg("case %zu: %s", i, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_refuse), cmocka_unit_test(test_match),
	};

	return RUN("select", tests);
}

// SPDX-License-Identifier: GPL-2.0-only
/* PCI addresses, and the tokens that are made from them. */
#include "unit.h"

#include "vfio-lu.h"

static void test_parse(void **state)
{
	static const struct { const char *text; struct vlu_bdf bdf; const char *out; } good[] = {
		{ "0000:01:00.0", { 0, 1, 0, 0 }, "0000:01:00.0" },
		{ "01:00.0", { 0, 1, 0, 0 }, "0000:01:00.0" },
		{ "ff:1f.7", { 0, 0xff, 0x1f, 7 }, "0000:ff:1f.7" },
		{ "ABCD:EF:1A.3", { 0xabcd, 0xef, 0x1a, 3 }, "abcd:ef:1a.3" },
		{ "10000:e1:00.0", { 0x10000, 0xe1, 0, 0 }, "10000:e1:00.0" },
		{ "ffffffff:ff:1f.7", { 0xffffffff, 0xff, 0x1f, 7 }, "ffffffff:ff:1f.7" },
	};
	char buf[VLU_BDF_SIZE];
	struct vlu_bdf bdf;

	(void)state;
	for (size_t i = 0; i < ARRAY(good); i++) {
		assert_int_equal(vlu_bdf_parse(good[i].text, &bdf), 0);
		assert_int_equal(vlu_bdf_compare(bdf, good[i].bdf), 0);
		assert_ptr_equal(vlu_bdf_format(bdf, buf), buf);
		assert_string_equal(buf, good[i].out);
	}
}

static void test_refuse(void **state)
{
	static const char *const bad[] = {
		"", " ", "0", "01", "01:00", "01:00.", "01:00.8", "01:20.0", "100:00.0:0",
		"0000:01:00", "0000:01:00.0 ", " 0000:01:00.0", "0000:01:00.0\n", "0000:01:00.00",
		"0000-01-00.0", "0000:01:00,0", "g000:01:00.0", "0000::00.0", ":01:00.0",
		"0000:1:00.0x", "-1:00.0", "+1:00.0", "0x1:00.0", "100000000:01:00.0",
		"0000:101:00.0", "0000:01:00.0/../x", "0000:01:00.-1", "0000:01:00.0.0",
	};
	struct vlu_bdf bdf = { 1, 2, 3, 4 }, before = bdf;

	(void)state;
	for (size_t i = 0; i < ARRAY(bad); i++) {
		if (vlu_bdf_parse(bad[i], &bdf) != -EINVAL)
			fail_msg("'%s' was taken for an address", bad[i]);
		/* a failure leaves the result unchanged */
		assert_memory_equal(&bdf, &before, sizeof(bdf));
	}
}

static void test_compare(void **state)
{
	const struct vlu_bdf order[] = {
		{ 0, 0, 0, 0 }, { 0, 0, 0, 1 }, { 0, 0, 1, 0 }, { 0, 1, 0, 0 },
		{ 0, 255, 31, 7 }, { 1, 0, 0, 0 }, { 0x10000, 0, 0, 0 }, { 0xffffffff, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(order); i++)
		for (size_t j = 0; j < ARRAY(order); j++) {
			int c = vlu_bdf_compare(order[i], order[j]);

			assert_int_equal((c > 0) - (c < 0), (i > j) - (i < j));
		}
}

static void test_token(void **state)
{
	const struct vlu_bdf bdfs[] = {
		{ 0, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0xff, 0x1f, 7 }, { 0xffff, 2, 3, 4 },
		{ 0x10000, 0xe1, 0, 0 }, { 0xffffffff, 0xff, 0x1f, 7 },
	};
	struct vlu_bdf back;

	(void)state;
	/* The layout is a promise: another version finds the devices by it. */
	assert_true(vlu_bdf_token((struct vlu_bdf){ 0, 1, 0, 0 }) == 0x1000000000100ULL);
	assert_true(vlu_bdf_token((struct vlu_bdf){ 2, 0x81, 0x1f, 7 }) == 0x10000000281ffULL);
	for (size_t i = 0; i < ARRAY(bdfs); i++) {
		assert_true(vlu_token_bdf(vlu_bdf_token(bdfs[i]), &back));
		assert_int_equal(vlu_bdf_compare(bdfs[i], back), 0);
	}
	assert_false(vlu_token_bdf(VLU_TOKEN_MANIFEST, &back));
	assert_false(vlu_token_bdf(1, &back));
	assert_false(vlu_token_bdf(0xffffffffffffULL, &back));
	assert_false(vlu_token_bdf(0x2000000000000ULL, &back));
	assert_false(vlu_token_bdf(~0ULL, &back));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse), cmocka_unit_test(test_refuse),
		cmocka_unit_test(test_compare), cmocka_unit_test(test_token),
	};

	return RUN("bdf", tests);
}

// SPDX-License-Identifier: GPL-2.0-only
/* Session names: they become file names, and PID 1 has some of its own. */
#include "unit.h"

#include "vfio-lu.h"

static struct vlu_ctx *ctx;

static int make(void **state)
{
	(void)state;
	return vlu_new(&ctx);
}

static int unmake(void **state)
{
	(void)state;
	vlu_free(ctx);
	return 0;
}

static void test_good(void **state)
{
	static const char *const good[] = {
		"vfio-lu", "a", "vm-1", "VM_1", "1", "vm@host:3", "a.b", "systemd2", "-x",
		"123456789012345678901234567890123456789012345678901234567890123",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(good); i++)
		if (vlu_session_name_check(ctx, good[i]))
			fail_msg("'%s' was refused: %s", good[i], vlu_error(ctx));
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
		"", " ", "a b", "a/b", "../x", "..", ".", "a\n", "\x01", "\xc3\xa4", "a*", "a\\b",
		"systemd", "luod-internal",
		"1234567890123456789012345678901234567890123456789012345678901234",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(bad); i++) {
		if (vlu_session_name_check(ctx, bad[i]) >= 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(vlu_status(ctx), VLU_USAGE);
		assert_string_not_equal(vlu_error(ctx), "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, make, unmake),
		cmocka_unit_test_setup_teardown(test_bad, make, unmake),
	};

	return RUN("name", tests);
}

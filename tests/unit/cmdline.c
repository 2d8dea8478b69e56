// SPDX-License-Identifier: GPL-2.0-only
/* Kernel command lines and configurations. */
#include "unit.h"

#include "host.h"

static void test_cmdline(void **state)
{
	static const struct { const char *cmdline, *name, *value; } cases[] = {
		{ "kho=on liveupdate=on", "kho", "on" },
		{ "kho=on liveupdate=on\n", "liveupdate", "on" },
		{ "kho=on kho=off", "kho", "off" },		/* the last one counts */
		{ "xkho=on kho_scratch=1", "kho", NULL },
		{ "", "kho", NULL },
		{ "kho", "kho", "" },
		{ "a=\"b kho=on c\" d", "kho", NULL },
		{ "a=\"b c\" kho=on", "kho", "on" },
		{ "kho=\"on\"", "kho", "on" },
		{ "\"kho=on\"", "kho", "on" },
		{ "quiet -- kho=on", "kho", NULL },		/* is for init */
		{ "a\tkho=on", "kho", "on" },
	};
	char value[32];

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		bool found = cmdline_get(cases[i].cmdline, cases[i].name, value, sizeof(value));

		if (found != (cases[i].value != NULL))
			fail_msg("%s of '%s': found %d", cases[i].name, cases[i].cmdline, found);
		if (found)
			assert_string_equal(value, cases[i].value);
	}
	/* cut, never more than there is room for */
	assert_true(cmdline_get("kho=0123456789", "kho", value, 5));
	assert_string_equal(value, "0123");
}

static void test_bool(void **state)
{
	static const char *const yes[] = { "on", "On", "1", "y", "Y", "yes", "true", "T" };
	static const char *const no[] = { "off", "oFF", "0", "n", "N", "no", "false", "f" };
	static const char *const neither[] = { "", "o", "maybe", "2", "-1" };

	(void)state;
	for (size_t i = 0; i < ARRAY(yes); i++)
		assert_int_equal(kernel_bool(yes[i]), VLU_YES);
	for (size_t i = 0; i < ARRAY(no); i++)
		assert_int_equal(kernel_bool(no[i]), VLU_NO);
	for (size_t i = 0; i < ARRAY(neither); i++)
		assert_int_equal(kernel_bool(neither[i]), VLU_DONT_KNOW);
}

static void test_config(void **state)
{
	struct kconfig config = {
		.text = (char *)"# CONFIG_KHO is not set\nCONFIG_VFIO=m\nCONFIG_VFIO_PCI=y\nCONFIG_X=n\n",
	};
	const struct kconfig nothing = { .text = NULL };

	(void)state;
	assert_int_equal(kconfig_get(&config, "VFIO"), 'm');
	assert_int_equal(kconfig_get(&config, "VFIO_PCI"), 'y');
	assert_int_equal(kconfig_get(&config, "KHO"), 0);
	assert_int_equal(kconfig_get(&config, "VFIO_PC"), 0);
	assert_int_equal(kconfig_get(&nothing, "VFIO"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cmdline), cmocka_unit_test(test_bool),
		cmocka_unit_test(test_config),
	};

	return RUN("cmdline", tests);
}

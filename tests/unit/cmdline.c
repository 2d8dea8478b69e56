// SPDX-License-Identifier: GPL-2.0-only
/* Kernel command lines and configurations. */
#include "unit.h"

#include "formats/cmdline.h"
#include "formats/kconfig.h"

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
		{ "kho-scratch=1M", "kho_scratch", "1M" },
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
	/* cut to the size of the buffer */
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

static void test_cmdline_has(void **state)
{
	(void)state;
	assert_true(cmdline_has("off", "off"));
	assert_true(cmdline_has("sm_on,off", "off"));
	assert_true(cmdline_has("on,igfx_off", "on"));
	/* the kernel compares the beginning of each word only */
	assert_true(cmdline_has("offline", "off"));
	assert_false(cmdline_has("igfx_off", "off"));
	assert_false(cmdline_has("sm_off,on", "off"));
	assert_false(cmdline_has("", "off"));
}

static void test_lists(void **state)
{
	static const struct { const char *cmdline, *name; bool is; } cases[] = {
		{ "modprobe.blacklist=a,e1000e", "modprobe.blacklist", true },
		{ "modprobe.blacklist=e1000e modprobe.blacklist=b", "modprobe.blacklist", true },
		{ "modprobe.blacklist=\"a,e1000e\"", "modprobe.blacklist", true },
		{ "x=\"a modprobe.blacklist=e1000e\"", "modprobe.blacklist", false },
		{ "module_blacklist=e1000e", "module-blacklist", true },
		{ "module_blacklist=e1000", "module_blacklist", false },
		{ "module_blacklist=e1000ex", "module_blacklist", false },
		{ "module_blacklist", "module_blacklist", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++)
		if (cmdline_has_item(cases[i].cmdline, cases[i].name, "e1000e") != cases[i].is)
			fail_msg("%s of '%s'", cases[i].name, cases[i].cmdline);
}

static void test_iommu_off(void **state)
{
	char value[32];

	(void)state;
	assert_string_equal(cmdline_iommu_off("iommu=pt,off", NULL, value, sizeof(value)), "iommu");
	assert_string_equal(value, "pt,off");
	assert_string_equal(cmdline_iommu_off("amd_iommu=off", NULL, value, sizeof(value)), "amd_iommu");
	assert_null(cmdline_iommu_off("amd_iommu=off", "INTEL_IOMMU", value, sizeof(value)));
	assert_null(cmdline_iommu_off("intel_iommu=off", "AMD_IOMMU", value, sizeof(value)));
	assert_non_null(cmdline_iommu_off("intel_iommu=off", "INTEL_IOMMU", value, sizeof(value)));
	assert_null(cmdline_iommu_off("intel_iommu=off intel_iommu=on", NULL, value, sizeof(value)));
}

static void test_kexec_cmdline(void **state)
{
	static const struct { const char *base, *append, *ours, *line; } cases[] = {
		{ "BOOT_IMAGE=/vmlinuz root=/dev/sda1  quiet\n", NULL, NULL, "root=/dev/sda1 quiet kho=on liveupdate=on" },
		/* a word that turns KHO or LUO off is not overridden */
		{ "kho=1 a=\"b  c\" liveupdate=off", "x=y", "", "kho=1 a=\"b  c\" liveupdate=off x=y" },
		{ "a", "liveupdate=0", NULL, "a liveupdate=0 kho=on" },
		{ "", "", NULL, "kho=on liveupdate=on" },
		/*
		 * the sessions of an earlier kexec are removed; the words behind "--" are for
		 * init
		 */
		{ "vfio-lu.session=old vfio-lu.update=2 vfio-lu.kexec=1,2,3,4 a -- s  b", "c", "vfio-lu.session=x,y",
		  "a c kho=on liveupdate=on vfio-lu.session=x,y -- s  b" },
		{ "a -- single\n", "b -- 3 x", "o", "a b kho=on liveupdate=on o -- single 3 x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		char *line = kexec_cmdline(cases[i].base, cases[i].append, cases[i].ours);

		assert_string_equal(line, cases[i].line);
		free(line);
	}
}

static void test_join(void **state)
{
	static const struct { const char *line, *joined; } cases[] = {
		{ "", "a b" }, { "x", "x a b" }, { "x -- y", "x  a b -- y" }, { "x=\"-- \" z", "x=\"-- \" z a b" },
		{ "-- y", "a b -- y" },
	};
	char *line;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		line = cmdline_join(cases[i].line, "a b");
		assert_string_equal(line, cases[i].joined);
		free(line);
	}
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
		cmocka_unit_test(test_config), cmocka_unit_test(test_cmdline_has),
		cmocka_unit_test(test_lists), cmocka_unit_test(test_iommu_off),
		cmocka_unit_test(test_kexec_cmdline), cmocka_unit_test(test_join),
	};

	return RUN("cmdline", tests);
}

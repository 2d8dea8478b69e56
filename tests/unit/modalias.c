// SPDX-License-Identifier: GPL-2.0-only
/* Which driver a device asks for, and the rules that come before. */
#include "unit.h"

#include <fnmatch.h>

#include "modalias.h"
#include "udev.h"

#define NIC "pci:v00008086d000010D3sv00001AF4sd00001100bc02sc00i00"

static const struct vlu_device dev = {
	.name = "0000:01:00.0", .vendor = 0x8086, .device = 0x10d3,
	.subsystem = 0x1af41100, .subsystem_known = true, .class = 0x020000,
};

static void test_glob(void **state)
{
	static const struct { const char *pattern, *text; bool match; } cases[] = {
		{ "pci:v00008086d000010D3sv*sd*bc*sc*i*", NIC, true },
		{ "pci:v00008086d000010D4sv*sd*bc*sc*i*", NIC, false },
		{ "pci:v*d*sv*sd*bc02sc00i*", NIC, true },
		{ "pci:v*d*sv*sd*bc01sc08i02*", NIC, false },
		{ "vfio_pci:v*d*sv*sd*bc*sc*i*", NIC, false },
		{ "*", "", true }, { "", "", true }, { "", "a", false }, { "a", "", false },
		{ "a[bc]d", "acd", true }, { "a[!bc]d", "acd", false }, { "a[^bc]d", "aed", true },
		{ "[0-9]*[a-f]", "7x7b", true }, { "[]]", "]", true }, { "[a", "[a", true },
		{ "a?c", "abc", true }, { "a?c", "ac", false }, { "\\*", "*", true },
		{ "\\*", "a", false }, { "**a**", "bab", true }, { "[a-]", "-", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		if (glob_match(cases[i].pattern, cases[i].text) != cases[i].match)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].text);
		assert_int_equal(!fnmatch(cases[i].pattern, cases[i].text, 0), cases[i].match);
	}
}

/* The C library's is the one that kmod asks; ours must say the same. */
static void test_fnmatch(void **state)
{
	static const char letters[] = "ab*?[]-!\\ab*";
	char pattern[12], text[12];
	unsigned int seed = 7;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		int n = 1 + (int)(seed = seed * 1103515245 + 12345) % 8, m;

		n = n < 0 ? -n : n;
		for (int k = 0; k < n; k++) {
			seed = seed * 1103515245 + 12345;
			pattern[k] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		pattern[n] = '\0';
		m = (int)((seed >> 8) % 8);
		for (int k = 0; k < m; k++) {
			seed = seed * 1103515245 + 12345;
			text[k] = "ab]-"[(seed >> 16) % 4];
		}
		text[m] = '\0';
		/* what a backslash means inside brackets is nothing that aliases have */
		if (strchr(pattern, '\\') && strchr(pattern, '['))
			continue;
		if (glob_match(pattern, text) != !fnmatch(pattern, text, 0))
			fail_msg("'%s' and '%s': the C library says %s", pattern, text,
				 fnmatch(pattern, text, 0) ? "no" : "yes");
	}
}

/* No pattern takes long, however many stars it has. */
static void test_time(void **state)
{
	char pattern[201], text[4001];

	(void)state;
	for (int i = 0; i < 200; i += 2)
		memcpy(pattern + i, "*a", 2);
	memset(text, 'a', sizeof(text) - 1);
	strcpy(pattern + 198, "b");
	text[sizeof(text) - 1] = '\0';
	assert_false(glob_match(pattern, text));
}

static int collect(void *arg, const char *module)
{
	return strcat(strcat(arg, module), " "), 0;
}

static void test_tables(void **state)
{
	static const char text[] =
		"# Aliases extracted from modules themselves.\n"
		"alias pci:v00008086d000010D3sv*sd*bc*sc*i* e1000e\n"
		"alias pci:v00008086d000010D4sv*sd*bc*sc*i* other\n"
		"alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n"
		"alias fs-ext4 ext4\n"
		"alias pci:v*d*sv*sd*bc02sc*i* any-net\n"
		"alias pci:v";
	static const char info[] =
		"nvme.license=GPL\0nvme.alias=pci:v*d*sv*sd*bc01sc08i02*\0"
		"my-net.alias=pci:v*d*sv*sd*bc02sc00i00*\0junk\0.alias=pci:v*";
	char got[64] = "";

	(void)state;
	modalias_text(text, NIC, collect, got);
	assert_string_equal(got, "e1000e any_net ");
	got[0] = '\0';
	modalias_info(info, sizeof(info), NIC, collect, got);
	assert_string_equal(got, "my_net ");
	modalias_text(NULL, NIC, collect, got);
	modalias_info(NULL, 0, NIC, collect, got);
	assert_string_equal(got, "my_net ");
}

static void test_names(void **state)
{
	char name[16];

	(void)state;
	assert_true(module_of_path("kernel/drivers/vfio/pci/vfio-pci.ko.zst", name, sizeof(name)));
	assert_string_equal(name, "vfio_pci");
	assert_true(module_of_path("x.ko", name, sizeof(name)));
	assert_false(module_of_path("x.kop", name, sizeof(name)));
	assert_false(module_of_path("kernel/.ko", name, sizeof(name)));
	assert_false(module_of_path("modules.dep", name, sizeof(name)));
	assert_false(module_of_path("a-name-that-is-too-long.ko", name, sizeof(name)));
}

static void test_ids(void **state)
{
	static const struct { const char *ids; bool match; } cases[] = {
		{ "8086:10d3", true }, { "8086:10D3", true }, { "10de:1,8086:10d3", true },
		{ "8086:10d4", false }, { "8086", false }, { "", false }, { ",,", false },
		{ "8086:10d3:1af4:1100", true }, { "8086:10d3:1af4:1", false },
		{ "8086:10d3:ffffffff:ffffffff:020000:ff0000", true },
		{ "8086:10d3:ffffffff:ffffffff:010000:ff0000", false },
		{ "8086:10d3:zz", true },	/* as sscanf() takes it */
		{ "x,8086:10d3", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++)
		if (ids_match(cases[i].ids, &dev) != cases[i].match)
			fail_msg("'%s'", cases[i].ids);
}

static void test_udev(void **state)
{
#define TO_VFIO "ATTR{driver_override}=\"vfio-pci\""
	static const struct { const char *rule; enum vlu_known gives; } cases[] = {
		{ "KERNEL==\"0000:01:00.0\", " TO_VFIO, VLU_YES },
		{ "ACTION==\"add\", SUBSYSTEM==\"pci\", KERNEL==\"0000:01:*\", " TO_VFIO, VLU_YES },
		{ "KERNEL==\"0000:02:00.0\", " TO_VFIO, VLU_NO },
		{ "KERNEL!=\"0000:02:00.0\", " TO_VFIO, VLU_YES },
		{ "ATTR{vendor}==\"0x8086\", ATTR{device}==\"0x10d3\", " TO_VFIO, VLU_YES },
		{ "ATTR{vendor}==\"0x10de|0x8086\", " TO_VFIO, VLU_YES },
		{ "ATTR{class}==\"0x0108*\", " TO_VFIO, VLU_NO },
		{ "ATTR{class}==\"0x02*\" , " TO_VFIO ", OPTIONS+=\"x\"", VLU_YES },
		{ "ENV{MINE}==\"1\", " TO_VFIO, VLU_DONT_KNOW },
		{ "ENV{MINE}==\"1\", KERNEL==\"0000:02:00.0\", " TO_VFIO, VLU_NO },
		{ "KERNEL==\"0000:01:00.0\", ATTR{driver_override}=\"nvme\"", VLU_NO },
		{ "# KERNEL==\"0000:01:00.0\", " TO_VFIO, VLU_NO },
		{ "ATTR{driver_override}==\"x", VLU_DONT_KNOW },
		{ "", VLU_NO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++)
		if (udev_rule_overrides(cases[i].rule, &dev) != cases[i].gives)
			fail_msg("%s", cases[i].rule);
}

static void test_files(void **state)
{
	static const struct { const char *name, *text; enum vlu_known gives; } cases[] = {
		{ "etc/udev/rules.d/x.rules", "a\nKERNEL==\"0000:01:00.0\", \\\n " TO_VFIO, VLU_YES },
		{ "etc/udev/rules.d/x.rules", "ACTION!=\"add\", GOTO=\"e\"\nKERNEL==\"*\", " TO_VFIO, VLU_DONT_KNOW },
		{ "etc/driverctl.d/pci-0000:01:00.0", "vfio-pci\n", VLU_YES },
		{ "etc/driverctl.d/pci-0000:01:00.0", "vfio-pci-x\n", VLU_NO },
		{ "etc/driverctl.d/pci-0000:01:00.1", "vfio-pci\n", VLU_NO },
		{ "etc/modprobe.d/x.conf", "KERNEL==\"*\", " TO_VFIO, VLU_NO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct conf conf = { (char *)cases[i].name, (char *)cases[i].text };
		struct userland user = { .conf = &conf, .n_conf = 1 };
		const char *source;

		if (udev_overrides(&user, &dev, &source) != cases[i].gives)
			fail_msg("%s: %s", cases[i].name, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_glob), cmocka_unit_test(test_fnmatch),
		cmocka_unit_test(test_time), cmocka_unit_test(test_tables),
		cmocka_unit_test(test_names), cmocka_unit_test(test_ids),
		cmocka_unit_test(test_udev), cmocka_unit_test(test_files),
	};

	return RUN("modalias", tests);
}

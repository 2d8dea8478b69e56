// SPDX-License-Identifier: GPL-2.0-only
/* The driver that matches a device, and the rules that decide before it. */
#include "unit.h"

#include <fnmatch.h>

#include "bind/at-boot.h"
#include "next/modalias.h"
#include "next/udev-rules.h"

#define NIC "pci:v00008086d000010D3sv00001AF4sd00001100bc02sc00i00"

static struct vlu_device dev = {
	.bdf = { 0, 1, 0, 0 }, .name = "0000:01:00.0", .vendor = 0x8086, .device = 0x10d3,
	.subsystem = 0x1af41100, .subsystem_known = true, .class = 0x020000,
	.path = (char *)"/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0",
};

/* The files of the device and of the bridge above it in sysfs. */
static const struct { const char *path, *text; } sysfs[] = {
	{ PCI_DEVICES "/0000:01:00.0/vendor", "0x8086\n" },
	{ PCI_DEVICES "/0000:01:00.0/device", "0x10d3\n" },
	{ PCI_DEVICES "/0000:01:00.0/modalias", NIC "\n" },
	{ PCI_DEVICES "/0000:00:01.0/vendor", "0x1b36\n" },
};

static int open_sysfs(struct sys *sys, const char *path, int flags)
{
	(void)sys, (void)flags;
	for (size_t i = 0; i < ARRAY(sysfs); i++)
		if (strcmp(path, sysfs[i].path) == 0)
			return (int)i;
	return -ENOENT;
}

static ssize_t read_sysfs(struct sys *sys, int fd, void *buf, size_t size)
{
	size_t len = strlen(sysfs[fd].text);

	(void)sys;
	assert_true(len <= size);
	memcpy(buf, sysfs[fd].text, len);
	return (ssize_t)len;
}

static int close_sysfs(struct sys *sys, int fd)
{
	return (void)sys, (void)fd, 0;
}

static int set_up(void **state)
{
	static const struct sys_ops ops = { .open = open_sysfs, .read = read_sysfs, .close = close_sysfs };

	(void)state;
	return vlu_new_sys(&ops, "/", &dev.ctx);
}

static int tear_down(void **state)
{
	(void)state;
	vlu_free(dev.ctx);
	return 0;
}

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
		if (is_glob_match(cases[i].pattern, cases[i].text) != cases[i].match)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].text);
		assert_int_equal(!fnmatch(cases[i].pattern, cases[i].text, 0), cases[i].match);
	}
}

/* kmod uses the C library's fnmatch(); ours must agree with it. */
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
		/* aliases have no backslash inside brackets */
		if (strchr(pattern, '\\') && strchr(pattern, '['))
			continue;
		if (is_glob_match(pattern, text) != !fnmatch(pattern, text, 0))
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
	assert_false(is_glob_match(pattern, text));
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
		{ "8086:ffffffff", true }, { "ffffffff:10d3", true }, { "10de:ffffffff", false },
		{ "10de:ffffffff:ffffffff:ffffffff:20000:ffffff,8086:ffffffff:ffffffff:ffffffff:20000:ffff00ff",
		  true },
		{ "8086:ffffffff:ffffffff:ffffffff:30000:ffff00ff", false },
		{ "8086:10d3:zz", true },	/* as sscanf() takes it */
		{ "x,8086:10d3", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++)
		if (has_matching_id(cases[i].ids, &dev) != cases[i].match)
			fail_msg("'%s'", cases[i].ids);
}

/* A rule, its line, and the expected effect. */
static enum giving gives(const char *name, const char *text, char where[UDEV_WHERE_SIZE])
{
	struct conf conf = { .name = (char *)name, .text = (char *)text,
			     .script = strncmp(name, "scripts/", 8) == 0 };
	struct userland user = { .conf = &conf, .n_conf = 1 };

	where[0] = '\0';
	return udev_gives(&user, &dev, where);
}

static void test_rules(void **state)
{
#define TO_VFIO "ATTR{driver_override}=\"vfio-pci\""
#define BY_RUN "RUN+=\"/bin/sh -c 'echo vfio-pci > /sys$devpath/driver_override'\""
	static const struct { const char *rule; enum giving gives; unsigned int line; } cases[] = {
		/* by the address of the device, or of a parent */
		{ "KERNEL==\"0000:01:00.0\", " TO_VFIO, GIVES, 1 },
		{ "ACTION==\"add|change\", SUBSYSTEM==\"pci\", KERNELS==\"0000:01:00.0\", " TO_VFIO, GIVES, 1 },
		{ "SUBSYSTEMS==\"pci\", KERNELS==\"0000:00:01.0\", " TO_VFIO, GIVES, 1 },
		{ "SUBSYSTEM==\"pci\", DEVPATH==\"*/0000:01:00.0\", " TO_VFIO, GIVES, 1 },
		{ "ENV{PCI_SLOT_NAME}==\"0000:01:00.[01]\", " TO_VFIO, GIVES, 1 },
		{ "KERNEL==\"0000:05:00.0\", " TO_VFIO, GIVES_NOTHING, 0 },
		{ "KERNELS==\"0000:05:00.0|0000:06:00.0\", " TO_VFIO, GIVES_NOTHING, 0 },
		{ "KERNEL!=\"0000:01:00.0\", " TO_VFIO, GIVES_NOTHING, 0 },
		{ "ACTION==\"remove\", KERNEL==\"0000:01:00.0\", " TO_VFIO, GIVES_NOTHING, 0 },
		/* two keys about parents must match the same parent */
		{ "KERNELS==\"0000:00:01.0\", SUBSYSTEMS==\"platform\", " TO_VFIO, GIVES_NOTHING, 0 },
		/* by its ids */
		{ "ENV{PCI_ID}==\"8086:10D3\", " TO_VFIO, GIVES, 1 },
		{ "ENV{PCI_ID}==\"8086:10D4\", " TO_VFIO, GIVES_NOTHING, 0 },
		{ "ATTR{vendor}==\"0x8086\", ATTR{device}==\"0x10d3\", " TO_VFIO, GIVES, 1 },
		{ "ATTR{vendor}==\"0x8086\", ATTR{device}==\"0x10d[45]\", " TO_VFIO, GIVES_NOTHING, 0 },
		{ "ATTRS{vendor}==\"0x1b36\", KERNELS==\"0000:00:*\", " TO_VFIO, GIVES, 1 },
		{ "ATTRS{vendor}==\"0x8086\", KERNELS==\"0000:00:*\", " TO_VFIO, GIVES_NOTHING, 0 },
		{ "ATTR{revision}==\"0x01\", " TO_VFIO, GIVES_PERHAPS, 1 },	/* cannot be read */
		{ "ATTR{numa_node}==\"0\", " TO_VFIO, GIVES_PERHAPS, 1 },
		{ "ENV{PCI_CLASS}==\"20000\", ENV{PCI_SUBSYS_ID}==\"1AF4:1100\", " TO_VFIO, GIVES, 1 },
		/* any unknown value */
		{ "KERNEL==\"0000:01:00.0\", PROGRAM==\"/bin/x\", " TO_VFIO, GIVES_PERHAPS, 1 },
		{ "KERNEL==\"0000:05:00.0\", PROGRAM==\"/bin/x\", " TO_VFIO, GIVES_NOTHING, 0 },
		{ "ENV{ID_X}==\"1\", SUBSYSTEM==\"pci\", " TO_VFIO, GIVES_PERHAPS, 1 },
		{ "KERNEL==\"0000:01:00.0\", " BY_RUN, GIVES_PERHAPS, 1 },
		{ "KERNEL==\"0000:01:00.1\", " BY_RUN, GIVES_NOTHING, 0 },
		{ "SUBSYSTEM==\"pci\", RUN+=\"/bin/x\"", GIVES_PERHAPS, 1 },
		{ "SUBSYSTEM==\"pci\", RUN{program}+=\"/bin/x\"", GIVES_PERHAPS, 1 },
		{ "SUBSYSTEM==\"pci\", ATTR{[drivers/pci:vfio-pci]new_id}=\"8086 10d3\"", GIVES_PERHAPS, 1 },
		{ "# a\n\nATTR{[pci/0000:01:00.0]driver_override}=\"vfio-pci\"", GIVES_PERHAPS, 3 },
		{ "ATTR{[pci/0000:05:00.0]driver_override}=\"vfio-pci\"", GIVES_NOTHING, 0 },
		{ "KERNEL==\"0000:01:00.0\", ATTR{driver_override}=\"e1000e\"", GIVES_NOTHING, 0 },
		/* lines */
		{ "\t# " TO_VFIO "\n# 0000:01:00.0 \\\n " TO_VFIO "\n", GIVES_NOTHING, 0 },
		{ "a\nENV{PCI_ID}==\"8086:10D3\", \\\n  " TO_VFIO "\n", GIVES, 2 },
		{ "A==\"1\", \\\n  B==\"2\", X\n\nKERNEL==\"0000:01:00.0\", " TO_VFIO, GIVES, 4 },
		/* a GOTO past the rule, which matches or may match */
		{ "SUBSYSTEM!=\"net\", GOTO=\"end\"\n" TO_VFIO "\nLABEL=\"end\"", GIVES_NOTHING, 0 },
		{ "SUBSYSTEM!=\"pci\", GOTO=\"end\"\n" TO_VFIO "\nLABEL=\"end\"", GIVES, 2 },
		{ "TEST==\"/x\", GOTO=\"end\"\n" TO_VFIO "\nLABEL=\"end\"", GIVES_PERHAPS, 2 },
		{ "TEST==\"/x\", GOTO=\"end\"\nLABEL=\"end\"\n" TO_VFIO, GIVES, 3 },
		/* rules for other devices, and udev's own rules for all devices */
		{ "SUBSYSTEM==\"net\", KERNELS==\"0000:01:00.0\", NAME=\"a\"", GIVES_NOTHING, 0 },
		{ "ENV{MODALIAS}==\"pci:v00008086d000010D3*\", TAG+=\"x\"", GIVES_NOTHING, 0 },
		{ "ENV{MODALIAS}==\"?*\", ENV{MODALIAS}=\"\"", GIVES_PERHAPS, 1 },
		{ "SUBSYSTEM==\"pci\", RUN{builtin}+=\"kmod load $env{MODALIAS}\"", GIVES_NOTHING, 0 },
		{ "SUBSYSTEM==\"block\", RUN+=\"/bin/x\"", GIVES_NOTHING, 0 },
		{ "KERNEL==\"0000:01:00.0", GIVES_NOTHING, 0 }, { "", GIVES_NOTHING, 0 },
	};
	char where[UDEV_WHERE_SIZE], want[UDEV_WHERE_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		enum giving got = gives("etc/udev/rules.d/x.rules", cases[i].rule, where);

		snprintf(want, sizeof(want), "etc/udev/rules.d/x.rules:%u", cases[i].line);
		if (got != cases[i].gives || strcmp(where, cases[i].line ? want : "") != 0)
			fail_msg("%s: %d at '%s'", cases[i].rule, (int)got, where);
	}
}

static void test_files(void **state)
{
	static const struct { const char *name, *text; enum giving gives; } cases[] = {
		{ "etc/driverctl.d/pci-0000:01:00.0", "vfio-pci\n", TAKES },
		{ "etc/driverctl.d/pci-0000:01:00.0", "vfio-pci-x\n", GIVES_NOTHING },
		{ "etc/driverctl.d/pci-0000:01:00.1", "vfio-pci\n", GIVES_NOTHING },
		{ "lib/udev/rules.d/05-driverctl.rules", "SUBSYSTEM==\"pci\", RUN+=\"driverctl\"", GIVES_NOTHING },
		{ "etc/modprobe.d/x.conf", "KERNEL==\"*\", " TO_VFIO, GIVES_NOTHING },
		/* a script is not followed; our own script is recognized elsewhere */
		{ "scripts/init-top/x", "echo vfio-pci >/sys/bus/pci/devices/0000:01:00.0/x", GIVES_PERHAPS },
		{ "scripts/init-top/x", "for i in a; do echo y >$i/driver_override; done", GIVES_PERHAPS },
		{ "scripts/init-top/udev", "udevadm trigger", GIVES_NOTHING },
		{ "scripts/init-top/y", "vfio-lu-restore # driver_override", GIVES_NOTHING },
	};
	const struct vlu_bdf other = { 0, 1, 0, 1 };
	char where[UDEV_WHERE_SIZE], rule[RULE_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++)
		if (gives(cases[i].name, cases[i].text, where) != cases[i].gives)
			fail_msg("%s: %s", cases[i].name, cases[i].text);
	/* the rule of bind --persist, in any directory of an initrd, but only if it is unchanged */
	persist_rule(dev.bdf, rule);
	assert_int_equal(gives("etc/udev/rules.d/05-vfio-lu-0000:01:00.0.rules", rule, where), TAKES);
	assert_int_equal(gives("lib/udev/rules.d/05-vfio-lu-0000:01:00.0.rules", rule, where), TAKES);
	assert_int_equal(gives("etc/udev/rules.d/06-vfio-lu-0000:01:00.0.rules", rule, where), GIVES);
	strcat(rule, "\n");
	assert_int_equal(gives("etc/udev/rules.d/05-vfio-lu-0000:01:00.0.rules", rule, where), GIVES);
	persist_rule(other, rule);
	assert_int_equal(gives("etc/udev/rules.d/05-vfio-lu-0000:01:00.1.rules", rule, where), GIVES_NOTHING);
	assert_int_equal(gives("etc/udev/rules.d/05-vfio-lu-0000:01:00.0.rules", rule, where), GIVES_NOTHING);
	/* one known rule is enough, even if others are unknown */
	persist_rule(dev.bdf, rule);
	struct conf conf[] = {
		{ (char *)"etc/udev/rules.d/a.rules", (char *)TO_VFIO, false },
		{ (char *)"etc/udev/rules.d/05-vfio-lu-0000:01:00.0.rules", rule, false },
	};
	struct userland user = { .conf = conf, .n_conf = 2 };

	assert_int_equal(udev_gives(&user, &dev, where), TAKES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_glob), cmocka_unit_test(test_fnmatch),
		cmocka_unit_test(test_time), cmocka_unit_test(test_tables),
		cmocka_unit_test(test_names), cmocka_unit_test(test_ids),
		cmocka_unit_test(test_rules), cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("modalias", tests, set_up, tear_down);
}

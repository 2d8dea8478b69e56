// SPDX-License-Identifier: GPL-2.0-only
/* The kernel log, the only source about preserved devices. */
#include "unit.h"

#include "machine/kernel-log.h"

#define CAME	": Device was preserved by previous kernel across Live Update\n"
#define DONE	": Device is finished participating in Live Update\n"

static struct klog *parse(const char *text)
{
	struct klog *log = klog_parse(text, strlen(text));

	assert_non_null(log);
	return log;
}

static void test_empty(void **state)
{
	struct klog *log = parse("");

	(void)state;
	assert_int_equal(log->n_incoming, 0);
	assert_int_equal(log->liveupdate_number, -1);
	assert_int_equal(log->kexec_count, -1);
	assert_string_equal(log->previous_release, "");
	assert_false(log->whole);
	pool_end(log);
}

static void test_boot(void **state)
{
	struct klog *log = parse("6,0,0,-;Linux version 7.3.4\n"
				 "6,1,10,-;KHO: found kexec handover data.\n"
				 "6,2,20,-;KHO: exec from: 7.3.3-rc1 (count 12)\n"
				 "6,3,30,-;luo: Retrieved live update data, liveupdate number: 3\n");

	(void)state;
	assert_true(log->whole);
	assert_int_equal(log->liveupdate_number, 3);
	assert_int_equal(log->kexec_count, 12);
	assert_string_equal(log->previous_release, "7.3.3-rc1");
	pool_end(log);
}

/* The last init that the kernel tried. A message of a program does not count. */
static void test_init(void **state)
{
	struct klog *log = parse("6,0,0,-;Linux version 7.3.4\n"
				 "6,1,2100000,-;Run /init as init process\n"
				 "6,2,2200000,-;Run /sbin/init as init process\n"
				 "12,3,2300000,-;Run /bin/sh as init process\n"
				 "6,4,2400000,-;Run /init as init process, perhaps\n");

	(void)state;
	assert_int_equal(log->init_started, 2200000);
	pool_end(log);
	log = parse("<6>[    2.100000] Run /init as init process\n");
	assert_int_equal(log->init_started, -1);
	pool_end(log);
}

static void test_incoming(void **state)
{
	/* the prefix changes with the driver, the address does not */
	struct klog *log = parse("6,0,0,-;x\n"
				 "6,1,0,-;pci 0000:00:01.0" CAME " SUBSYSTEM=pci\n DEVICE=+pci:0000:00:01.0\n"
				 "6,2,0,-;pci 0000:01:00.0" CAME
				 "6,3,0,-;pci 0000:01:00.0" CAME
				 "6,4,0,-;pci 10000:e1:00.0" CAME
				 "6,5,0,-;vfio-pci 0000:01:00.0" DONE);
	struct vlu_bdf vmd = { 0x10000, 0xe1, 0, 0 };

	(void)state;
	assert_int_equal(log->n_incoming, 2);
	assert_int_equal(log->incoming[0].device, 1);
	assert_int_equal(vlu_bdf_compare(log->incoming[1], vmd), 0);
	pool_end(log);
}

/*
 * Any program that may write to /dev/kmsg can write these words; its facility shows that
 * it is not the kernel.
 */
static void test_forged(void **state)
{
	struct klog *log = parse("6,0,0,-;x\n"
				 "12,1,0,-;pci 0000:01:00.0" CAME
				 "14,2,0,-;luo: Retrieved live update data, liveupdate number: 9\n"
				 " DEVICE=pci 0000:02:00.0" CAME);

	(void)state;
	assert_int_equal(log->n_incoming, 0);
	assert_int_equal(log->liveupdate_number, -1);
	pool_end(log);
}

static void test_freeze(void **state)
{
	struct klog *log = parse("3,9,0,-;vfio-pci 0000:01:00.0: Freeze failed! Interrupts are still enabled.\n"
				 "3,10,0,-;luo: Freeze failed for token[0x2] handler[vfio-pci-v1] err[-22]\n");

	(void)state;
	assert_non_null(strstr(log->freeze, "0000:01:00.0: Freeze failed! Interrupts are still enabled."));
	assert_false(log->whole);	/* the log begins with record 9 */
	pool_end(log);
}

static void test_ends(void **state)
{
	struct klog *log = parse("6,0,0,-;x\n"
				 "6,1,0,-;pci 0000:01:00.0" CAME
				 "6,2,0,-;vfio-pci 0000:01:00.0" DONE
				 "4,3,0,-;luo: Unable to finish session [vm:1@a] on release\n"
				 "12,4,0,-;luo: Unable to finish session [forged] on release\n"
				 "4,5,0,-;luo: Unable to finish session [without an end\n");

	(void)state;
	assert_int_equal(log->n_finished, 1);
	assert_int_equal(log->finished[0].bus, 1);
	assert_int_equal(log->n_incoming, 0);
	assert_int_equal(log->n_leaked, 1);
	assert_string_equal(log->leaked[0], "vm:1@a");
	pool_end(log);
}

/* No content of a log makes the parser crash. */
static void test_hostile(void **state)
{
	static char big[70000];
	static const char *const texts[] = {
		";", ",", "6,0", "6,0,0,-;", "\n\n\n", " \n", "6,0,0,-;luo: Retrieved live update data, liveupdate number: ",
		"6,0,0,-;KHO: exec from: ", "6,0,0,-;KHO: exec from:  (count", "6,0,0,-;" CAME,
		"6,0,0,-;pci nonsense" CAME, "6,0,0,-;luo: Freeze failed for token[",
		"6,0,0,-;pci 00000000000000000000000000000000:01:00.0" CAME,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(texts); i++)
		pool_end(parse(texts[i]));
	memset(big, 'a', sizeof(big) - 1);
	pool_end(parse(big));
	memcpy(big, "6,0,0,-;KHO: exec from: ", 24);
	pool_end(parse(big));
	memset(big, 0, sizeof(big));
	pool_end(klog_parse(big, sizeof(big)));
}

static void test_outgoing(void **state)
{
	struct klog *log = parse("6,0,0,-;x\n"
				 "6,1,0,-;vfio-pci 0000:01:00.0: Device will be preserved across next Live Update\n"
				 "6,2,0,-;vfio-pci 0000:02:00.0: Device will be preserved across next Live Update\n"
				 "6,3,0,-;vfio-pci 0000:01:00.0: Device will no longer be preserved across next Live Update\n");

	(void)state;
	assert_int_equal(log->n_outgoing, 1);
	assert_int_equal(log->outgoing[0].bus, 2);
	assert_int_equal(log->n_incoming, 0);
	pool_end(log);
}

static void test_finished(void **state)
{
	struct klog *log = parse("6,0,0,-;x\n"
				 "6,1,0,-;pci 0000:01:00.0" CAME
				 "6,2,0,-;pci 0000:02:00.0" CAME
				 "6,3,0,-;vfio-pci 0000:01:00.0" DONE);

	(void)state;
	assert_int_equal(log->n_incoming, 1);
	assert_int_equal(log->incoming[0].bus, 2);
	assert_int_equal(log->n_finished, 1);
	assert_int_equal(log->finished[0].bus, 1);
	pool_end(log);
}

/* The output of dmesg, with and without times and priorities. */
static void test_printed(void **state)
{
	struct klog *log = parse("[    0.000000] Linux version 7.3.4\n"
				 "[    0.100000] KHO: exec from: 7.3.3 (count 2)\n"
				 "<6>[    0.200000] pci 0000:01:00.0" CAME
				 "<12>[   9.000000] pci 0000:02:00.0" CAME
				 "pci 0000:03:00.0" CAME
				 "[    9.5] who; pci 0000:04:00.0" CAME);

	(void)state;
	assert_true(log->whole);
	assert_int_equal(log->kexec_count, 2);
	assert_int_equal(log->n_incoming, 3);
	assert_int_equal(log->incoming[0].bus, 1);
	assert_int_equal(log->incoming[1].bus, 3);
	assert_int_equal(log->incoming[2].bus, 4);
	pool_end(log);
	log = parse("[   77.000000] somewhere in the middle\n");
	assert_false(log->whole);
	pool_end(log);
}

/* The messages of KHO and LUO are kept; if there are many, the newest. */
static void test_lines(void **state)
{
	char text[200 * 48], *p = text;
	struct klog *log;

	(void)state;
	p += sprintf(p, "6,0,0,-;Linux version 7.3.4\n");
	for (int i = 0; i < 100; i++)
		p += sprintf(p, "6,%d,0,-;luo: line %d\n6,%d,0,-;lou: another\n", i + 1, i, i + 1);
	p += sprintf(p, "12,300,0,-;luo: forged\n");
	log = parse(text);
	assert_int_equal(log->n_lines, KLOG_LINES);
	assert_string_equal(log->lines[0], "luo: line 36");
	assert_string_equal(log->lines[KLOG_LINES - 1], "luo: line 99");
	pool_end(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finished), cmocka_unit_test(test_printed), cmocka_unit_test(test_lines),
		cmocka_unit_test(test_empty), cmocka_unit_test(test_boot), cmocka_unit_test(test_init),
		cmocka_unit_test(test_incoming), cmocka_unit_test(test_outgoing), cmocka_unit_test(test_forged),
		cmocka_unit_test(test_freeze), cmocka_unit_test(test_ends), cmocka_unit_test(test_hostile),
	};

	return RUN("klog", tests);
}

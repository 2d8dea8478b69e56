// SPDX-License-Identifier: GPL-2.0-only
/* The inputs of the host rules: names, tables, stacks, heads of images. */
#include "unit.h"

#include "machine/pending-unbind.h"
#include "machine/processes.h"
#include "machine/systemd.h"
#include "machine/vfio-handler.h"
#include "machine/kho-scratch.h"

static void test_systemd_version(void **state)
{
	static const struct { const char *name; int version; } cases[] = {
		{ "libsystemd-shared-252.so", 252 },
		{ "libsystemd-core-261.so", 261 },
		{ "libsystemd-shared-257.9-1.fc42.so", 257 },
		{ "libsystemd-core-261~rc2.so", 261 },
		{ "libsystemd-shared.so", -1 },
		{ "libsystemd-shared-.so", -1 },
		{ "libsystemd-shared-252", -1 },
		{ "libsystemd-shared-0.so", -1 },
		{ "libsystemd-shared--5.so", -1 },
		{ "libsystemd-shared-99999999999999999999.so", -1 },
		{ "libsystemd.so.0", -1 },
		{ "", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY(cases); i++)
		assert_int_equal(systemd_of_library(cases[i].name), cases[i].version);
}

static void test_blocked_where(void **state)
{
	size_t len;

	(void)state;
	assert_non_null(blocked_where("vfio_unregister_group_dev", &len));
	assert_int_equal(len, strlen("vfio_unregister_group_dev"));
	assert_non_null(blocked_where("[<0>] __switch_to+0x1/0x2\n[<0>] unbind_store+0x9c/0xf0\n", &len));
	assert_int_equal(len, strlen("unbind_store"));
	assert_non_null(blocked_where("device_release_driver_internal.cold", &len));
	assert_null(blocked_where("my_unbind_store", &len));
	assert_null(blocked_where("unbind_stores", &len));
	assert_null(blocked_where("process_timeout", &len));
	assert_null(blocked_where("0", &len));
	assert_null(blocked_where("", &len));
}

static void test_unbind_file(void **state)
{
	(void)state;
	assert_true(is_unbind_file("/sys/bus/pci/drivers/vfio-pci/unbind"));
	assert_true(is_unbind_file("/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/remove"));
	assert_true(is_unbind_file("/sys/bus/pci/slots/3-1/power"));
	assert_false(is_unbind_file("/sys/bus/pci/drivers/vfio-pci/bind"));
	assert_false(is_unbind_file("/srv/unbind"));
	assert_false(is_unbind_file("socket:[12]"));
}

static void test_modules_dep(void **state)
{
	static const char text[] =
		"kernel/drivers/vfio/pci/vfio-pci-core.ko.xz: kernel/virt/lib/irqbypass.ko.xz\n"
		"kernel/drivers/vfio/pci/virtio/virtio-vfio-pci.ko.xz:\n"
		"updates/dkms/vfio-pci.ko.xz: kernel/drivers/vfio/pci/vfio-pci-core.ko.xz\n";
	char path[64], little[8];

	(void)state;
	assert_true(modules_dep_find(text, "vfio-pci", path, sizeof(path)));
	assert_string_equal(path, "updates/dkms/vfio-pci.ko.xz");
	assert_true(modules_dep_find("vfio-pci.ko:", "vfio-pci", path, sizeof(path)));
	assert_string_equal(path, "vfio-pci.ko");
	assert_false(modules_dep_find(text, "vfio", path, sizeof(path)));
	assert_false(modules_dep_find(text, "vfio-pci", little, sizeof(little)));
	assert_false(modules_dep_find("a/vfio-pci.ko", "vfio-pci", path, sizeof(path)));
	assert_false(modules_dep_find("", "vfio-pci", path, sizeof(path)));
}

static void test_scratch(void **state)
{
	struct scratch scratch = { 0 };

	(void)state;
	assert_int_equal(scratch_parse("0x4000000\n0x18000000\n0x20000000\n", &scratch), 0);
	assert_int_equal(scratch.largest, 0x20000000);
	assert_int_equal(scratch.total, 0x3c000000);
	assert_int_equal(scratch_parse("0x10", &scratch), 0);
	assert_int_equal(scratch.total, 16);
	assert_int_equal(scratch_parse("", &scratch), -EBADMSG);
	assert_int_equal(scratch_parse("0x0\n", &scratch), -EBADMSG);
	assert_int_equal(scratch_parse("0x10 0x20\n", &scratch), -EBADMSG);
	assert_int_equal(scratch_parse("\n", &scratch), -EBADMSG);
	assert_int_equal(scratch_parse("0xffffffffffffffffff\n", &scratch), -EBADMSG);
	assert_int_equal(scratch.total, 16);
}

static void test_scratch_takes(void **state)
{
	struct scratch scratch = { .largest = 64, .total = 96 };

	(void)state;
	assert_true(scratch_has_room(&scratch, &(struct scratch_need){ 64, 32 }));
	assert_false(scratch_has_room(&scratch, &(struct scratch_need){ 64, 33 }));
	assert_false(scratch_has_room(&scratch, &(struct scratch_need){ 65, 0 }));
	assert_false(scratch_has_room(&scratch, &(struct scratch_need){ 1, 65 }));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_systemd_version),
		cmocka_unit_test(test_blocked_where),
		cmocka_unit_test(test_unbind_file),
		cmocka_unit_test(test_modules_dep),
		cmocka_unit_test(test_scratch),
		cmocka_unit_test(test_scratch_takes),
	};

	return RUN("host", tests);
}

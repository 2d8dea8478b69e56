// SPDX-License-Identifier: GPL-2.0-only
/* The values that a captured tree must not contain. */
#include "unit.h"

#include "capture/scrub.h"

/* NULL for want: the file is left out. */
static void expect(const char *path, const char *text, const char *want)
{
	size_t size = strlen(text);
	char *data = malloc(size + 1);

	assert_non_null(data);
	memcpy(data, text, size + 1);
	if (!want) {
		assert_false(scrub_data(path, data, &size));
	} else {
		assert_true(scrub_data(path, data, &size));
		assert_int_equal(size, strlen(want));
		assert_memory_equal(data, want, size);
	}
	free(data);
}

static void test_text(void **state)
{
	(void)state;
	expect("/sys/class/net/eth0/address", "52:54:00:ab:cd:ef\n", "00:00:00:00:00:00\n");
	expect("/x", "mac 52-54-00-AB-CD-EF.", "mac 00-00-00-00-00-00.");
	expect("/x", "mac:52:54:00:ab:cd:ef 0000:00:1d.0", "mac:00:00:00:00:00:00 0000:00:1d.0");
	expect("/proc/self/mountinfo", "/dev/disk/by-uuid/0d8f0a1c-5b1e-4a53-9a1e-6b1f5b1e2b3d /",
	       "/dev/disk/by-uuid/00000000-0000-0000-0000-000000000000 /");
	expect("/sys/class/net/ib0/address", "80:00:02:08:fe:80:00:00:00:00:00:00:7c:fe\n",
	       "00:00:00:00:00:00:00:00:00:00:00:00:00:00\n");
	expect("/proc/net/if_inet6", "fe80000000000000505400fffeabcdef 02 40 20 80     eth0\n",
	       "fe800000000000000000000000000000 02 40 20 80     eth0\n");
	/* similar text that is none */
	expect("/x", "0000:81:00.0 0000:00:1f.6", "0000:81:00.0 0000:00:1f.6");
	expect("/x", "10:20:30 40:50:60 10:20:30:40:50:600", "10:20:30 40:50:60 10:20:30:40:50:600");
	expect("/x", "pci0000:00/0000:00:01.0/0000:01:00.0", "pci0000:00/0000:00:01.0/0000:01:00.0");
	expect("/x", "", "");
	/* needed unchanged, and new at each boot */
	expect("/proc/sys/kernel/random/boot_id", "0d8f0a1c-5b1e-4a53-9a1e-6b1f5b1e2b3d\n",
	       "0d8f0a1c-5b1e-4a53-9a1e-6b1f5b1e2b3d\n");
}

static void test_serials(void **state)
{
	(void)state;
	expect("/sys/devices/pci0000:00/0000:00:02.0/nvme/nvme0/serial", "S4YNNF0M123456  \n",
	       "00000000000000  \n");
	expect("/sys/block/nvme0n1/wwid", "eui.0025385b11b5e7a1\n", "000.0000000000000000\n");
	expect("/sys/class/dmi/id/product_uuid", "4C4C4544\n", "00000000\n");
	expect("/sys/devices/x/vendor", "0x8086\n", "0x8086\n");
}

/* The files of vfio-lu itself: the command of a VMM, and the command line of the next kernel. */
static void test_own_files(void **state)
{
	(void)state;
	expect("/run/vfio-lu/vm.json", "{ \"command\": \"qemu -object secret,data=\\\"x\\\" -n\", \"n\": 1 }",
	       "{ \"command\": \"qemu\", \"n\": 1 }");
	expect("/var/lib/vfio-lu/vm.json", "{ \"command\": \"qemu -a b\" }", "{ \"command\": \"qemu\" }");
	expect("/run/vfio-lu/vm.json", "{ \"command\": null, \"boot_id\": \"a b\" }",
	       "{ \"command\": null, \"boot_id\": \"a b\" }");
	expect("/run/vfio-lu/vm.json", "{ \"command\":", "{ \"command\":");
	expect("/run/vfio-lu/vm.json", "{ \"command\": \"qemu -a", "{ \"command\": \"qemu");
	expect("/run/vfio-lu/loaded", "kernel=/boot/a\ncmdline=ip=10.0.0.1 ro\nline=ro key=ab\nseen:\n",
	       "kernel=/boot/a\ncmdline=ip=00.0.0.0 ro\nline=ro key=00\nseen:\n");
	expect("/run/vfio-lu/loaded", "line=root=UUID=0d8f0a1c-5b1e-4a53-9a1e-6b1f5b1e2b3d BOOTIF=01-aa-bb-cc-dd-ee-ff\n",
	       "line=root=UUID=00000000-0000-0000-0000-000000000000 BOOTIF=00-00-00-00-00-00-00\n");
}

static void test_cmdline(void **state)
{
	(void)state;
	expect("/proc/cmdline", "root=UUID=0d8f0a1c-5b1e-4a53-9a1e-6b1f5b1e2b3d ro kho=on\n",
	       "root=UUID=00000000-0000-0000-0000-000000000000 ro kho=on\n");
	expect("/proc/cmdline", "rd.luks.uuid=luks-0d8f0a1c-5b1e-4a53-9a1e-6b1f5b1e2b3d ro\n",
	       "rd.luks.uuid=luks-00000000-0000-0000-0000-000000000000 ro\n");
	expect("/proc/cmdline", "ip=192.0.2.7::192.0.2.1 systemd.hostname=db3 liveupdate=on",
	       "ip=000.0.0.0::000.0.0.0 systemd.hostname=000 liveupdate=on");
	expect("/proc/cmdline", "root=nfs:192.0.2.9:/srv luks.key=abc kho_scratch=64M,256M,128M",
	       "root=000:000.0.0.0:/000 luks.key=000 kho_scratch=64M,256M,128M");
	expect("/proc/77/cmdline", "/usr/bin/mysqld", "/usr/bin/mysqld");
}

static void test_arguments(void **state)
{
	char data[] = "mysql\0--password=x\0";
	size_t size = sizeof(data) - 1;

	(void)state;
	assert_true(scrub_data("/proc/77/cmdline", data, &size));
	assert_int_equal(size, 5);
}

static void test_log(void **state)
{
	(void)state;
	expect("/dev/kmsg",
	       "6,0,0,-;Linux version 7.3.4 (me@host) gcc\n"
	       "6,1,0,-;usb 1-1: SerialNumber: ABC\n"
	       "6,1,0,-;PCI: liveupdate: No incoming FLB matched pci-v2\n"
	       "6,2,0,-;luo: Retrieved live update data, liveupdate number: 3\n"
	       " SUBSYSTEM=pci\n"
	       "6,3,0,-;vfio-pci 0000:01:00.0: Device will be preserved across next Live Update\n",
	       "6,0,0,-;Linux version 7.3.4\n"
	       "6,1,0,-;PCI: liveupdate: No incoming FLB matched pci-v2\n"
	       "6,2,0,-;luo: Retrieved live update data, liveupdate number: 3\n"
	       "6,3,0,-;vfio-pci 0000:01:00.0: Device will be preserved across next Live Update\n");
	/* its number shows that the log is incomplete; its text is not needed */
	expect("/dev/kmsg", "6,812,0,-;something", "6,812,0,-;something");
}

static void test_symbols(void **state)
{
	(void)state;
	expect("/proc/kallsyms",
	       "ffffffff81000000 T _text\nffffffffc0a01230 t vfio_pci_liveupdate_freeze\t[vfio_pci]\n",
	       "0000000000000000 t vfio_pci_liveupdate_freeze\t[vfio_pci]\n");
	expect("/boot/System.map-7.3.4", "ffffffff81000000 T _text\n", "");
}

static void test_tasks(void **state)
{
	(void)state;
	assert_true(scrub_data("/sys/x", NULL, &(size_t){ 0 }));
	expect("/proc/77/task/78/wchan", "do_sys_poll", NULL);
	expect("/proc/77/task/78/wchan", "vfio_unregister_group_dev", "vfio_unregister_group_dev");
	expect("/proc/77/task/78/stack", "[<0>] do_select+0x1/0x2\n", NULL);
	expect("/proc/1/task/1/wchan", "ep_poll", "ep_poll");
	assert_true(scrub_is_kept_link("/proc/77/fd/3", "/dev/liveupdate"));
	assert_true(scrub_is_kept_link("/proc/77/fd/3", "/dev/vfio/devices/vfio0"));
	assert_true(scrub_is_kept_link("/proc/77/fd/3", "anon_inode:[luo_session] vm1"));
	assert_true(scrub_is_kept_link("/proc/77/fd/3", "/sys/bus/pci/drivers/vfio-pci/unbind"));
	assert_true(scrub_is_kept_link("/proc/77/fd/3", "/dev/nvme0n1"));
	assert_false(scrub_is_kept_link("/proc/77/fd/3", "/srv/letter"));
	assert_false(scrub_is_kept_link("/proc/77/fd/3", "socket:[1234]"));
	assert_true(scrub_is_kept_link("/sys/bus/pci/devices/0000:01:00.0", "../../../devices/x"));
	assert_true(scrub_is_kept_dir("/proc/77/fd"));
	assert_false(scrub_is_kept_dir("/proc/77/task"));
	assert_true(scrub_is_kept_dir("/proc/77"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_serials),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_own_files),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_tasks),
	};

	return RUN("scrub", tests);
}

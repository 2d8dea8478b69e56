// SPDX-License-Identifier: GPL-2.0-only
/* The parsers of /proc for open files and for the interrupts of vfio-pci. */
#include "unit.h"

#include "machine/interrupts.h"
#include "machine/processes.h"

static void test_links(void **state)
{
	struct proc_file file = { .name = "" };

	(void)state;
	assert_int_equal(proc_link_parse("/dev/vfio/devices/vfio12", &file), PROC_VFIO);
	assert_string_equal(file.name, "vfio12");
	assert_false(file.legacy);
	assert_int_equal(proc_link_parse("anon_inode:[vfio-device]", &file), PROC_VFIO);
	assert_true(file.legacy);
	assert_int_equal(proc_link_parse("anon_inode:[vfio-device-liveupdate]", &file),
			 PROC_VFIO);
	assert_false(file.legacy);
	assert_int_equal(proc_link_parse("anon_inode:[luo_session] vm 1", &file),
			 PROC_SESSION);
	assert_string_equal(file.name, "vm 1");
	assert_int_equal(proc_link_parse("/dev/vfio/17", &file), PROC_GROUP);
	assert_int_equal(file.group, 17);
	assert_int_equal(proc_link_parse("/dev/vfio/noiommu-3", &file), PROC_GROUP);
	assert_int_equal(file.group, 3);
	assert_int_equal(proc_link_parse("/dev/vfio/vfio", &file), PROC_NOTHING);
	assert_int_equal(proc_link_parse("/dev/vfio/-1", &file), PROC_NOTHING);
	assert_int_equal(proc_link_parse("/dev/vfio/", &file), PROC_NOTHING);
	assert_int_equal(proc_link_parse("/dev/nvme0n1", &file), PROC_NODE);
	assert_string_equal(file.name, "/dev/nvme0n1");
	assert_int_equal(proc_link_parse("/srv/container/dev/disk", &file), PROC_NODE);
	assert_int_equal(proc_link_parse("/proc/1/mem", &file), PROC_NOTHING);
	assert_int_equal(proc_link_parse("/sys/block/nvme0n1/uevent", &file), PROC_NOTHING);
	assert_int_equal(proc_link_parse("/dev/liveupdate", &file), PROC_LIVEUPDATE);
	assert_int_equal(proc_link_parse("/sys/bus/pci/drivers/vfio-pci/unbind", &file),
			 PROC_UNBIND);
	assert_string_equal(file.name, "/sys/bus/pci/drivers/vfio-pci/unbind");
	assert_int_equal(proc_link_parse("/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/"
					 "0000:02:00.0/remove", &file), PROC_UNBIND);
	assert_string_equal(file.name, "evices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0/remove");
	assert_int_equal(proc_link_parse("/sys/bus/pci/drivers/vfio-pci/bind", &file),
			 PROC_NOTHING);
	assert_int_equal(proc_link_parse("/dev/null", &file), PROC_NOTHING);
	assert_int_equal(proc_link_parse("/dev/pts/0", &file), PROC_NOTHING);
	assert_int_equal(proc_link_parse("socket:[123]", &file), PROC_NOTHING);
	assert_int_equal(proc_link_parse("", &file), PROC_NOTHING);
	/* only the end of a long path is kept, which is not a path */
	assert_int_equal(proc_link_parse("/dev/0123456789012345678901234567890123456789"
					 "0123456789012345678901234567890", &file),
			 PROC_NODE);
	assert_string_equal(file.name, "890123456789012345678901234567890123456789012345678901234567890");
}

static bool device_of(const char *text, struct vlu_bdf *bdf)
{
	return proc_fdinfo_parse(text, strlen(text), bdf);
}

static void test_fdinfo(void **state)
{
	struct vlu_bdf bdf;
	char name[VLU_BDF_SIZE];

	(void)state;
	assert_true(device_of("pos:\t0\nvfio-device-syspath: "
			      "/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0\n", &bdf));
	assert_string_equal(vlu_bdf_format(bdf, name), "0000:01:00.0");
	assert_true(device_of("vfio-device-syspath: /sys/devices/pci0000:00/0000:00:0e.0/"
			      "pci10000:e0/10000:e0:06.0/10000:e1:00.0", &bdf));
	assert_string_equal(vlu_bdf_format(bdf, name), "10000:e1:00.0");
	assert_false(device_of("pos:\t0\nflags:\t02\n", &bdf));
	assert_false(device_of("not-vfio-device-syspath: /sys/0000:01:00.0\n", &bdf));
	assert_false(device_of("vfio-device-syspath: /sys/devices/platform/x\n0000:01:00.0",
			       &bdf));
	assert_false(device_of("vfio-device-syspath:", &bdf));
	assert_false(device_of("", &bdf));
}

static void test_irqs(void **state)
{
	static const char text[] =
		"           CPU0\n"
		" 16:  3  IO-APIC  16-fasteoi  e1000e, vfio-intx(0000:01:00.0), ehci\n"
		" 40:  3  PCI-MSI  0-edge  vfio-msi[0](0000:81:00.0)\n"
		" 41:  3  PCI-MSIX 3-edge  vfio-msix[3](10000:e1:00.0)\n"
		" 42:  3  PCI-MSIX 4-edge  vfio-msix[4](10000:e1:00.0)\n"
		" 43:  3  x  vfio-msix[4](not-a-device)\n"
		" 44:  3  x  vfio-ccw, vfio-\n"
		" 45:  3  x  vfio-msix[99999999999999999999999999](0000:02:00.0)\n"
		" 46:  3  x  vfio-intx(0000:03:00.0";
	struct irqs *irqs = irqs_parse(text, sizeof(text) - 1);
	struct vlu_bdf first = { 0, 1, 0, 0 }, vmd = { 0x10000, 0xe1, 0, 0 };
	struct vlu_bdf none = { 0, 2, 0, 0 };
	const struct irq *irq;
	size_t n;

	(void)state;
	assert_non_null(irqs);
	assert_int_equal(irqs->n, 4);
	irq = irqs_find(irqs, first, &n);
	assert_int_equal(n, 1);
	assert_string_equal(irq->name, "vfio-intx");
	irq = irqs_find(irqs, vmd, &n);
	assert_int_equal(n, 2);
	assert_non_null(irq);
	assert_null(irqs_find(irqs, none, &n));
	assert_int_equal(n, 0);
	pool_end(irqs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_fdinfo),
		cmocka_unit_test(test_irqs),
	};

	return RUN("procs", tests);
}

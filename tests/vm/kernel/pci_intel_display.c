// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU has no Intel display, which vfio-pci does not preserve. With this boot
 * parameter its Bochs display is one, to all of the kernel and to sysfs.
 */

#include <linux/moduleparam.h>
#include <linux/pci.h>

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "pci_liveupdate."

static bool pci_intel_display;
module_param_named(intel_display, pci_intel_display, bool, 0444);

static void pci_make_intel_display(struct pci_dev *dev)
{
	if (pci_intel_display)
		dev->vendor = PCI_VENDOR_ID_INTEL;
}
DECLARE_PCI_FIXUP_EARLY(0x1234, 0x1111, pci_make_intel_display);

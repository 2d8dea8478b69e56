/* SPDX-License-Identifier: GPL-2.0-only */
/* The rule on a device of a VMM that libvirt manages. */
#include "checks/device-rules.h"
#include "machine/libvirt.h"

/*
 * qemuHostdevReAttachPCIDevices() of libvirt runs when a domain ends. It unbinds from vfio-pci
 * each device that libvirt bound. That waits in vfio_unregister_group_dev() while the holder
 * has the device open: libvirtd stops answering, and a kexec would hang.
 */
void look_stays_bound(const struct facts *facts, struct verdict *v)
{
	const char *name = facts->dev->name;
	char domain[LIBVIRT_NAME];

	if (!facts->vmm) {
		verdict_set(v, VLU_PASS, "its file is not taken from a VMM");
		return;
	}
	if (libvirt_domain(facts->ctx, facts->vmm, domain)) {
		verdict_set(v, VLU_PASS, "process %d does not belong to libvirt", (int)facts->vmm);
		return;
	}
	switch (libvirt_is_unbinding(facts->ctx, domain, facts->dev->bdf)) {
	case VLU_NO:
		verdict_set(v, VLU_PASS, "libvirt leaves it with vfio-pci when domain %.80s ends",
			    domain);
		break;
	case VLU_YES:
		verdict_set(v, VLU_FAIL, "libvirt bound it to vfio-pci and unbinds it when domain "
			    "%.80s ends: if it is preserved, the unbind and libvirtd would hang", domain);
		verdict_fix(v, "virsh shutdown %.80s, then vfio-lu bind %s and vfio-lu preserve %s; "
			    "a device that vfio-lu binds before a domain starts can be preserved "
			    "while it runs", domain, name, name);
		break;
	default:
		verdict_set(v, VLU_UNKNOWN, "vfio-lu cannot see whether libvirt unbinds it from vfio-pci "
			    "when domain %.80s ends", domain);
		break;
	}
}

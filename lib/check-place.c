/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules on where a device is: its IOMMU group and the ports above it. */
#include "attr.h"
#include "check-device.h"
#include "group.h"
#include "pcicap.h"

/* Without an IOMMU there is no cdev but noiommu's, which is not preserved. */
void look_iommu_group(const struct vlu_device *dev, struct verdict *v)
{
	if (dev->iommu_group >= 0) {
		verdict_set(v, VLU_PASS, "IOMMU group %lld",
			    (long long)dev->iommu_group);
		return;
	}
	verdict_set(v, VLU_FAIL, "in no IOMMU group: no IOMMU translates for it");
	verdict_fix(v, "enable the IOMMU in the firmware and on the kernel "
		    "command line (intel_iommu=on)");
}

/* ----------------------------------------------------------------- group */

/*
 * A member whose driver does DMA makes VFIO_DEVICE_BIND_IOMMUFD fail with
 * EPERM in every kernel (iommufd_device_bind(), iommu_device_claim_dma_owner()
 * in drivers/iommu/iommu.c). Other members the PCI series refused with EINVAL
 * up to v4; from v5 on it takes ACS over instead and has no such rule.
 */
void look_group_singleton(const struct vlu_device *dev, struct verdict *v)
{
	struct group_mates mates;
	int ret;

	if (dev->iommu_group < 0) {
		verdict_set(v, VLU_UNKNOWN, "in no IOMMU group");
		return;
	}
	if (dev->iommu_group_size == 1) {
		verdict_set(v, VLU_PASS, "alone in IOMMU group %lld",
			    (long long)dev->iommu_group);
		return;
	}
	ret = group_mates(dev, NULL, 0, &mates);
	if (ret < 0) {
		verdict_set(v, VLU_UNKNOWN, "the members of IOMMU group %lld cannot be "
			    "read: %s", (long long)dev->iommu_group, strerror(-ret));
		return;
	}
	if (!mates.all[0]) {
		verdict_set(v, VLU_PASS, "alone in IOMMU group %lld",
			    (long long)dev->iommu_group);
		return;
	}
	verdict_set(v, mates.foreign[0] ? VLU_FAIL : VLU_WARN, "IOMMU group %lld also holds "
		    "%s%s", (long long)dev->iommu_group, mates.all, mates.foreign[0] ?
		    "" : "; some kernels preserve only what is alone in its group");
	/* bind takes no half of a group */
	if (mates.foreign[0] && mates.movable)
		verdict_fix(v, "vfio-lu bind %s%s", dev->name, mates.bind);
	else
		verdict_fix(v, "another slot, with a group of its own");
}

/* ------------------------------------------------------------------- ACS */

struct acs_path {
	const struct vlu_device *dev;
	struct verdict *v;
	unsigned int ports;
	bool unknown;
};

static void name_bits(uint16_t bits, char buf[16])
{
	static const struct { uint16_t bit; const char *name; } names[] = {
		{ ACS_SOURCE_VALIDATION, "SV" }, { ACS_REQUEST_REDIRECT, "RR" },
		{ ACS_COMPLETION_REDIRECT, "CR" }, { ACS_UPSTREAM_FORWARDING, "UF" },
	};
	size_t i;

	buf[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (bits & names[i].bit)
			strcat(strcat(buf, buf[0] ? " " : ""), names[i].name);
}

/* False: it has what it should; or *v says what it lacks. */
static bool lacks_acs(struct acs_path *acs, struct vlu_bdf bdf, const char *what)
{
	char name[VLU_BDF_SIZE], bits[16];
	struct pcicap cap;
	int ret;

	ret = pcicap_get(acs->dev->ctx, bdf, &cap);
	vlu_bdf_format(bdf, name);
	if (ret) {
		if (!acs->unknown && (ret == -ENODATA || ret == -EACCES))
			verdict_set(acs->v, VLU_UNKNOWN, "what %s %s says of ACS is for "
				    "root to see", what, name);
		else if (!acs->unknown)
			verdict_set(acs->v, VLU_UNKNOWN, "the configuration space of %s "
				    "%s cannot be read: %s", what, name, strerror(-ret));
		acs->unknown = true;
		return false;
	}
	if (!cap.acs_needed || (cap.acs && !cap.acs_lacks) ||
	    (!cap.multifunction && vlu_bdf_compare(bdf, acs->dev->bdf) == 0))
		return false;
	if (cap.acs) {
		name_bits(cap.acs_lacks, bits);
		verdict_set(acs->v, VLU_WARN, "ACS is not fully on at %s %s (off: %s)",
			    what, name, bits);
	} else if (cap.type == PCIE_CONVENTIONAL || cap.type == PCIE_TO_PCI ||
		   cap.type == PCI_TO_PCIE) {
		verdict_set(acs->v, VLU_WARN, "%s %s is conventional PCI, which has no ACS",
			    what, name);
	} else {
		verdict_set(acs->v, VLU_WARN, "%s %s has no ACS", what, name);
	}
	verdict_fix(acs->v, "another slot, if the next kernel refuses it");
	return true;
}

/*
 * What pci_acs_path_enabled() asks for with REQ_ACS_FLAGS when it makes IOMMU
 * groups (drivers/iommu/iommu.c, pci_device_group()). The PCI series demanded
 * it up to v4 (EINVAL); later ones carry the bits over and demand nothing, but
 * v6 and later refuse a device that has ACS only by a quirk. That cannot be
 * seen from here, so it is a warning.
 */
void look_upstream_acs(const struct vlu_device *dev, struct verdict *v)
{
	struct acs_path acs = { .dev = dev, .v = v };
	struct vlu_bdf bdf, above[32];
	const char *p, *slash;
	size_t n = 0;

	if (!dev->path) {
		verdict_set(v, VLU_UNKNOWN, "where it is plugged in is not known");
		return;
	}
	for (p = dev->path; *p; p = slash + strspn(slash, "/")) {
		slash = p + strcspn(p, "/");
		/* a domain of its own begins here: what is above is no port */
		if (strncmp(p, "pci", 3) == 0)
			n = 0;
		else if (device_on_path(p, (size_t)(slash - p), &bdf) &&
			 vlu_bdf_compare(bdf, dev->bdf) != 0 && n < ARRAY_SIZE(above))
			above[n++] = bdf;
	}
	/* get_pci_function_alias_group(): what is alone is kept apart from nobody */
	if (dev->iommu_group_size > 1 && lacks_acs(&acs, dev->bdf, "the device"))
		return;
	acs.ports = (unsigned int)n;
	while (n--)
		if (lacks_acs(&acs, above[n], "the port"))
			return;
	if (acs.unknown)
		return;
	if (acs.ports)
		verdict_set(v, VLU_PASS, "ACS is on from here to the root");
	else
		verdict_set(v, VLU_PASS, "no port is above it");
}

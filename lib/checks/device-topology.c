/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules on the place of a device: its IOMMU group and the ports above it. */
#include "base/attr.h"
#include "checks/device-rules.h"
#include "checks/host-rules.h"
#include "machine/iommu-group.h"
#include "machine/kernel.h"

/* Without an IOMMU the only cdev is a noiommu one, which is not preserved. */
void look_iommu_group(const struct facts *facts, struct verdict *v)
{
	const struct vlu_device *dev = facts->dev;

	if (dev->iommu_group >= 0) {
		verdict_set(v, VLU_PASS, "IOMMU group %lld", (long long)dev->iommu_group);
		return;
	}
	/* iommu_init_pci(), drivers/iommu/amd/init.c, keeps all drivers away from it */
	if (device_is_iommu(dev)) {
		verdict_set(v, VLU_FAIL, "it is an IOMMU itself: the kernel binds no driver to it");
	} else if (sys_list(&facts->ctx->sys, "/sys/class/iommu", any_name, NULL) > 0) {
		verdict_set(v, VLU_FAIL, "in no IOMMU group: no IOMMU of this host translates for it");
	} else {
		verdict_set(v, VLU_FAIL, "in no IOMMU group: no IOMMU translates for it");
		verdict_fix(v, "%s", iommu_switch(facts->ctx));
	}
}

/* ----------------------------------------------------------------- group */

static void unreadable(const struct vlu_device *dev, int err, struct verdict *v)
{
	verdict_set(v, VLU_UNKNOWN, "the members of IOMMU group %lld cannot be read: %s",
		    (long long)dev->iommu_group, strerror(-err));
}

bool can_take_mates(const struct vlu_device *dev, const struct group_mates *mates)
{
	struct vlu_device *mate;
	size_t i;

	for (i = 0; i < mates->n; i++)
		if (vlu_device_find(dev->ctx, mates->bdfs[i], &mate) || !can_take(mate) ||
		    device_is_behind(dev, mate) || device_is_behind(mate, dev))
			return false;
	return mates->movable;
}

void advise_bind(const struct vlu_device *dev, struct verdict *v)
{
	struct group_mates mates = { .movable = true };
	char name[VLU_BDF_SIZE], others[sizeof(v->fix) - 32] = "";
	size_t i;

	if (dev->iommu_group_size > 1 && group_mates(dev, NULL, 0, &mates) < 0)
		return;
	/* no advice to bind a device that the host needs */
	if (!can_take(dev) || !can_take_mates(dev, &mates))
		return;
	for (i = 0; i < mates.n; i++)
		text_add(others, sizeof(others), " %s", vlu_bdf_format(mates.bdfs[i], name));
	verdict_run(v, "vfio-lu bind %s%s", dev->name, others);
}

/*
 * A member whose driver does DMA makes VFIO_DEVICE_BIND_IOMMUFD fail with EPERM in every kernel
 * (iommufd_device_bind(), iommu_device_claim_dma_owner() in drivers/iommu/iommu.c). With any
 * other member, the PCI series failed with EINVAL up to v4. From v5 on it accepts them and hands over
 * the ACS bits.
 */
void look_group_singleton(const struct facts *facts, struct verdict *v)
{
	const struct vlu_device *dev = facts->dev;
	struct group_mates mates = { .all = "" };
	int ret;

	if (dev->iommu_group < 0) {
		verdict_set(v, VLU_UNKNOWN, "in no IOMMU group");
		return;
	}
	ret = dev->iommu_group_size == 1 ? 0 : group_mates(dev, NULL, 0, &mates);
	if (ret < 0) {
		unreadable(dev, ret, v);
		return;
	}
	if (!mates.all[0]) {
		verdict_set(v, VLU_PASS, "alone in IOMMU group %lld",
			    (long long)dev->iommu_group);
		return;
	}
	verdict_set(v, mates.foreign[0] ? VLU_FAIL : VLU_WARN, "IOMMU group %lld also holds "
		    "%s%s", (long long)dev->iommu_group, mates.all, mates.foreign[0] ?
		    "" : "; some kernels preserve a device only if it is alone in its group");
	/* bind refuses half a group */
	if (mates.foreign[0])
		advise_bind(dev, v);
	if (!v->fix[0])
		verdict_fix(v, "use another slot, with a group of its own");
}

/* ------------------------------------------------------------------- ACS */

/* The members that share the group because ACS is missing. */
struct acs {
	const struct vlu_device *dev;
	char port[VLU_BDF_SIZE];	/* the highest port above the device that is in the group */
	const char *port_place;		/* its place in the path of the device */
	char other[VLU_BDF_SIZE];	/* a member that is not above the device */
	bool beside;			/* `other` is a function of the same slot */
};

static int look_at_member(void *arg, const char *name)
{
	struct acs *acs = arg;
	const struct vlu_bdf *own = &acs->dev->bdf;
	char component[32];
	struct vlu_bdf bdf;
	const char *place;
	bool beside;

	if (vlu_bdf_parse(name, &bdf) || vlu_bdf_compare(bdf, *own) == 0)
		return 0;
	snprintf(component, sizeof(component), "/%.30s", name);
	place = acs->dev->path ? strstr(acs->dev->path, component) : NULL;
	beside = bdf.domain == own->domain && bdf.bus == own->bus && bdf.device == own->device;
	if (place && (!acs->port_place || place < acs->port_place)) {
		acs->port_place = place;
		vlu_bdf_format(bdf, acs->port);
	} else if (!place && (!acs->other[0] || (beside && !acs->beside))) {
		acs->beside = beside;
		vlu_bdf_format(bdf, acs->other);
	}
	return 0;
}

static bool is_on_root_bus(const struct vlu_device *dev)
{
	const char *last = dev->path ? strrchr(dev->path, '/') : NULL, *before = last;

	while (before && before > dev->path && before[-1] != '/')
		before--;
	return before && strncmp(before, "pci", 3) == 0;
}

/*
 * pci_device_group(), drivers/iommu/iommu.c: a device joins the group of the port above when
 * that port, or one further up, lacks some of REQ_ACS_FLAGS or is conventional PCI. It joins
 * the group of a neighbouring function when both lack ACS. So the groups show ACS as it was
 * when they were made, and no port has to be woken. The highest port in the group is the one
 * that lacks ACS.
 * Up to v4 the PCI series demanded ACS (EINVAL). Later versions hand the bits over and demand
 * nothing, but v6 and later refuse a device whose ACS comes from a quirk. A quirk cannot be
 * seen from here, so this is a warning.
 */
void look_upstream_acs(const struct facts *facts, struct verdict *v)
{
	const struct vlu_device *dev = facts->dev;
	struct acs acs = { .dev = dev };
	int ret = 0;

	if (dev->iommu_group < 0) {
		verdict_set(v, VLU_UNKNOWN, "the device is in no IOMMU group, so "
			    "vfio-lu cannot see whether ACS is on");
		return;
	}
	if (dev->iommu_group_size != 1)
		ret = group_each(facts->ctx, dev->iommu_group, look_at_member, &acs);
	if (ret < 0) {
		unreadable(dev, ret, v);
		return;
	}
	if (acs.port[0]) {
		verdict_set(v, VLU_WARN, "ACS is missing or not fully on at port %s: the kernel put "
			    "that port into the same IOMMU group", acs.port);
	} else if (acs.other[0]) {
		verdict_set(v, VLU_WARN, "ACS does not separate it from %s%s: the kernel put both "
			    "into one IOMMU group", acs.other, acs.beside ?
			    ", another function of its slot" : "");
	} else if (host_has_acs_override(facts->ctx)) {
		/* a patch that distributions have */
		verdict_set(v, VLU_WARN, "pcie_acs_override= on the command line makes groups as if "
			    "there were ACS");
	} else {
		verdict_set(v, VLU_PASS, is_on_root_bus(dev) ? "no port is above it" :
			    "ACS is on from here to the root");
		return;
	}
	verdict_fix(v, "use another slot, if the next kernel refuses this device");
}

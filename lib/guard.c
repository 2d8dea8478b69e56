/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "check-device.h"
#include "group.h"
#include "guard.h"
#include "held.h"
#include "klog.h"

/* A PF's driver takes its VFs along, from whoever has them. */
static int refuse_with_vfs(const struct vlu_device *dev)
{
	int64_t vfs;

	if (dev->kind != VLU_PF || !dev->driver[0] ||
	    attr_number(dev->ctx, &vfs, PCI_DEVICES "/%s/sriov_numvfs", dev->name) < 0 ||
	    !vfs)
		return 0;
	return vlu_fail(dev->ctx, VLU_NOT_PRESERVABLE, -EBUSY,
			"%s: in use: %lld virtual functions of it are enabled; fix: take "
			"them away from who has them, then echo 0 > " PCI_DEVICES
			"/%s/sriov_numvfs", dev->name, (long long)vfs, dev->name);
}

/*
 * With a driver of the host next to it nobody can use the function through
 * vfio (iommu_device_claim_dma_owner(), drivers/iommu/iommu.c: EPERM), and the
 * host has lost it all the same.
 */
static int refuse_half_group(const struct vlu_device *dev, const struct bind_request *request)
{
	const long long group = dev->iommu_group;
	struct group_mates mates;
	int ret;

	if (dev->iommu_group_size <= 1)
		return 0;
	ret = group_mates(dev, request->bdfs, request->n, &mates);
	if (ret < 0)
		return vlu_fail(dev->ctx, VLU_FAILED, ret, "%s: cannot read who else is in "
				"IOMMU group %lld: %s", dev->name, group, strerror(-ret));
	if (!mates.foreign[0])
		return 0;
	if (request->flags & VLU_FORCE) {
		vlu_log(dev->ctx, VLU_LOG_ERROR, "DANGEROUS: %s: half of IOMMU group %lld: no "
			"VM can use it while the host has %s", dev->name, group, mates.foreign);
		return 0;
	}
	if (!mates.movable)
		return vlu_fail(dev->ctx, VLU_NOT_PRESERVABLE, -EBUSY, "%s: half of IOMMU group "
				"%lld: the host would keep %s; fix: another slot, with a group "
				"of its own, or --force", dev->name, group, mates.foreign);
	return vlu_fail(dev->ctx, VLU_NOT_PRESERVABLE, -EBUSY, "%s: half of IOMMU group %lld: the "
			"host would keep %s; fix: name all of them in one call (vfio-lu bind "
			"--group %lld), or --force", dev->name, group, mates.foreign, group);
}

/* Its driver would be torn from under a hand-over that waits to be fetched. */
static int refuse_incoming(const struct vlu_device *dev, const char *fix)
{
	if (klog_incoming(dev->ctx, dev->bdf) != VLU_YES)
		return 0;
	return vlu_fail(dev->ctx, VLU_NOT_PRESERVABLE, -EBUSY, "%s: preserved by the previous "
			"kernel and not finished; first: %s", dev->name, fix);
}

int guard_bind(const struct vlu_device *dev, const struct bind_request *request)
{
	int ret;

	ret = refuse_incoming(dev, "vfio-lu restore, which binds it too");
	if (!ret)
		ret = refuse_with_vfs(dev);
	/* The kernel unbinds a mounted disk as readily as an idle one. */
	if (!ret)
		ret = check_unused(dev, request->flags & VLU_FORCE ?
				   FORCE_GIVEN : FORCE_OFFERED);
	return ret ? ret : refuse_half_group(dev, request);
}

/*
 * A sysfs unbind of a preserved device waits in the kernel, unkillable, until
 * its session is closed, and hangs a kexec for ever
 * (vfio_unregister_group_dev(), drivers/vfio/vfio_main.c).
 */
static int refuse_preserved(const struct vlu_device *dev)
{
	struct vlu_ctx *ctx = dev->ctx;
	char session[64];
	int ret;

	ret = held_device_session(ctx, dev->bdf, session, sizeof(session));
	if (!ret)
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EBUSY,
				"%s: in session %s, an unbind would hang; first: "
				"vfio-lu release (before the jump) or vfio-lu finish "
				"(after it), with --session %s",
				dev->name, session, session);
	if (ret != -ENOENT)
		return ret;
	if (klog_outgoing(ctx, dev->bdf) == VLU_YES)
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EBUSY, "%s: preserved by another "
				"program, an unbind would hang; first: have that close its "
				"session", dev->name);
	return refuse_incoming(dev, "vfio-lu restore and vfio-lu finish");
}

int guard_unbind(const struct vlu_device *dev)
{
	int ret;

	ret = refuse_preserved(dev);
	if (!ret)
		ret = refuse_with_vfs(dev);
	/* It hangs as well while a VMM has the file open. */
	return ret ? ret : check_unused(dev, FORCE_NONE);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "machine/iommu-group.h"
#include "bind/refusals.h"
#include "ledger/ledger.h"

/* When a PF loses its driver, its VFs disappear, even from guests. */
static int refuse_with_vfs(const struct vlu_device *dev)
{
	int64_t vfs;

	if (dev->kind != VLU_PF || !dev->driver[0] ||
	    attr_number(dev->ctx, &vfs, PCI_DEVICES "/%s/sriov_numvfs", dev->name) < 0 ||
	    !vfs)
		return 0;
	return vlu_fail(dev->ctx, VLU_NOT_PRESERVABLE, -EBUSY,
			"%s: in use: %lld of its virtual functions are enabled; fix: stop their "
			"users, then echo 0 > " PCI_DEVICES "/%s/sriov_numvfs",
			dev->name, (long long)vfs, dev->name);
}

/*
 * vfio cannot use this function while a host driver has another function of the group
 * (iommu_device_claim_dma_owner(), drivers/iommu/iommu.c: EPERM). So a bind would only take this
 * one away from the host.
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
		return vlu_failed(dev->ctx, ret, "%s: cannot read which other devices are in IOMMU "
				  "group %lld",
				  dev->name, group);
	if (!mates.foreign[0])
		return 0;
	if (request->flags & VLU_FORCE) {
		vlu_log(dev->ctx, VLU_LOG_ERROR, "DANGEROUS: %s: only a part of IOMMU group %lld: no "
			"VM can use it while the host has %s", dev->name, group, mates.foreign);
		return 0;
	}
	if (!can_take_mates(dev, &mates))
		return vlu_fail(dev->ctx, FAIL_IN_USE, -EBUSY, "%s: only a part of IOMMU group "
				"%lld: the host would keep %s; fix: use another slot, with a "
				"group of its own, or --force", dev->name, group, mates.foreign);
	return vlu_fail(dev->ctx, FAIL_IN_USE, -EBUSY, "%s: only a part of IOMMU group %lld: "
			"the host would keep %s; fix: bind the whole group (vfio-lu bind "
			"--group %lld), or use --force", dev->name, group, mates.foreign, group);
}

struct behind {
	const struct vlu_device *dev;
	bool has_bus;
	char name[VLU_BDF_SIZE];	/* a function behind dev; "": none */
};

/* Looks for a host bridge below the function, as a VMD controller has: "pci10000:e0". */
static int look_for_bus(void *arg, const char *name)
{
	struct behind *behind = arg;

	behind->has_bus = strncmp(name, "pci", 3) == 0 && strchr(name, ':');
	return behind->has_bus;
}

static int look_behind(void *arg, const char *name)
{
	struct behind *behind = arg;
	struct vlu_device *other;
	struct vlu_bdf bdf;

	if (vlu_bdf_parse(name, &bdf) || vlu_device_find(behind->dev->ctx, bdf, &other) ||
	    !device_is_behind(other, behind->dev))
		return 0;
	strcpy(behind->name, other->name);
	return 1;
}

static int look_behind_for_vfio(void *arg, const char *name)
{
	const struct behind *behind = arg;
	char driver[64];

	return attr_link(behind->dev->ctx, driver, sizeof(driver), PCI_DEVICES "/%.16s/driver",
			 name) > 0 && strcmp(driver, VFIO_DRIVER) == 0 ? look_behind(arg, name) : 0;
}

/* Functions behind dev disappear with its driver, even if they have vfio-pci or are in the request. */
static int refuse_behind(const struct vlu_device *dev, const struct bind_request *request)
{
	struct behind behind = { .dev = dev };
	struct sys *sys = &dev->ctx->sys;
	char name[VLU_BDF_SIZE];
	int ret = 0;
	size_t i;

	if (!dev->path)
		return vlu_fail(dev->ctx, VLU_FAILED, -EIO, "%s: cannot read the link " PCI_DEVICES
				"/%s, so vfio-lu cannot see which functions lie behind it", dev->name,
				dev->name);
	for (i = 0; i < request->n && !behind.name[0]; i++)
		look_behind(&behind, vlu_bdf_format(request->bdfs[i], name));
	if (behind.name[0])
		return vlu_fail(dev->ctx, VLU_NOT_PRESERVABLE, -EINVAL, "%s: %s lies behind this "
				"device and would disappear with this device's driver, but both are "
				"named; fix: name only one of the two",
				dev->name, behind.name);
	ret = sys_list(sys, dev->path, look_for_bus, &behind);
	if (ret >= 0 && behind.has_bus)
		ret = sys_list(sys, PCI_DEVICES, look_behind_for_vfio, &behind);
	if (ret < 0)
		return vlu_failed(dev->ctx, ret, "%s: cannot see which functions lie behind it", dev->name);
	if (behind.name[0]) {
		vlu_fail(dev->ctx, FAIL_IN_USE, -EBUSY, "%s: in use: %s is bound to " VFIO_DRIVER
			 " and would disappear, since it lies behind this device", dev->name, behind.name);
		return failure_run(dev->ctx, "first", "vfio-lu", "unbind", behind.name);
	}
	return 0;
}

/*
 * Refuses even with --force: a device of the holder or of an unfinished session would lose its
 * driver. An unbind of a preserved device through sysfs cannot be killed and waits
 * until the session is closed, and a kexec hangs meanwhile (vfio_unregister_group_dev(),
 * drivers/vfio/vfio_main.c).
 */
static int refuse_in_session(const struct vlu_device *dev, const struct vlu_session *session,
			     const char *why)
{
	vlu_fail(dev->ctx, FAIL_IN_SESSION, -EBUSY, "%s: in session %s (%s)%s", dev->name,
		 session->name, vlu_standing_word(session->standing), why);
	if (session->direction != VLU_OUTGOING)
		return session_first(dev->ctx, session);
	/* the other devices of the session stay preserved */
	return failure_run(dev->ctx, "first", "vfio-lu", "release", "--session", session->name, dev->name);
}

static int refuse_preserved(const struct vlu_device *dev, const struct ledger *ledger,
			    const char *why)
{
	const struct vlu_session *session, *lost = NULL;
	const struct vlu_member *member;
	size_t i;

	for (i = 0; i < ledger->state.n_sessions; i++) {
		session = &ledger->state.sessions[i];
		member = member_of(session, dev->bdf);
		if (member && (is_held(member) || is_unfinished(session)))
			return refuse_in_session(dev, session, why);
		if (member && session->standing == VLU_STANDING_LOST)
			lost = session;
	}
	switch (ledger_device(ledger, dev->bdf)) {
	case VLU_OUTGOING:
		return vlu_fail(dev->ctx, FAIL_IN_SESSION, -EBUSY, "%s: another program preserved "
				"it, and an unbind would hang; first: have that program close its "
				"session", dev->name);
	case VLU_INCOMING:
		return ledger_stranded(ledger, dev->bdf, lost, "bound");
	default:
		return 0;
	}
}

int guard_bind(const struct vlu_device *dev, const struct bind_request *request)
{
	const struct ledger *ledger = ledger_look(dev->ctx);
	int ret = ledger ? refuse_preserved(dev, ledger, "") : vlu_nomem(dev->ctx);

	if (!ret)
		ret = refuse_with_vfs(dev);
	/* The kernel unbinds even a mounted disk. */
	if (!ret)
		ret = check_unused(dev, force_of(request));
	if (!ret)
		ret = refuse_behind(dev, request);
	return ret ? ret : refuse_half_group(dev, request);
}

int guard_unbind(const struct vlu_device *dev)
{
	const struct ledger *ledger = ledger_look(dev->ctx);
	int ret = ledger ? ledger_known(ledger) : vlu_nomem(dev->ctx);

	if (!ret)
		ret = refuse_preserved(dev, ledger, ", an unbind would hang");
	if (!ret)
		ret = refuse_with_vfs(dev);
	/* An unbind hangs while a VMM has the file open. */
	return ret ? ret : check_unused(dev, FORCE_NONE);
}

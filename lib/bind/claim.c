/* SPDX-License-Identifier: GPL-2.0-only */
#include <sys/sysmacros.h>

#include "base/attr.h"
#include "bind/claim.h"
#include "inuse/inuse.h"

/*
 * The last check before the driver loses the device. An exclusive open fails if the block device
 * is mounted, is swap or a part of another device, or is used by LIO or ZFS, in any namespace.
 * path: the node; value: its number; extra: if the open fails for another reason,
 * "" refuses and "warn" warns
 */
static int run_claim(struct step *step)
{
	struct vlu_ctx *ctx = step->plan->ctx;
	unsigned int major = 0, minor = 0;
	int ret;

	sscanf(step->value, "%u:%u", &major, &minor);
	ret = sys_claim(&ctx->sys, step->path, makedev(major, minor));
	/* a drive without a medium */
	if (!ret || ret == -ENOMEDIUM)
		return 0;
	if (ret == -EBUSY)
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, ret, "%s: in use: the kernel has %s open "
				"exclusively, and no mount, swap or volume shows why; fix: look "
				"for a ZFS pool, a target, or a mount in a container", step->name,
				step->path);
	if (!*step->extra)
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, ret, "%s: vfio-lu cannot see whether it "
				"is in use: %s cannot be opened: %s; fix: find out why, or --force",
				step->name, step->path, strerror(-ret));
	vlu_log(ctx, VLU_LOG_WARNING, "%s: vfio-lu cannot see whether it is in use: %s cannot be "
		"opened: %s", step->name, step->path, strerror(-ret));
	return 0;
}

static const struct step_kind step_claim = {
	.text = "%d: verify that nothing has %p open exclusively",
	.run = run_claim,
};

int claim_add(struct vlu_plan *plan, const struct vlu_device *dev, enum unused_force force)
{
	const struct inuse *inuse = inuse_get(plan->ctx);
	const struct disk *disks;
	char number[32], node[80], *p;
	size_t n, i;
	int ret = 0;

	if (!inuse)
		return vlu_nomem(plan->ctx);
	disks = inuse_disks(inuse, dev->bdf, &n);
	for (i = 0; !ret && i < n; i++) {
		/* the hidden disk of one path of an NVMe multipath disk has no number and no node */
		if (attr_read(plan->ctx, number, sizeof(number), "/sys/class/block/%s/dev",
			      disks[i].name) <= 0)
			continue;
		snprintf(node, sizeof(node), "/dev/%s", disks[i].name);
		for (p = node; *p; p++)
			if (*p == '!')
				*p = '/';
		ret = plan_add(plan, &step_claim, dev->bdf, node, number,
			       force == FORCE_OFFERED ? "" : "warn");
	}
	return ret;
}

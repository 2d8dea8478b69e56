/* SPDX-License-Identifier: GPL-2.0-only */
/* IOMMU groups: functions that the IOMMU cannot tell apart. */
#ifndef VLU_MACHINE_IOMMU_GROUP_H
#define VLU_MACHINE_IOMMU_GROUP_H

#include "device.h"

/* Calls fn for each member of a group, sorted by name, and returns as sys_list() does. */
int group_each(struct vlu_ctx *ctx, int64_t group,
	       int (*fn)(void *arg, const char *name), void *arg) must_check;

#define GROUP_MATES 16	/* larger than any group that is passed through at once */

/* The other members of a device's group. */
struct group_mates {
	char all[384];		/* "0000:01:00.1 (driver e1000e), 0000:01:00.2" */
	/*
	 * the members in `all` whose driver uses the DMA API, without those that disappear when the
	 * device loses its driver
	 */
	char foreign[384];
	struct vlu_bdf bdfs[GROUP_MATES];	/* the n foreign ones that are PCI functions */
	size_t n;
	bool movable;		/* all foreign members are PCI functions, and bdfs has all of them */
};

/* Reads the group of dev, without dev itself and the n functions in `but`. */
int group_mates(const struct vlu_device *dev, const struct vlu_bdf *but, size_t n,
		struct group_mates *ret) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* IOMMU groups: functions that the IOMMU cannot tell apart. */
#ifndef VLU_MACHINE_IOMMU_GROUP_H
#define VLU_MACHINE_IOMMU_GROUP_H

#include "device.h"

/* Calls fn for each member of a group, sorted by name, and returns as sys_list() does. */
int group_each(struct vlu_ctx *ctx, int64_t group,
	       int (*fn)(void *arg, const char *name), void *arg) must_check;

#define GROUP_MATES 16	/* larger than any group that is passed through at once */

/* The other functions in a device's group. */
struct group_mates {
	char all[384];		/* "0000:01:00.1 (driver e1000e), 0000:01:00.2" */
	char foreign[384];	/* the functions in all whose driver does DMA itself */
	struct vlu_bdf bdfs[GROUP_MATES];	/* the n foreign ones */
	size_t n;
	bool movable;		/* all foreign functions are PCI functions, and bdfs has all of them */
};

/* Reads the group of dev. but: n functions to leave out. */
int group_mates(const struct vlu_device *dev, const struct vlu_bdf *but, size_t n,
		struct group_mates *ret) must_check;

#endif

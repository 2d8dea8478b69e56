/* SPDX-License-Identifier: GPL-2.0-only */
/* IOMMU groups: the functions that no IOMMU can tell from each other. */
#ifndef VLU_GROUP_H
#define VLU_GROUP_H

#include "device.h"

/* As sys_list() for the members of a group, in the order of their names. */
int group_each(struct vlu_ctx *ctx, int64_t group,
	       int (*fn)(void *arg, const char *name), void *arg) must_check;

/* The others in a device's group. */
struct group_mates {
	char all[384];		/* "0000:01:00.1 (driver e1000e), 0000:01:00.2" */
	char foreign[384];	/* of them, those whose driver does DMA of its own */
	char bind[128];		/* " 0000:01:00.1": these again */
	bool movable;		/* vfio-pci could take them */
};

/* Those among the n of but do not count. */
int group_mates(const struct vlu_device *dev, const struct vlu_bdf *but, size_t n,
		struct group_mates *ret) must_check;

#endif

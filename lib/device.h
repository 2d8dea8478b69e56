/* SPDX-License-Identifier: GPL-2.0-only */
/* One PCI function as sysfs describes it. */
#ifndef VLU_DEVICE_H
#define VLU_DEVICE_H

#include "private.h"

#define PCI_DEVICES "/sys/bus/pci/devices"

struct vlu_device {
	struct vlu_ctx *ctx;
	struct vlu_bdf bdf;
	char name[VLU_BDF_SIZE];
	enum vlu_kind kind;
	int64_t vendor, device, subsystem, class;
	int64_t iommu_group, iommu_group_size;
	int64_t numa_node;
	char driver[64];
	int driver_error;	/* why it could not be read */
	char override[64];
	char cdev[48];		/* "/dev/vfio/devices/vfio0" */
	char power_state[16];
	char *path;		/* "/sys/devices/..." */
	bool names_known;
	char vendor_name[128], device_name[128], class_name[128];
};

void devices_drop(struct vlu_ctx *ctx);
/* The driver a function has now, "" for none; not cached. */
int device_driver_now(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *buf,
		      size_t size) must_check;
/* Read a function again: its driver, override and cdev may have changed. */
int device_refresh(struct vlu_ctx *ctx, struct vlu_bdf bdf,
		   struct vlu_device **ret_dev) must_check;

#endif

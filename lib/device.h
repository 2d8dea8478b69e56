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
	int64_t vendor, device, class;
	int64_t subsystem;	/* read when first asked for */
	bool subsystem_known;
	int64_t iommu_group, iommu_group_size;
	char driver[64];
	int driver_error;	/* why it could not be read, or 0 */
	bool override_known;
	char override[64];	/* read when asked for: vlu_device_override() */
	char cdev[48];		/* "/dev/vfio/devices/vfio0" */
	char power_state[16];
	char reset_method[64];	/* "flr bus" */
	int reset_error;	/* why that could not be read, or 0 */
	char *path;		/* "/sys/devices/..." */
	bool names_known;
	char vendor_name[128], device_name[128], class_name[128];
};

void devices_drop(struct vlu_ctx *ctx);
/* Read a function; -ENODEV: there is none. The caller's, but see device.c. */
int device_read(struct vlu_ctx *ctx, struct vlu_bdf bdf,
		struct vlu_device **ret_dev) must_check;
/* Many of them; devs[i] stays NULL where bdfs[i] is no longer there. */
int devices_read(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs, size_t n,
		 struct vlu_device **devs) must_check;
/* Read again what changes as drivers come and go; or only its cdev. */
void device_read_changing(struct vlu_device *dev);
void device_read_cdev(struct vlu_device *dev);
/* Is there any function at this address? Nothing else of it is read. */
bool device_there(struct vlu_ctx *ctx, struct vlu_bdf bdf);
/* The driver a function has now, "" for none; not cached. */
int device_driver_now(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *buf,
		      size_t size) must_check;
/*
 * A driver of vfio-pci's family, but not itself: mlx5_vfio_pci, xe-vfio-pci.
 * Modules and drivers spell it with '-' or with '_'.
 */
bool device_is_variant(const char *driver);
/* Is there a network interface of it, in our namespace? */
bool device_has_net(const struct vlu_device *dev);
/* The address that one component of a path below /sys/devices is. */
bool device_on_path(const char *component, size_t size, struct vlu_bdf *ret_bdf);
#endif

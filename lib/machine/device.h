/* SPDX-License-Identifier: GPL-2.0-only */
/* A PCI function as sysfs describes it. */
#ifndef VLU_MACHINE_DEVICE_H
#define VLU_MACHINE_DEVICE_H

#include "base/ctx.h"

#define PCI_DEVICES "/sys/bus/pci/devices"
#define VFIO_DRIVER "vfio-pci"

/* How much is read of a function. A machine may have thousands, so lists read less. */
enum detail {
	OF_ALL,		/* the values that are read of every function */
	FOR_VERDICT,	/* also the values for which a rule may fail */
	FOR_REPORT,	/* also the values that are reported of a device named by the user */
};

struct vlu_device {
	struct vlu_ctx *ctx;
	enum detail detail;
	struct vlu_bdf bdf;
	char name[VLU_BDF_SIZE];
	enum vlu_kind kind;	/* a PF is VLU_ENDPOINT until it is read FOR_REPORT */
	int64_t vendor, device, class;
	int64_t subsystem;	/* read on demand */
	bool subsystem_known;
	char *path;		/* "/sys/devices/...", or NULL if it could not be read */
	int64_t iommu_group;
	char driver[64];
	int driver_error;	/* errno of the reading, or 0 */
	bool override_known;
	char override[64];	/* read on demand by vlu_device_override() */
	/* read FOR_VERDICT */
	char cdev[48];		/* "/dev/vfio/devices/vfio0" */
	bool cdev_there;	/* the node of cdev exists */
	char power_state[16];
	int64_t iommu_group_size;	/* 0: not read yet */
	/* read FOR_REPORT */
	char reset_method[64];	/* "flr bus" */
	int reset_error;	/* errno of the reading, or 0 */
	/* read on demand by device_is_ones() */
	bool asked;
	int ones;
	unsigned int look;	/* ctx->look when the changing values were last read */
	bool judged;		/* the device was checked in that look */
	bool names_known;
	const char *vendor_name, *device_name;	/* of names_get(), not freed with the device */
};

/* device-read.c. Returns -ENODEV for no device. Free it with device_free(). */
int device_read(struct vlu_ctx *ctx, struct vlu_bdf bdf, enum detail detail,
		struct vlu_device **ret_dev) must_check;
void device_free(struct vlu_device *dev);
/*
 * Reads many functions: those with vfio-pci in this detail, the others OF_ALL. devs[i] stays
 * NULL if bdfs[i] has disappeared.
 */
int devices_read(struct vlu_ctx *ctx, enum detail detail, const struct vlu_bdf *bdfs,
		 size_t n, struct vlu_device **devs) must_check;
void device_read_more(struct vlu_device *dev, enum detail detail);
void device_read_subsystem(struct vlu_device *dev);
/* Reads the driver again, and forgets the values that change with it. */
void device_read_changing(struct vlu_device *dev);
/* Reads the cdev again. */
void device_read_cdev(struct vlu_device *dev);
/*
 * device-list.c: do what vlu_device_find() and vlu_device_refresh() do, within the current look,
 * and read no more than this detail.
 */
int device_find(struct vlu_ctx *ctx, struct vlu_bdf bdf, enum detail detail,
		struct vlu_device **ret_dev) must_check;
int device_refresh(struct vlu_ctx *ctx, struct vlu_bdf bdf, enum detail detail,
		   struct vlu_device **ret_dev) must_check;
/*
 * Call this before you check a device. If the device was already checked in this look, a new look
 * begins, and its changing values are read again when they are needed.
 */
void device_judge(struct vlu_device *dev);
/* Is there a function at this address? Reads nothing else about the function. */
bool device_is_present(struct vlu_ctx *ctx, struct vlu_bdf bdf);
/*
 * Is the configuration space all ones? Returns 1 or 0, or a negative errno: -ENODATA if the
 * header is incomplete, -ENODEV if the device disappears meanwhile. Wakes a sleeping device.
 */
int device_is_ones(struct vlu_device *dev) must_check;
/* Returns a number from a sysfs attribute, or -1 when it is not known. */
int64_t device_number(const struct vlu_device *dev, const char *attr);
/* Reads the current driver without the cache, "" for none. */
int device_driver_now(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *buf,
		      size_t size) must_check;
/* Is this driver a variant of vfio-pci, such as mlx5_vfio_pci? Accepts '-' for '_'. */
bool device_is_variant(const char *driver);
/* Is the device itself an IOMMU? Those of AMD are PCI functions. */
bool device_is_iommu(const struct vlu_device *dev);
/* Does the device have a network interface in our namespace? */
bool device_has_net(const struct vlu_device *dev);
/* Does dev disappear when other loses its driver, as a device behind a VMD controller does? */
bool device_is_behind(const struct vlu_device *dev, const struct vlu_device *other);
/* Is this component of a path below /sys/devices a BDF? Sets the BDF. */
bool is_bdf_component(const char *component, size_t size, struct vlu_bdf *ret_bdf);
#endif

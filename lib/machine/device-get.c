/* SPDX-License-Identifier: GPL-2.0-only */
/* The public getters of a device. */
#include "base/attr.h"
#include "device.h"
#include "machine/kernel-log.h"
#include "machine/pci-names.h"

/* Reads the missing values. Values that were read stay, so callers see a const device. */
static const struct vlu_device *whole(const struct vlu_device *dev)
{
	device_read_more((struct vlu_device *)dev, FOR_REPORT);
	return dev;
}

static const char *or_null(const char *text)
{
	return text && *text ? text : NULL;
}

struct vlu_bdf vlu_device_bdf(const struct vlu_device *dev)
{
	return dev->bdf;
}

const char *vlu_device_name(const struct vlu_device *dev)
{
	return dev->name;
}

enum vlu_kind vlu_device_kind(const struct vlu_device *dev)
{
	return whole(dev)->kind;
}

int64_t vlu_device_vendor(const struct vlu_device *dev)
{
	return dev->vendor;
}

int64_t vlu_device_device(const struct vlu_device *dev)
{
	return dev->device;
}

/* Few callers need this value, so it is read on demand. */
int64_t vlu_device_subsystem(const struct vlu_device *const_dev)
{
	struct vlu_device *dev = (struct vlu_device *)const_dev;

	if (!dev->subsystem_known)
		device_read_subsystem(dev);
	return dev->subsystem;
}

int64_t vlu_device_class(const struct vlu_device *dev)
{
	return dev->class;
}

const char *vlu_device_driver(const struct vlu_device *dev)
{
	return or_null(dev->driver);
}

const char *vlu_device_override(const struct vlu_device *const_dev)
{
	struct vlu_device *dev = (struct vlu_device *)const_dev;

	if (!dev->override_known &&
	    (attr_read(dev->ctx, dev->override, sizeof(dev->override),
		       PCI_DEVICES "/%s/driver_override", dev->name) < 0 ||
	     strcmp(dev->override, "(null)") == 0))
		dev->override[0] = '\0';
	dev->override_known = true;
	return or_null(dev->override);
}

int64_t vlu_device_iommu_group(const struct vlu_device *dev)
{
	return dev->iommu_group;
}

int64_t vlu_device_iommu_group_size(const struct vlu_device *dev)
{
	return whole(dev)->iommu_group_size;
}

const char *vlu_device_cdev(const struct vlu_device *dev)
{
	return or_null(whole(dev)->cdev);
}

int64_t vlu_device_numa_node(const struct vlu_device *dev)
{
	return device_number(dev, "numa_node");
}

const char *vlu_device_power_state(const struct vlu_device *dev)
{
	return or_null(whole(dev)->power_state);
}

const char *vlu_device_path(const struct vlu_device *dev)
{
	return dev->path;
}

enum vlu_known vlu_device_incoming(const struct vlu_device *dev)
{
	return klog_is_incoming(dev->ctx, dev->bdf);
}

static void look_up_names(struct vlu_device *dev)
{
	struct names *names = dev->names_known ? NULL : names_get(dev->ctx);

	dev->names_known = true;
	if (!names || dev->vendor < 0)
		return;
	dev->vendor_name = names_device(names, (int)dev->vendor, -1);
	if (dev->device >= 0)
		dev->device_name = names_device(names, (int)dev->vendor, (int)dev->device);
}

const char *vlu_device_vendor_name(struct vlu_device *dev)
{
	look_up_names(dev);
	return dev->vendor_name;
}

const char *vlu_device_device_name(struct vlu_device *dev)
{
	look_up_names(dev);
	return dev->device_name;
}

const char *vlu_device_class_name(struct vlu_device *dev)
{
	struct names *names = dev->class < 0 ? NULL : names_get(dev->ctx);

	return names ? names_class(names, (int)dev->class) : NULL;
}

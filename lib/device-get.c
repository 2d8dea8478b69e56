/* SPDX-License-Identifier: GPL-2.0-only */
/* What a user of the library may ask of a device. */
#include "attr.h"
#include "device.h"
#include "klog.h"
#include "names.h"

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
	return dev->kind;
}

int64_t vlu_device_vendor(const struct vlu_device *dev)
{
	return dev->vendor;
}

int64_t vlu_device_device(const struct vlu_device *dev)
{
	return dev->device;
}

/* Seldom asked for, and so not read with the rest: this and the NUMA node. */
static int64_t read_number(const struct vlu_device *dev, const char *attr)
{
	int64_t number;

	if (attr_number(dev->ctx, &number, PCI_DEVICES "/%s/%s", dev->name, attr) < 0)
		return -1;
	return number;
}

/* Seldom asked for, so not read with the rest; kept, so that nothing changes. */
int64_t vlu_device_subsystem(const struct vlu_device *const_dev)
{
	struct vlu_device *dev = (struct vlu_device *)const_dev;
	int64_t vendor, device;

	if (!dev->subsystem_known) {
		vendor = read_number(dev, "subsystem_vendor");
		device = read_number(dev, "subsystem_device");
		dev->subsystem = vendor < 0 || device < 0 ? -1 : vendor << 16 | device;
		dev->subsystem_known = true;
	}
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
	return dev->iommu_group_size;
}

const char *vlu_device_cdev(const struct vlu_device *dev)
{
	return or_null(dev->cdev);
}

int64_t vlu_device_numa_node(const struct vlu_device *dev)
{
	return read_number(dev, "numa_node");
}

const char *vlu_device_power_state(const struct vlu_device *dev)
{
	return or_null(dev->power_state);
}

const char *vlu_device_path(const struct vlu_device *dev)
{
	return dev->path;
}

enum vlu_known vlu_device_incoming(const struct vlu_device *dev)
{
	return klog_incoming(dev->ctx, dev->bdf);
}

static void look_up_names(struct vlu_device *dev)
{
	struct names *names;

	if (dev->names_known)
		return;
	dev->names_known = true;
	if (!dev->ctx->names)
		dev->ctx->names = names_new();
	names = dev->ctx->names;
	if (!names)
		return;
	if (dev->vendor >= 0)
		names_device(names, (int)dev->vendor, -1, dev->vendor_name,
			     sizeof(dev->vendor_name));
	if (dev->vendor >= 0 && dev->device >= 0)
		names_device(names, (int)dev->vendor, (int)dev->device,
			     dev->device_name, sizeof(dev->device_name));
	if (dev->class >= 0)
		names_class(names, (int)dev->class, dev->class_name,
			    sizeof(dev->class_name));
}

const char *vlu_device_vendor_name(struct vlu_device *dev)
{
	look_up_names(dev);
	return or_null(dev->vendor_name);
}

const char *vlu_device_device_name(struct vlu_device *dev)
{
	look_up_names(dev);
	return or_null(dev->device_name);
}

const char *vlu_device_class_name(struct vlu_device *dev)
{
	look_up_names(dev);
	return or_null(dev->class_name);
}

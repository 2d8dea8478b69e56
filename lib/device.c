/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>

#include "attr.h"
#include "device.h"
#include "klog.h"
#include "names.h"

static void device_free(struct vlu_device *dev)
{
	if (!dev)
		return;
	free(dev->path);
	free(dev);
}

void devices_drop(struct vlu_ctx *ctx)
{
	size_t i;

	for (i = 0; i < ctx->n_devices; i++)
		device_free(ctx->devices[i]);
	free(ctx->devices);
	ctx->devices = NULL;
	ctx->n_devices = 0;
}

static int64_t read_number(struct vlu_device *dev, const char *attr)
{
	int64_t number;

	if (attr_number(dev->ctx, &number, PCI_DEVICES "/%s/%s", dev->name, attr) < 0)
		return -1;
	return number;
}

static int count_entry(void *arg, const char *name)
{
	(void)name;
	++*(int64_t *)arg;
	return 0;
}

static void read_group(struct vlu_device *dev)
{
	char text[32], path[128], *end;
	int64_t count = 0;

	dev->iommu_group = dev->iommu_group_size = -1;
	if (attr_link(dev->ctx, text, sizeof(text), PCI_DEVICES "/%s/iommu_group",
		      dev->name) < 0)
		return;
	dev->iommu_group = strtoll(text, &end, 10);
	if (end == text || *end || dev->iommu_group < 0) {
		dev->iommu_group = -1;
		return;
	}
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%s/devices", text);
	if (sys_list(&dev->ctx->sys, path, count_entry, &count) == 0)
		dev->iommu_group_size = count;
}

static int take_vfio_name(void *arg, const char *name)
{
	struct vlu_device *dev = arg;

	if (strncmp(name, "vfio", 4) != 0)
		return 0;
	snprintf(dev->cdev, sizeof(dev->cdev), "/dev/vfio/devices/%.20s", name);
	return 1;
}

static void read_changing(struct vlu_device *dev)
{
	char path[128];

	dev->driver_error = device_driver_now(dev->ctx, dev->bdf, dev->driver,
					      sizeof(dev->driver));
	if (dev->driver_error)
		dev->driver[0] = '\0';
	if (attr_read(dev->ctx, dev->override, sizeof(dev->override),
		      PCI_DEVICES "/%s/driver_override", dev->name) < 0 ||
	    strcmp(dev->override, "(null)") == 0)
		dev->override[0] = '\0';
	if (attr_read(dev->ctx, dev->power_state, sizeof(dev->power_state),
		      PCI_DEVICES "/%s/power_state", dev->name) < 0)
		dev->power_state[0] = '\0';
	dev->cdev[0] = '\0';
	/* drivers/vfio/vfio_main.c names the directory after the cdev */
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/vfio-dev", dev->name);
	if (sys_list(&dev->ctx->sys, path, take_vfio_name, dev) < 0)
		dev->cdev[0] = '\0';
}

static enum vlu_kind find_kind(struct vlu_device *dev)
{
	char path[128];
	int64_t vfs;

	/* Base class 06 but for 0680, which odd endpoints use. */
	if (dev->class >> 16 == 0x06 && (dev->class >> 8 & 0xff) != 0x80)
		return VLU_BRIDGE;
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/physfn", dev->name);
	if (sys_exists(&dev->ctx->sys, path))
		return VLU_VF;
	vfs = read_number(dev, "sriov_totalvfs");
	return vfs > 0 ? VLU_PF : VLU_ENDPOINT;
}

/* "../../../devices/pci0000:00/..." as the link in /sys/bus/pci/devices says. */
static char *read_path(struct vlu_device *dev)
{
	char link[128], target[PATH_MAX];
	const char *devices;
	char *path = NULL;

	snprintf(link, sizeof(link), PCI_DEVICES "/%s", dev->name);
	if (sys_readlink(&dev->ctx->sys, link, target, sizeof(target)) < 0)
		return NULL;
	devices = strstr(target, "/devices/");
	if (devices && asprintf(&path, "/sys%s", devices) < 0)
		return NULL;
	return path;
}

static int read_device(struct vlu_ctx *ctx, struct vlu_bdf bdf,
		       struct vlu_device **ret_dev)
{
	struct vlu_device *dev;
	int64_t sub_vendor, sub_device, vendor;
	char name[VLU_BDF_SIZE];
	int ret;

	vlu_bdf_format(bdf, name);
	ret = attr_number(ctx, &vendor, PCI_DEVICES "/%s/vendor", name);
	if (ret == -ENOENT || ret == -ENODEV) {
		char path[128];

		snprintf(path, sizeof(path), PCI_DEVICES "/%s", name);
		if (!sys_exists(&ctx->sys, path))
			return -ENODEV;
	}
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->ctx = ctx;
	dev->bdf = bdf;
	memcpy(dev->name, name, sizeof(name));
	dev->vendor = ret < 0 ? -1 : vendor;
	dev->device = read_number(dev, "device");
	sub_vendor = read_number(dev, "subsystem_vendor");
	sub_device = read_number(dev, "subsystem_device");
	dev->subsystem = sub_vendor < 0 || sub_device < 0 ? -1 :
			 sub_vendor << 16 | sub_device;
	dev->class = read_number(dev, "class");
	dev->numa_node = read_number(dev, "numa_node");
	dev->kind = find_kind(dev);
	dev->path = read_path(dev);
	read_group(dev);
	read_changing(dev);
	*ret_dev = dev;
	return 0;
}

static int insert(struct vlu_ctx *ctx, struct vlu_device *dev)
{
	struct vlu_device **more;

	/* doubling at each power of two */
	if ((ctx->n_devices & (ctx->n_devices - 1)) == 0) {
		more = reallocarray(ctx->devices,
				    ctx->n_devices ? ctx->n_devices * 2 : 1,
				    sizeof(*more));
		if (!more)
			return -ENOMEM;
		ctx->devices = more;
	}
	ctx->devices[ctx->n_devices++] = dev;
	return 0;
}

static int read_named(void *arg, const char *name)
{
	struct vlu_ctx *ctx = arg;
	struct vlu_device *dev;
	struct vlu_bdf bdf;
	int ret;

	if (vlu_bdf_parse(name, &bdf))
		return 0;
	ret = read_device(ctx, bdf, &dev);
	if (ret == -ENODEV)	/* gone between the listing and the reading */
		return 0;
	if (!ret)
		ret = insert(ctx, dev);
	return ret;
}

static int by_address(const void *a, const void *b)
{
	return vlu_bdf_compare((*(struct vlu_device *const *)a)->bdf,
			       (*(struct vlu_device *const *)b)->bdf);
}

int vlu_devices_read(struct vlu_ctx *ctx)
{
	int ret;

	devices_drop(ctx);
	ret = sys_list(&ctx->sys, PCI_DEVICES, read_named, ctx);
	if (ret < 0)
		return vlu_fail(ctx, VLU_FAILED, ret, "cannot read " PCI_DEVICES ": %s",
				strerror(-ret));
	if (ctx->n_devices)
		qsort(ctx->devices, ctx->n_devices, sizeof(*ctx->devices),
		      by_address);
	return 0;
}

size_t vlu_device_count(const struct vlu_ctx *ctx)
{
	return ctx->n_devices;
}

struct vlu_device *vlu_device_at(struct vlu_ctx *ctx, size_t i)
{
	return i < ctx->n_devices ? ctx->devices[i] : NULL;
}

static struct vlu_device *find_read(struct vlu_ctx *ctx, struct vlu_bdf bdf)
{
	size_t i;

	for (i = 0; i < ctx->n_devices; i++)
		if (vlu_bdf_compare(ctx->devices[i]->bdf, bdf) == 0)
			return ctx->devices[i];
	return NULL;
}

int vlu_device_find(struct vlu_ctx *ctx, struct vlu_bdf bdf,
		    struct vlu_device **ret_dev)
{
	struct vlu_device *dev = find_read(ctx, bdf);
	char name[VLU_BDF_SIZE];
	int ret;

	if (!dev) {
		ret = read_device(ctx, bdf, &dev);
		if (!ret)
			ret = insert(ctx, dev);
		if (ret == -ENODEV)
			return vlu_fail(ctx, VLU_NOT_PRESERVABLE, ret,
					"%s: no such PCI device",
					vlu_bdf_format(bdf, name));
		if (ret)
			return vlu_nomem(ctx);
	}
	*ret_dev = dev;
	return 0;
}

int device_refresh(struct vlu_ctx *ctx, struct vlu_bdf bdf,
		   struct vlu_device **ret_dev)
{
	struct vlu_device *dev = find_read(ctx, bdf);
	int ret;

	if (dev) {
		read_changing(dev);
	} else {
		ret = vlu_device_find(ctx, bdf, &dev);
		if (ret)
			return ret;
	}
	/* Not to know the driver is not the same as to know that there is none. */
	if (dev->driver_error)
		return vlu_fail(ctx, VLU_FAILED, dev->driver_error,
				"%s: cannot read which driver it has: %s", dev->name,
				strerror(-dev->driver_error));
	*ret_dev = dev;
	return 0;
}

int device_driver_now(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *buf,
		      size_t size)
{
	char name[VLU_BDF_SIZE];
	int ret;

	ret = attr_link(ctx, buf, size, PCI_DEVICES "/%s/driver",
			vlu_bdf_format(bdf, name));
	if (ret == -ENOENT) {
		buf[0] = '\0';
		return 0;
	}
	return ret < 0 ? ret : 0;
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

int64_t vlu_device_subsystem(const struct vlu_device *dev)
{
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

const char *vlu_device_override(const struct vlu_device *dev)
{
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
	return dev->numa_node;
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

/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>

#include "attr.h"
#include "device.h"
#include "inuse.h"

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
	ctx->n_devices = ctx->n_sorted = 0;
}

static int64_t read_number(const struct vlu_device *dev, const char *attr)
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
	char text[32], *end;

	dev->iommu_group = -1;
	if (attr_link(dev->ctx, text, sizeof(text), PCI_DEVICES "/%s/iommu_group",
		      dev->name) < 0)
		return;
	dev->iommu_group = strtoll(text, &end, 10);
	if (end == text || *end || dev->iommu_group < 0)
		dev->iommu_group = -1;
}

static void read_group_size(struct vlu_device *dev)
{
	char path[128];
	int64_t count = 0;

	dev->iommu_group_size = -1;
	if (dev->iommu_group < 0)
		return;
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%lld/devices",
		 (long long)dev->iommu_group);
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
	int ret;

	dev->driver_error = device_driver_now(dev->ctx, dev->bdf, dev->driver,
					      sizeof(dev->driver));
	if (dev->driver_error)
		dev->driver[0] = '\0';
	dev->override_known = false;
	if (attr_read(dev->ctx, dev->power_state, sizeof(dev->power_state),
		      PCI_DEVICES "/%s/power_state", dev->name) < 0)
		dev->power_state[0] = '\0';
	ret = attr_read(dev->ctx, dev->reset_method, sizeof(dev->reset_method),
			PCI_DEVICES "/%s/reset_method", dev->name);
	dev->reset_error = ret < 0 ? ret : 0;
	dev->cdev[0] = '\0';
	if (strcmp(dev->driver, "vfio-pci") != 0 && !device_is_variant(dev->driver))
		return;
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
	int64_t vendor;
	char name[VLU_BDF_SIZE], dir[64];
	int ret;

	vlu_bdf_format(bdf, name);
	snprintf(dir, sizeof(dir), PCI_DEVICES "/%s", name);
	sys_near(&ctx->sys, dir);
	ret = attr_number(ctx, &vendor, PCI_DEVICES "/%s/vendor", name);
	if ((ret == -ENOENT || ret == -ENODEV) && !sys_exists(&ctx->sys, dir)) {
		sys_near(&ctx->sys, NULL);
		return -ENODEV;
	}
	dev = calloc(1, sizeof(*dev));
	if (!dev) {
		sys_near(&ctx->sys, NULL);
		return -ENOMEM;
	}
	dev->ctx = ctx;
	dev->bdf = bdf;
	memcpy(dev->name, name, sizeof(name));
	dev->vendor = ret < 0 ? -1 : vendor;
	dev->device = read_number(dev, "device");
	dev->class = read_number(dev, "class");
	dev->kind = find_kind(dev);
	dev->path = read_path(dev);
	read_group(dev);
	read_changing(dev);
	sys_near(&ctx->sys, NULL);
	read_group_size(dev);
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
	inuse_drop(ctx);
	ret = sys_list(&ctx->sys, PCI_DEVICES, read_named, ctx);
	if (ret < 0)
		return vlu_fail(ctx, VLU_FAILED, ret, "cannot read " PCI_DEVICES ": %s",
				strerror(-ret));
	if (ctx->n_devices)
		qsort(ctx->devices, ctx->n_devices, sizeof(*ctx->devices),
		      by_address);
	ctx->n_sorted = ctx->n_devices;
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
	size_t low = 0, high = ctx->n_sorted, mid, i;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (vlu_bdf_compare(ctx->devices[mid]->bdf, bdf) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < ctx->n_sorted && vlu_bdf_compare(ctx->devices[low]->bdf, bdf) == 0)
		return ctx->devices[low];
	for (i = ctx->n_sorted; i < ctx->n_devices; i++)
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

bool device_is_variant(const char *driver)
{
	static const char family[] = "vfio_pci";
	size_t len = strlen(driver), want = strlen(family), i;

	if (len <= want)
		return false;
	for (i = 0; i < want; i++) {
		char c = driver[len - want + i];

		if ((c == '-' ? '_' : c) != family[i])
			return false;
	}
	return true;
}

static int stop_at_one(void *arg, const char *name)
{
	(void)arg, (void)name;
	return 1;
}

bool device_has_net(const struct vlu_device *dev)
{
	char path[128];

	/* virtio has a device of its own in between */
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/net", dev->name);
	if (sys_list(&dev->ctx->sys, path, stop_at_one, NULL) > 0)
		return true;
	return strncmp(dev->driver, "virtio", 6) == 0;
}

bool device_on_path(const char *component, size_t size, struct vlu_bdf *ret_bdf)
{
	char name[VLU_BDF_SIZE];

	/* the form without a domain is for people; sysfs does not use it */
	if (size < 12 || size >= sizeof(name))
		return false;
	memcpy(name, component, size);
	name[size] = '\0';
	return vlu_bdf_parse(name, ret_bdf) == 0;
}

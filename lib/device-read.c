/* SPDX-License-Identifier: GPL-2.0-only */
/* What sysfs says of PCI functions: of one, or of all, by several threads. */
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>

#include "attr.h"
#include "device.h"

#define MAX_THREADS	8
/* A thread costs as much as some dozens of functions. */
#define CHUNK		64

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

void device_read_changing(struct vlu_device *dev)
{
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
	device_read_cdev(dev);
}

void device_read_cdev(struct vlu_device *dev)
{
	char path[128];

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

static void device_dir(struct vlu_bdf bdf, char name[VLU_BDF_SIZE], char dir[64])
{
	snprintf(dir, 64, PCI_DEVICES "/%s", vlu_bdf_format(bdf, name));
}

/* "../../../devices/pci0000:00/..." as the link in /sys/bus/pci/devices says. */
static char *read_path(struct vlu_ctx *ctx, struct vlu_bdf bdf)
{
	char name[VLU_BDF_SIZE], link[64], target[PATH_MAX];
	const char *devices;
	char *path = NULL;

	device_dir(bdf, name, link);
	if (sys_readlink(&ctx->sys, link, target, sizeof(target)) < 0)
		return NULL;
	devices = strstr(target, "/devices/");
	if (devices && asprintf(&path, "/sys%s", devices) < 0)
		return NULL;
	return path;
}

/* path: what read_path() said, it becomes the device's. */
static int read_device(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *path,
		       struct vlu_device **ret_dev)
{
	struct vlu_device *dev;
	int64_t vendor;
	char name[VLU_BDF_SIZE], dir[64];
	int ret;

	device_dir(bdf, name, dir);
	sys_near(&ctx->sys, dir);
	ret = attr_number(ctx, &vendor, "%s/vendor", dir);
	if ((ret == -ENOENT || ret == -ENODEV) && !sys_exists(&ctx->sys, dir)) {
		ret = -ENODEV;
		goto fail;
	}
	dev = calloc(1, sizeof(*dev));
	if (!dev) {
		ret = -ENOMEM;
		goto fail;
	}
	dev->ctx = ctx;
	dev->bdf = bdf;
	dev->path = path;
	memcpy(dev->name, name, sizeof(name));
	dev->vendor = ret < 0 ? -1 : vendor;
	dev->device = read_number(dev, "device");
	dev->class = read_number(dev, "class");
	dev->kind = find_kind(dev);
	read_group(dev);
	device_read_changing(dev);
	sys_near(&ctx->sys, NULL);
	read_group_size(dev);
	*ret_dev = dev;
	return 0;

fail:
	sys_near(&ctx->sys, NULL);
	free(path);
	return ret;
}

int device_read(struct vlu_ctx *ctx, struct vlu_bdf bdf, struct vlu_device **ret_dev)
{
	return read_device(ctx, bdf, read_path(ctx, bdf), ret_dev);
}

/* ------------------------------------------------------------ many at once */

struct reading {
	struct vlu_ctx *ctx;
	const struct vlu_bdf *bdfs;
	struct vlu_device **devs;
	size_t n;
	atomic_size_t next;	/* the first that no thread has taken */
	atomic_int error;
};

static void read_chunk(struct reading *all, struct vlu_ctx *view, size_t from, size_t to)
{
	char *paths[CHUNK];
	size_t i;
	int ret;

	sys_near(&view->sys, PCI_DEVICES);
	for (i = from; i < to; i++)
		paths[i - from] = read_path(view, all->bdfs[i]);
	for (i = from; i < to; i++) {
		ret = read_device(view, all->bdfs[i], paths[i - from], &all->devs[i]);
		if (!ret)
			all->devs[i]->ctx = all->ctx;
		else if (ret != -ENODEV)	/* gone since the listing */
			atomic_store(&all->error, ret);
	}
}

static void read_chunks(void *arg)
{
	struct reading *all = arg;
	/* To read takes nothing of the context but the way to the kernel. */
	struct vlu_ctx view = { .timeout = 0 };
	size_t from;

	sys_view(&all->ctx->sys, &view.sys);
	while ((from = atomic_fetch_add(&all->next, CHUNK)) < all->n)
		read_chunk(all, &view, from, from + CHUNK < all->n ? from + CHUNK : all->n);
	sys_near(&view.sys, NULL);
}

static size_t threads(size_t n)
{
	size_t use = n / CHUNK, cpus;
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	cpus = (size_t)CPU_COUNT(&set);
	if (use > cpus)
		use = cpus;
	return use < MAX_THREADS ? use : MAX_THREADS;
}

int devices_read(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs, size_t n,
		 struct vlu_device **devs)
{
	struct reading all = { .ctx = ctx, .bdfs = bdfs, .n = n, .devs = devs };

	sys_together(&ctx->sys, threads(n), read_chunks, &all);
	return atomic_load(&all.error);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads PCI functions from sysfs: one, or all of them with several threads. */
#include <ctype.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/attr.h"
#include "device.h"

#define MAX_THREADS	8
#define CDEVS		"/dev/vfio/devices"
#define IOMMU_GROUPS	"/sys/kernel/iommu_groups"
/* A new thread costs as much time as the reading of some dozen functions. */
#define CHUNK		64

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

	if (dev->iommu_group_size)
		return;
	dev->iommu_group_size = -1;
	if (dev->iommu_group < 0)
		return;
	snprintf(path, sizeof(path), IOMMU_GROUPS "/%lld/devices", (long long)dev->iommu_group);
	if (sys_list(&dev->ctx->sys, path, count_entry, &count) == 0)
		dev->iommu_group_size = count;
}

static int take_vfio_name(void *arg, const char *name)
{
	struct vlu_device *dev = arg;

	if (strncmp(name, "vfio", 4) != 0)
		return 0;
	snprintf(dev->cdev, sizeof(dev->cdev), CDEVS "/%.20s", name);
	return 1;
}

void device_read_cdev(struct vlu_device *dev)
{
	char path[128];

	dev->cdev[0] = '\0';
	dev->cdev_there = false;
	if (strcmp(dev->driver, VFIO_DRIVER) != 0 && !device_is_variant(dev->driver))
		return;
	/* drivers/vfio/vfio_main.c: the directory has the name of the cdev */
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/vfio-dev", dev->name);
	if (sys_list(&dev->ctx->sys, path, take_vfio_name, dev) < 0)
		dev->cdev[0] = '\0';
	dev->cdev_there = dev->cdev[0] && sys_exists(&dev->ctx->sys, dev->cdev);
}

void device_read_changing(struct vlu_device *dev)
{
	dev->look = dev->ctx->look;
	dev->judged = dev->asked = dev->override_known = false;
	dev->detail = OF_ALL;
	dev->iommu_group_size = 0;
	dev->driver_error = device_driver_now(dev->ctx, dev->bdf, dev->driver,
					      sizeof(dev->driver));
	if (dev->driver_error)
		dev->driver[0] = '\0';
}

static void device_dir(struct vlu_bdf bdf, char name[VLU_BDF_SIZE], char dir[64])
{
	snprintf(dir, 64, PCI_DEVICES "/%s", vlu_bdf_format(bdf, name));
}

/* Returns "/sys/devices/..." from the link in /sys/bus/pci/devices, "../../../devices/...". */
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

static bool has_attr(const struct vlu_device *dev, const char *attr)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", dev->name, attr);
	return sys_exists(&dev->ctx->sys, path);
}

static void read_for_verdict(struct vlu_device *dev)
{
	if (attr_read(dev->ctx, dev->power_state, sizeof(dev->power_state),
		      PCI_DEVICES "/%s/power_state", dev->name) < 0)
		dev->power_state[0] = '\0';
	device_read_cdev(dev);
	read_group_size(dev);
}

static void read_for_report(struct vlu_device *dev)
{
	int ret;

	if (dev->kind == VLU_ENDPOINT && has_attr(dev, "sriov_totalvfs") &&
	    device_number(dev, "sriov_totalvfs") > 0)
		dev->kind = VLU_PF;
	ret = attr_read(dev->ctx, dev->reset_method, sizeof(dev->reset_method),
			PCI_DEVICES "/%s/reset_method", dev->name);
	dev->reset_error = ret < 0 ? ret : 0;
}

void device_read_more(struct vlu_device *dev, enum detail detail)
{
	if (dev->detail < FOR_VERDICT && detail >= FOR_VERDICT)
		read_for_verdict(dev);
	if (dev->detail < FOR_REPORT && detail >= FOR_REPORT)
		read_for_report(dev);
	if (dev->detail < detail)
		dev->detail = detail;
}

/* Reads a field of a modalias: a name, then hex digits. Returns what follows it, or NULL. */
static const char *take_field(const char *at, const char *name, size_t digits, int64_t *ret)
{
	const size_t size = strlen(name);

	if (!at || strncmp(at, name, size) != 0 || !isxdigit((unsigned char)at[size]))
		return NULL;
	*ret = 0;
	for (at += size; digits && isxdigit((unsigned char)*at); at++, digits--)
		*ret = *ret << 4 | (*at <= '9' ? *at - '0' : (*at & 0xf) + 9);
	return at;
}

/*
 * Sets the ids from "pci:v00008086d000010D3sv00001AF4sd00001100bc02sc00i00", modalias_show() in
 * drivers/pci/pci-sysfs.c.
 */
static bool has_ids(const char *alias, struct vlu_device *dev)
{
	int64_t ignored, base, sub, interface;

	alias = take_field(alias, "pci:v", 8, &dev->vendor);
	alias = take_field(alias, "d", 8, &dev->device);
	alias = take_field(alias, "sv", 8, &ignored);
	alias = take_field(alias, "sd", 8, &ignored);
	alias = take_field(alias, "bc", 2, &base);
	alias = take_field(alias, "sc", 2, &sub);
	if (!take_field(alias, "i", 2, &interface))
		return false;
	dev->class = base << 16 | sub << 8 | interface;
	return true;
}

/* Reads the modalias from its own file or from uevent; otherwise a file for each id. */
static void read_ids(struct vlu_device *dev)
{
	static const char *const files[] = { "modalias", "uevent" };
	char text[1024];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		if (attr_read(dev->ctx, text, sizeof(text), PCI_DEVICES "/%s/%s", dev->name,
			      files[i]) < 0)
			continue;
		if (has_ids(strstr(text, "pci:v"), dev))
			return;
	}
	dev->vendor = device_number(dev, "vendor");
	dev->device = device_number(dev, "device");
	dev->class = device_number(dev, "class");
}

/* read_for_report() may find that an endpoint is a PF. */
static enum vlu_kind find_kind(const struct vlu_device *dev)
{
	/* Base class 06 is bridges, but some endpoints use 0680. */
	if (dev->class >> 16 == 0x06 && (dev->class >> 8 & 0xff) != 0x80)
		return VLU_BRIDGE;
	return has_attr(dev, "physfn") ? VLU_VF : VLU_ENDPOINT;
}

void device_free(struct vlu_device *dev)
{
	if (!dev)
		return;
	free(dev->path);
	free(dev);
}

/* Reads the values of OF_ALL. path is from read_path(); the device owns it afterwards. */
static int read_device(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *path,
		       struct vlu_device **ret_dev)
{
	struct vlu_device *dev = calloc(1, sizeof(*dev));

	if (!dev) {
		free(path);
		return -ENOMEM;
	}
	dev->ctx = ctx;
	dev->bdf = bdf;
	dev->path = path;
	vlu_bdf_format(bdf, dev->name);
	read_ids(dev);
	if (dev->vendor < 0 && !device_is_present(ctx, bdf)) {
		device_free(dev);
		return -ENODEV;
	}
	dev->kind = find_kind(dev);
	read_group(dev);
	device_read_changing(dev);
	*ret_dev = dev;
	return 0;
}

/*
 * Calls sys_near() for the directory of a function, so that its files are found faster. Returns
 * what read_path() returns.
 */
static char *near_device(struct vlu_ctx *ctx, struct vlu_bdf bdf)
{
	char name[VLU_BDF_SIZE], dir[64], *path = read_path(ctx, bdf);

	device_dir(bdf, name, dir);
	sys_near(&ctx->sys, dir, path);
	return path;
}

void device_read_subsystem(struct vlu_device *dev)
{
	int64_t vendor, device;

	free(near_device(dev->ctx, dev->bdf));
	vendor = device_number(dev, "subsystem_vendor");
	device = device_number(dev, "subsystem_device");
	sys_near(&dev->ctx->sys, NULL, NULL);
	dev->subsystem = vendor < 0 || device < 0 ? -1 : vendor << 16 | device;
	dev->subsystem_known = true;
}

int device_read(struct vlu_ctx *ctx, struct vlu_bdf bdf, enum detail detail,
		struct vlu_device **ret_dev)
{
	int ret;

	ret = read_device(ctx, bdf, near_device(ctx, bdf), ret_dev);
	if (!ret)
		device_read_more(*ret_dev, detail);
	sys_near(&ctx->sys, NULL, NULL);
	return ret;
}

/* ------------------------------------------------------------ many at once */

struct reading {
	struct vlu_ctx *ctx;
	enum detail detail;
	const struct vlu_bdf *bdfs;
	struct vlu_device **devs;
	size_t n;
	atomic_size_t next;	/* the next one to read */
	atomic_int error;
};

/* Reads more of a function with vfio-pci, for the rules. before: the device read last, or NULL. */
static void read_candidate(struct vlu_device *dev, enum detail detail,
			   const struct vlu_device *before)
{
	if (strcmp(dev->driver, VFIO_DRIVER) != 0)
		return;
	/* functions of a group are adjacent */
	if (before && before->iommu_group == dev->iommu_group)
		dev->iommu_group_size = before->iommu_group_size;
	device_read_more(dev, detail);
	(void)!device_is_ones(dev);
}

static void read_one(struct reading *all, struct vlu_ctx *view, size_t i,
		     const struct vlu_device *before)
{
	int ret;

	ret = read_device(view, all->bdfs[i], near_device(view, all->bdfs[i]), &all->devs[i]);
	if (!ret) {
		read_candidate(all->devs[i], all->detail, before);
		all->devs[i]->ctx = all->ctx;
	} else if (ret != -ENODEV) {	/* -ENODEV: gone since the listing */
		atomic_store(&all->error, ret);
	}
	sys_near(&view->sys, NULL, NULL);
}

static void read_chunk(struct reading *all, struct vlu_ctx *view, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++)
		read_one(all, view, i, i > from ? all->devs[i - 1] : NULL);
}

static void read_chunks(void *arg)
{
	/* not CDEVS: a command that only looks opens nothing in /dev, not even a directory */
	static const char *const dirs[] = { "/sys/devices", PCI_DEVICES, IOMMU_GROUPS };
	struct reading *all = arg;
	/*
	 * Each thread has a context of its own. Only sys and look are set, since the readers use
	 * nothing else of it.
	 */
	struct vlu_ctx view = { .look = all->ctx->look };
	size_t from, i;

	sys_view(&all->ctx->sys, &view.sys);
	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		sys_near(&view.sys, dirs[i], NULL);
	while ((from = atomic_fetch_add(&all->next, CHUNK)) < all->n)
		read_chunk(all, &view, from, from + CHUNK < all->n ? from + CHUNK : all->n);
	while (i--)
		sys_near(&view.sys, NULL, NULL);
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

int devices_read(struct vlu_ctx *ctx, enum detail detail, const struct vlu_bdf *bdfs,
		 size_t n, struct vlu_device **devs)
{
	struct reading all = { .ctx = ctx, .detail = detail, .bdfs = bdfs, .n = n, .devs = devs };

	sys_together(&ctx->sys, threads(n), read_chunks, &all);
	return atomic_load(&all.error);
}

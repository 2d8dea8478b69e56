/* SPDX-License-Identifier: GPL-2.0-only */
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
	ctx->n_devices = ctx->n_sorted = ctx->devices_room = 0;
}

static int insert(struct vlu_ctx *ctx, struct vlu_device *dev)
{
	struct vlu_device **more;

	if (ctx->n_devices == ctx->devices_room) {
		more = reallocarray(ctx->devices, ctx->n_devices + 16, sizeof(*more));
		if (!more)
			return -ENOMEM;
		ctx->devices = more;
		ctx->devices_room = ctx->n_devices + 16;
	}
	ctx->devices[ctx->n_devices++] = dev;
	return 0;
}

struct names_seen {
	size_t n;
	struct vlu_bdf *bdfs;
};

static int take_name(void *arg, const char *name)
{
	struct names_seen *seen = arg;
	struct vlu_bdf *more, bdf;

	if (vlu_bdf_parse(name, &bdf))
		return 0;
	if (seen->n % 256 == 0) {
		more = reallocarray(seen->bdfs, seen->n + 256, sizeof(*more));
		if (!more)
			return -ENOMEM;
		seen->bdfs = more;
	}
	seen->bdfs[seen->n++] = bdf;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct vlu_bdf *x = a, *y = b;

	return vlu_bdf_compare(*x, *y);
}

int vlu_devices_read(struct vlu_ctx *ctx)
{
	struct names_seen seen = { 0 };
	struct vlu_device **devs = NULL;
	size_t i;
	int ret;

	devices_drop(ctx);
	inuse_drop(ctx);
	ret = sys_list(&ctx->sys, PCI_DEVICES, take_name, &seen);
	if (ret >= 0 && seen.n) {
		qsort(seen.bdfs, seen.n, sizeof(*seen.bdfs), by_address);
		devs = calloc(seen.n, sizeof(*devs));
		ret = devs ? devices_read(ctx, seen.bdfs, seen.n, devs) : -ENOMEM;
	}
	/* Some may have gone between the listing and the reading. */
	for (i = 0; devs && i < seen.n; i++) {
		if (devs[i])
			devs[ctx->n_devices++] = devs[i];
	}
	free(seen.bdfs);
	ctx->devices = devs;
	ctx->n_sorted = ctx->devices_room = ctx->n_devices;
	if (ret < 0)
		return vlu_fail(ctx, VLU_FAILED, ret, "cannot read " PCI_DEVICES ": %s",
				strerror(-ret));
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
		ret = device_read(ctx, bdf, &dev);
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

bool device_there(struct vlu_ctx *ctx, struct vlu_bdf bdf)
{
	char path[64], name[VLU_BDF_SIZE];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s", vlu_bdf_format(bdf, name));
	return sys_exists(&ctx->sys, path);
}

int vlu_device_refresh(struct vlu_ctx *ctx, struct vlu_bdf bdf,
		       struct vlu_device **ret_dev)
{
	struct vlu_device *dev = find_read(ctx, bdf);
	int ret;

	if (dev) {
		device_read_changing(dev);
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

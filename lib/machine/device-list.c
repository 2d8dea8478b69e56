/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions that were read so far. Callers keep pointers until the list is read again. */
#include "base/array.h"
#include "base/bdf.h"
#include "base/cache.h"
#include "device.h"

struct devices {
	size_t n;
	struct vlu_device **at;		/* sorted by address */
};

static void devices_free(void *data)
{
	struct devices *devices = data;

	while (devices->n--)
		device_free(devices->at[devices->n]);
	free(devices->at);
	free(devices);
}

static const struct cache cache = { devices_free, .stays = true };

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
	more = array_add(&seen->bdfs, &seen->n);
	if (!more)
		return -ENOMEM;
	*more = bdf;
	return 0;
}

static int read_all(struct vlu_ctx *ctx, enum detail detail, struct devices *devices)
{
	struct names_seen seen = { 0 };
	size_t i;
	int ret;

	ret = sys_list(&ctx->sys, PCI_DEVICES, take_name, &seen);
	if (ret >= 0 && seen.n) {
		qsort(seen.bdfs, seen.n, sizeof(*seen.bdfs), bdf_order);
		devices->at = calloc(seen.n, sizeof(*devices->at));
		ret = devices->at ? devices_read(ctx, detail, seen.bdfs, seen.n,
					       devices->at) : -ENOMEM;
	}
	/* Devices may disappear between the listing and the reading. */
	for (i = 0; devices->at && i < seen.n; i++) {
		if (devices->at[i])
			devices->at[devices->n++] = devices->at[i];
	}
	free(seen.bdfs);
	return ret;
}

static int read_anew(struct vlu_ctx *ctx, enum detail detail)
{
	struct devices *devices = calloc(1, sizeof(*devices));
	int ret;

	cache_drop(ctx);
	devices = devices ? cache_put(ctx, &cache, devices) : NULL;
	if (!devices)
		return vlu_nomem(ctx);
	progress_begin(ctx, 0, "reading all PCI functions");
	ret = read_all(ctx, detail, devices);
	progress_end(ctx);
	if (ret < 0)
		return vlu_failed(ctx, ret, "cannot read " PCI_DEVICES);
	return 0;
}

int vlu_devices_read(struct vlu_ctx *ctx)
{
	return read_anew(ctx, FOR_VERDICT);
}

int vlu_devices_read_whole(struct vlu_ctx *ctx)
{
	return read_anew(ctx, FOR_REPORT);
}

size_t vlu_device_count(const struct vlu_ctx *ctx)
{
	const struct devices *devices = cache_get(ctx, &cache);

	return devices ? devices->n : 0;
}

struct vlu_device *vlu_device_at(struct vlu_ctx *ctx, size_t i)
{
	const struct devices *devices = cache_get(ctx, &cache);

	return devices && i < devices->n ? devices->at[i] : NULL;
}

/* Returns the index of a function, or the index at which to insert it. */
static size_t place_of(const struct devices *devices, struct vlu_bdf bdf, bool *ret_there)
{
	size_t low = 0, high = devices->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (vlu_bdf_compare(devices->at[mid]->bdf, bdf) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_there = low < devices->n && vlu_bdf_compare(devices->at[low]->bdf, bdf) == 0;
	return low;
}

static int insert(struct devices *devices, size_t i, struct vlu_device *dev)
{
	struct vlu_device **more = reallocarray(devices->at, devices->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	devices->at = more;
	memmove(devices->at + i + 1, devices->at + i, (devices->n++ - i) * sizeof(*more));
	devices->at[i] = dev;
	return 0;
}

static int no_device(struct vlu_ctx *ctx, struct vlu_bdf bdf)
{
	char name[VLU_BDF_SIZE];

	return vlu_fail(ctx, FAIL_NO_DEVICE, -ENODEV, "%s: no such PCI device",
			vlu_bdf_format(bdf, name));
}

/* again: reads the changing values even if this look has already read them. */
static int find(struct vlu_ctx *ctx, struct vlu_bdf bdf, enum detail detail, bool again,
		struct vlu_device **ret_dev)
{
	struct devices *devices = cache_get(ctx, &cache);
	struct vlu_device *dev = NULL;
	bool there;
	size_t i;
	int ret;

	if (!devices) {
		devices = calloc(1, sizeof(*devices));
		devices = devices ? cache_put(ctx, &cache, devices) : NULL;
	}
	if (!devices)
		return vlu_nomem(ctx);
	i = place_of(devices, bdf, &there);
	if (there) {
		dev = devices->at[i];
		if (dev->look != ctx->look && !device_is_present(ctx, bdf))
			return no_device(ctx, bdf);
		if (again || dev->look != ctx->look)
			device_read_changing(dev);
		device_read_more(dev, detail);
	} else {
		ret = device_read(ctx, bdf, detail, &dev);
		if (ret == -ENODEV)
			return no_device(ctx, bdf);
		if (!ret)
			ret = insert(devices, i, dev);
		if (ret) {
			device_free(dev);
			return vlu_nomem(ctx);
		}
	}
	*ret_dev = dev;
	return 0;
}

int device_find(struct vlu_ctx *ctx, struct vlu_bdf bdf, enum detail detail,
		struct vlu_device **ret_dev)
{
	return find(ctx, bdf, detail, false, ret_dev);
}

int vlu_device_find(struct vlu_ctx *ctx, struct vlu_bdf bdf, struct vlu_device **ret_dev)
{
	return device_find(ctx, bdf, FOR_REPORT, ret_dev);
}

int device_refresh(struct vlu_ctx *ctx, struct vlu_bdf bdf, enum detail detail,
		   struct vlu_device **ret_dev)
{
	struct vlu_device *dev;
	int ret;

	ret = find(ctx, bdf, detail, true, &dev);
	if (ret)
		return ret;
	/* An unknown driver is not the same as no driver. */
	if (dev->driver_error)
		return vlu_failed(ctx, dev->driver_error, "%s: cannot read which driver it has",
				  dev->name);
	*ret_dev = dev;
	return 0;
}

int vlu_device_refresh(struct vlu_ctx *ctx, struct vlu_bdf bdf, struct vlu_device **ret_dev)
{
	cache_drop(ctx);
	return device_refresh(ctx, bdf, FOR_REPORT, ret_dev);
}

void device_judge(struct vlu_device *dev)
{
	if (dev->judged && dev->look == dev->ctx->look)
		cache_drop(dev->ctx);
	if (dev->look != dev->ctx->look)
		device_read_changing(dev);
	dev->judged = true;
}

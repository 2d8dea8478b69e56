/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>

#include "base/attr.h"
#include "device.h"

bool device_is_present(struct vlu_ctx *ctx, struct vlu_bdf bdf)
{
	char path[64], name[VLU_BDF_SIZE];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s", vlu_bdf_format(bdf, name));
	return sys_exists(&ctx->sys, path);
}

int64_t device_number(const struct vlu_device *dev, const char *attr)
{
	int64_t number;

	if (attr_number(dev->ctx, &number, PCI_DEVICES "/%s/%s", dev->name, attr) < 0)
		return -1;
	return number;
}

/* Reads up to size bytes and returns their number. */
static ssize_t read_part(struct vlu_ctx *ctx, int fd, unsigned char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n;

	do {
		n = sys_read(&ctx->sys, fd, buf + used, size - used);
		if (n < 0)
			return n;
		used += (size_t)n;
	} while (n && used < size);
	return (ssize_t)used;
}

static bool is_ones(const unsigned char *bytes, size_t n)
{
	while (n && bytes[n - 1] == 0xff)
		n--;
	return !n;
}

/*
 * The ids of a VF always read as ones (pci_device_is_present()), so a function is gone only if its
 * whole header is ones.
 */
static int read_ones(struct vlu_device *dev)
{
	struct vlu_ctx *ctx = dev->ctx;
	unsigned char header[64];
	const ssize_t ids = 4;
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", dev->name);
	fd = sys_open(&ctx->sys, path, O_RDONLY);
	if (fd < 0)
		return fd;
	/* each read of a register waits for the device, so read the ids first */
	n = read_part(ctx, fd, header, (size_t)ids);
	if (n == ids && is_ones(header, (size_t)n)) {
		n = read_part(ctx, fd, header + ids, sizeof(header) - (size_t)ids);
		n = n < 0 ? n : n + ids;
	}
	sys_close(&ctx->sys, fd);
	if (n < 0)
		return (int)n;
	if (n >= ids && !is_ones(header, (size_t)n))
		return 0;
	return n == sizeof(header) ? 1 : -ENODATA;
}

int device_is_ones(struct vlu_device *dev)
{
	if (!dev->asked)
		dev->ones = read_ones(dev);
	dev->asked = true;
	return dev->ones;
}

int device_driver_now(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *buf,
		      size_t size)
{
	char name[VLU_BDF_SIZE];
	int ret;

	ret = attr_link(ctx, buf, size, PCI_DEVICES "/%s/driver", vlu_bdf_format(bdf, name));
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

/* a virtio device is between the function and its interface */
static int look_for_net(void *arg, const char *name)
{
	const struct vlu_device *dev = arg;
	char path[128];

	if (strcmp(name, "net") != 0 && strncmp(name, "virtio", 6) != 0)
		return 0;
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%.32s%s", dev->name, name,
		 *name == 'v' ? "/net" : "");
	return sys_list(&dev->ctx->sys, path, any_name, NULL) > 0;
}

bool device_is_iommu(const struct vlu_device *dev)
{
	return dev->class >> 8 == 0x0806;
}

bool device_has_net(const struct vlu_device *dev)
{
	char path[64];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s", dev->name);
	return sys_list(&dev->ctx->sys, path, look_for_net, (void *)(uintptr_t)dev) > 0;
}

bool device_is_behind(const struct vlu_device *dev, const struct vlu_device *other)
{
	size_t len = other->path ? strlen(other->path) : 0;

	return len && dev->path && strncmp(dev->path, other->path, len) == 0 &&
	       dev->path[len] == '/';
}

bool is_bdf_component(const char *component, size_t size, struct vlu_bdf *ret_bdf)
{
	char name[VLU_BDF_SIZE];

	/* sysfs always writes the domain, so a form without it does not count */
	return size >= 12 && take_text(name, sizeof(name), component, size) &&
	       vlu_bdf_parse(name, ret_bdf) == 0;
}

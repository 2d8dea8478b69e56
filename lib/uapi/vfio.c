/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>

#include "machine/device.h"
#include "uapi/uapi.h"
#include "vfio.h"

#define DEV_IOMMU "/dev/iommu"

int vfio_open(struct vlu_ctx *ctx, const struct vlu_device *dev, int *ret_fd)
{
	int fd;

	if (!dev->cdev[0])
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENODEV,
				"%s: it has no vfio character device", dev->name);
	fd = sys_open(&ctx->sys, dev->cdev, O_RDWR);
	if (fd == -EBUSY)
		/* vfio_device_fops_cdev_open() of the VFIO series */
		return vlu_fail(ctx, VLU_BUSY, fd, "%s: %s cannot be opened: it was "
				"preserved by the previous kernel and is not finished, or "
				"its IOMMU group is in use", dev->name, dev->cdev);
	if (fd < 0)
		return vlu_failed(ctx, fd, "%s: cannot open %s", dev->name, dev->cdev);
	*ret_fd = fd;
	return 0;
}

int iommufd_open(struct vlu_ctx *ctx, int *ret_fd)
{
	int fd = sys_open(&ctx->sys, DEV_IOMMU, O_RDWR);

	if (fd < 0)
		return vlu_fail(ctx, fd == -ENOENT ? VLU_UNSUPPORTED : VLU_FAILED, fd,
				"cannot open " DEV_IOMMU ": %s", strerror(-fd));
	*ret_fd = fd;
	return 0;
}

int vfio_bind(struct sys *sys, int fd, int iommufd)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind), .iommufd = iommufd,
	};
	int ret = sys_ioctl(sys, fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);

	/* EINVAL: df->access_granted is set (device_cdev.c) */
	return ret == -EINVAL ? -EALREADY : ret;
}

int vfio_bind_failed(struct vlu_ctx *ctx, const char *name, int err)
{
	if (err == -EALREADY)
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, err,
				"%s: its file is bound to an iommufd already", name);
	if (err == -EBUSY)
		return vlu_fail(ctx, VLU_BUSY, err, "%s: another process uses the device (its vfio "
				"file or its group is open)", name);
	return vlu_failed(ctx, err, "%s: cannot bind it to an iommufd", name);
}

static int get_info(struct vlu_ctx *ctx, int fd)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	return sys_ioctl(&ctx->sys, fd, VFIO_DEVICE_GET_INFO, &info);
}

bool vfio_is_bound(struct vlu_ctx *ctx, int fd)
{
	return get_info(ctx, fd) != -EINVAL;	/* vfio_device_fops_unl_ioctl() */
}

bool vfio_is_frozen(struct vlu_ctx *ctx, int fd)
{
	return get_info(ctx, fd) == -EIO;
}

/* Disables INTx, MSI and MSI-X. Returns how many were enabled, or a negative errno. */
static int turn_off(struct vlu_ctx *ctx, int fd)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
	};
	int ret, were_on = 0;

	for (set.index = VFIO_PCI_INTX_IRQ_INDEX;
	     set.index <= VFIO_PCI_MSIX_IRQ_INDEX; set.index++) {
		ret = sys_ioctl(&ctx->sys, fd, VFIO_DEVICE_SET_IRQS, &set);
		/* EINVAL: this kind is disabled, or the device does not have it */
		if (ret < 0 && ret != -EINVAL)
			return ret;
		were_on += ret >= 0;
	}
	return were_on;
}

int vfio_irqs_off(struct vlu_ctx *ctx, const char *name, int fd)
{
	int ret = turn_off(ctx, fd);

	/* Verify with the same request: it fails for each kind that is disabled. */
	if (ret > 0)
		ret = turn_off(ctx, fd);
	if (ret > 0)
		return vlu_fail(ctx, VLU_BUSY, -EBUSY, "%s: a program enabled its interrupts again "
				"at once; fix: end the program that uses it", name);
	if (ret < 0)
		return vlu_fail(ctx, VLU_FAILED, ret, "%s: cannot disable its interrupts: %s",
				name, ret == -EIO ? "a kexec that failed froze it, and it must be "
				"bound again" : strerror(-ret));
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* vfio device files and the iommufd. */
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#include "uapi/uapi.h"

/* include/uapi/linux/iommufd.h, which the headers of some systems lack */
struct iommu_ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_ioas_id;
};
#define IOMMU_IOAS_ALLOC	_IO(';', 0x81)

#define REGION_SHIFT	40	/* VFIO_PCI_OFFSET_SHIFT */

/* vfio_device_fops_cdev_open(), drivers/vfio/device_cdev.c */
struct device *vfio_device(const char *path)
{
	char name[PATH_SIZE];

	for (struct device *dev = devices; dev; dev = dev->next) {
		snprintf(name, sizeof(name), "dev/vfio/devices/vfio%d", dev->minor);
		if (dev->minor >= 0 && strcmp(name, path) == 0)
			return dev;
	}
	return NULL;
}

int vfio_open(const char *path, struct file **ret_file)
{
	struct device *dev = vfio_device(path);
	char name[PATH_SIZE];
	struct file *file;

	if (!dev)
		return -ENOENT;
	/* Until the live update is finished, only LUO gives the file out (measured). */
	if (dev->incoming)
		return -EBUSY;
	snprintf(name, sizeof(name), "/%s", path);
	file = file_new(FILE_VFIO, name);
	file->dev = dev;
	dev->files++;
	*ret_file = file;
	return 0;
}

void vfio_release(struct file *file)
{
	struct device *dev = file->dev;

	dev->files--;
	if (file->bound) {
		/* vfio_pci_core_disable() */
		dev->opened = false;
		device_set_irq(dev, IRQ_NONE);
		if (dev->has_pm && device_is_vfio(dev))
			device_set_power(dev, "D3hot");
	}
}

/* vfio_df_ioctl_bind_iommufd(), drivers/vfio/device_cdev.c */
static int bind_iommufd(struct file *file, void *data, size_t size, int passed_fd)
{
	struct vfio_device_bind_iommufd *bind = data;
	struct file *iommufd;

	if (size < sizeof(*bind) || bind->flags || bind->iommufd < 0)
		return -EINVAL;
	if (file->group || file->bound)
		return -EINVAL;		/* measured: the second time */
	if (passed_fd < 0)
		return -EBADF;
	iommufd = file_of_fd(passed_fd);
	if (!iommufd || iommufd->kind != FILE_IOMMU)
		return -EBADFD;		/* iommufd_ctx_from_fd() */
	/* vfio_df_open(): only a group opens a device twice */
	if (file->dev->opened)
		return -EINVAL;
	file->bound = true;
	file->dev->opened = true;
	/* vfio_pci_core_enable() wakes it */
	if (file->dev->has_pm)
		device_set_power(file->dev, "D0");
	bind->out_devid = 1;
	return 0;
}

static unsigned int irqs_of_index(unsigned int index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
	case VFIO_PCI_MSI_IRQ_INDEX:
		return 1;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return 4;
	default:
		return 1;
	}
}

/* vfio_pci_set_irqs_ioctl(), drivers/vfio/pci/vfio_pci_intrs.c */
static int set_irqs(struct device *dev, void *data, size_t size)
{
	struct vfio_irq_set *set = data;

	if (size < sizeof(*set) || set->argsz < sizeof(*set) ||
	    set->index >= VFIO_PCI_NUM_IRQS ||
	    set->start + set->count > irqs_of_index(set->index))
		return -EINVAL;
	/* The indexes for errors and requests are not interrupts of the device. */
	if (set->index > VFIO_PCI_MSIX_IRQ_INDEX)
		return 0;
	if (!(set->flags & VFIO_IRQ_SET_ACTION_TRIGGER))
		return 0;
	if (set->count == 0 && (set->flags & VFIO_IRQ_SET_DATA_NONE)) {
		if (dev->irq != (enum irq)set->index)
			return -EINVAL;
		device_set_irq(dev, IRQ_NONE);
		return 0;
	}
	if (dev->irq != IRQ_NONE && dev->irq != (enum irq)set->index)
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD)
		device_set_irq(dev, (enum irq)set->index);
	return 0;
}

static int get_info(void *data, size_t size)
{
	struct vfio_device_info *info = data;

	if (size < offsetof(struct vfio_device_info, cap_offset))
		return -EINVAL;
	info->flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info->num_regions = VFIO_PCI_NUM_REGIONS;
	info->num_irqs = VFIO_PCI_NUM_IRQS;
	return 0;
}

static int get_region(void *data, size_t size)
{
	struct vfio_region_info *info = data;

	if (size < sizeof(*info) || info->index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info->cap_offset = 0;
	info->size = info->index == VFIO_PCI_CONFIG_REGION_INDEX ? 256 : 0;
	info->offset = (uint64_t)info->index << REGION_SHIFT;
	return 0;
}

static int get_irq(void *data, size_t size)
{
	struct vfio_irq_info *info = data;

	if (size < sizeof(*info) || info->index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	info->count = irqs_of_index(info->index);
	return 0;
}

/* vfio_device_fops_unl_ioctl(), drivers/vfio/vfio_main.c */
int vfio_ioctl(struct file *file, uint64_t request, void *data, size_t size,
	       int passed_fd)
{
	if (request == VFIO_DEVICE_BIND_IOMMUFD)
		return bind_iommufd(file, data, size, passed_fd);
	if (!file->bound)
		return -EINVAL;
	/* measured: frozen by a kexec that failed */
	if (file->dev->poisoned)
		return -EIO;
	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		return get_info(data, size);
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region(data, size);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq(data, size);
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(file->dev, data, size);
	case VFIO_DEVICE_RESET:
		return 0;
	default:
		return -ENOTTY;
	}
}

ssize_t vfio_read(struct file *file, uint64_t offset, void *buf, size_t size)
{
	unsigned char config[256] = { 0 };
	uint64_t at = offset & ((1ULL << REGION_SHIFT) - 1);
	char path[PATH_SIZE];

	if (!file->bound)
		return -EINVAL;
	if (file->dev->poisoned)
		return -EIO;
	if (offset >> REGION_SHIFT != VFIO_PCI_CONFIG_REGION_INDEX ||
	    at >= sizeof(config))
		return -EINVAL;
	snprintf(path, sizeof(path), "%.400s/config", file->dev->path);
	tree_read_bytes(path, config, sizeof(config));
	if (size > sizeof(config) - at)
		size = sizeof(config) - at;
	memcpy(buf, config + at, size);
	return (ssize_t)size;
}

/* iommufd_fops_ioctl(), drivers/iommu/iommufd/main.c */
int iommu_ioctl(uint64_t request, void *data, size_t size)
{
	struct iommu_ioas_alloc *alloc = data;

	if (request != IOMMU_IOAS_ALLOC)
		return -ENOTTY;
	if (size < sizeof(*alloc) || alloc->flags)
		return size < sizeof(*alloc) ? -EINVAL : -EOPNOTSUPP;
	alloc->out_ioas_id = 1;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the test kernel's live update handler needs from inside the VFIO core:
 * telling device files from others, and opening one without its device node.
 */

#include <linux/anon_inodes.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/pci.h>
#include <linux/pci_liveupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vfio.h>
#include <linux/vfio_liveupdate.h>
#include "vfio.h"

bool vfio_liveupdate_is_incoming(struct vfio_device *device)
{
	return dev_is_pci(device->dev) &&
	       pci_liveupdate_is_incoming(to_pci_dev(device->dev));
}

struct vfio_device *vfio_liveupdate_file_device(struct file *file)
{
	struct vfio_device_file *df = file->private_data;

	return file->f_op == &vfio_device_fops ? df->device : NULL;
}
EXPORT_SYMBOL_GPL(vfio_liveupdate_file_device);

static int vfio_liveupdate_match(struct device *dev, const void *ops)
{
	return dev->class && !strcmp(dev->class->name, "vfio-dev") &&
	       container_of(dev, struct vfio_device, device)->ops == ops;
}

/*
 * By way of the child device, not of the parent's driver data: that would need
 * the parent's lock, which a pending unbind holds until every file is closed.
 */
static struct vfio_device *
vfio_liveupdate_get_device(struct device *dev, const struct vfio_device_ops *ops)
{
	struct vfio_device *device;
	struct device *child;

	child = device_find_child(dev, ops, vfio_liveupdate_match);
	if (!child)
		return NULL;

	device = container_of(child, struct vfio_device, device);
	if (!vfio_device_try_get_registration(device))
		device = NULL;
	put_device(child);

	return device;
}

/**
 * vfio_liveupdate_open - a file like that of the device node, before there may
 * be one
 * @dev: parent of the VFIO device
 * @ops: of the driver that must have it
 *
 * Return: the file, -ENODEV if the driver does not have the device, or
 * another error pointer.
 */
struct file *vfio_liveupdate_open(struct device *dev,
				  const struct vfio_device_ops *ops)
{
	struct vfio_device *device;
	struct vfio_device_file *df;
	struct file *file;
	int err;

	/* Both are the file's from here on, and go with its release. */
	device = vfio_liveupdate_get_device(dev, ops);
	if (!device)
		return ERR_PTR(-ENODEV);

	df = kzalloc_obj(*df, GFP_KERNEL_ACCOUNT);
	if (!df) {
		err = -ENOMEM;
		goto err_put_registration;
	}

	df->device = device;
	spin_lock_init(&df->kvm_ref_lock);

	file = anon_inode_getfile_fmode("[vfio-device-liveupdate]",
					&vfio_device_fops, df, O_RDWR,
					FMODE_PREAD | FMODE_PWRITE);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto err_free;
	}

	file->f_mapping = device->inode->i_mapping;

	return file;

err_free:
	kfree(df);
err_put_registration:
	vfio_device_put_registration(device);
	return ERR_PTR(err);
}
EXPORT_SYMBOL_GPL(vfio_liveupdate_open);

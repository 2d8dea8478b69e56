/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_VFIO_LIVEUPDATE_H
#define _LINUX_VFIO_LIVEUPDATE_H

#include <linux/vfio.h>

struct file;

#ifdef CONFIG_VFIO_PCI_LIVEUPDATE
bool vfio_liveupdate_is_incoming(struct vfio_device *device);
struct vfio_device *vfio_liveupdate_file_device(struct file *file);
struct file *vfio_liveupdate_open(struct device *dev,
				  const struct vfio_device_ops *ops);

static inline bool vfio_liveupdate_is_frozen(struct vfio_device *device)
{
	return READ_ONCE(device->liveupdate_frozen);
}

void vfio_pci_liveupdate_init(const struct vfio_device_ops *ops);
void vfio_pci_liveupdate_exit(void);
#else
static inline bool vfio_liveupdate_is_incoming(struct vfio_device *device)
{
	return false;
}

static inline bool vfio_liveupdate_is_frozen(struct vfio_device *device)
{
	return false;
}

static inline void
vfio_pci_liveupdate_init(const struct vfio_device_ops *ops) { }
static inline void vfio_pci_liveupdate_exit(void) { }
#endif

#endif

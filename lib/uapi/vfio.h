/* SPDX-License-Identifier: GPL-2.0-only */
/* Opens vfio files and iommufds. Nothing else calls ioctls of vfio files. */
#ifndef VLU_UAPI_VFIO_H
#define VLU_UAPI_VFIO_H

#include "base/ctx.h"

int vfio_open(struct vlu_ctx *ctx, const struct vlu_device *dev, int *ret_fd)
	must_check;
int iommufd_open(struct vlu_ctx *ctx, int *ret_fd) must_check;
/*
 * Binds a device file to an iommufd. Fails with -EALREADY if the file is bound already,
 * perhaps by a VMM: the kernel binds a file only once. Binding, and the last close,
 * reset the device (vfio_pci_core_enable(), vfio_pci_core_disable()), which takes a
 * tenth of a second or more. session_bind() and session_close() do several in parallel.
 */
int vfio_bind(struct sys *sys, int fd, int iommufd) must_check;
int vfio_bind_failed(struct vlu_ctx *ctx, const char *name, int err) must_check;
/* Returns whether a retrieved file is bound. Until it is, the kernel allows only the binding. */
bool vfio_is_bound(struct vlu_ctx *ctx, int fd);
/* Returns whether a failed kexec froze the file. Every request on it fails with EIO then. */
bool vfio_is_frozen(struct vlu_ctx *ctx, int fd);
/*
 * Disables INTx, MSI and MSI-X and verifies it. A VMM leaves interrupts enabled when it
 * ends, and the kernel refuses a kexec while they are enabled.
 */
int vfio_irqs_off(struct vlu_ctx *ctx, const char *name, int fd) must_check;

#endif

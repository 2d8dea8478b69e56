/* SPDX-License-Identifier: GPL-2.0-only */
/* vfio device files and iommufds; the only user of their ioctls. */
#ifndef VLU_VFIO_H
#define VLU_VFIO_H

#include "private.h"

int vfio_open(struct vlu_ctx *ctx, const struct vlu_device *dev, int *ret_fd)
	must_check;
int iommufd_open(struct vlu_ctx *ctx, int *ret_fd) must_check;
/*
 * Binding opens the device, and the last close of its file closes it: both
 * reset it (vfio_pci_core_enable(), vfio_pci_core_disable()), for a tenth of a
 * second and more, and several are best done together (session_bind(),
 * session_close()). -EALREADY: this file is bound already, perhaps by a VMM;
 * the kernel binds a file once and never again.
 */
int vfio_bind(struct sys *sys, int fd, int iommufd) must_check;
int vfio_bind_failed(struct vlu_ctx *ctx, const char *name, int err) must_check;
/* A retrieved file that nobody bound yet knows no other request than that. */
bool vfio_bound(struct vlu_ctx *ctx, int fd);
/* Is it one that a failed jump froze? Such a file answers EIO to everything. */
bool vfio_frozen(struct vlu_ctx *ctx, int fd);
/*
 * Turn INTx, MSI and MSI-X off and see that they are. A VMM leaves its
 * interrupts on when it dies, and with them on the kernel refuses the jump.
 */
int vfio_irqs_off(struct vlu_ctx *ctx, const char *name, int fd) must_check;

#endif

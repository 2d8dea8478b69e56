/* SPDX-License-Identifier: GPL-2.0-only */
/* libvirt: the domain of a QEMU process, and what happens to its devices when the domain ends. */
#ifndef VLU_MACHINE_LIBVIRT_H
#define VLU_MACHINE_LIBVIRT_H

#include "base/ctx.h"

#define LIBVIRT_NAME 256	/* the size of a file name */

/* Sets the name of the domain whose QEMU this is. Returns -ENOENT if libvirt did not start it. */
int libvirt_domain(struct vlu_ctx *ctx, pid_t pid, char name[LIBVIRT_NAME]) must_check;
/*
 * Will libvirt unbind the device from vfio-pci when the domain ends, because libvirt bound it?
 * managed='yes' is no evidence: libvirt leaves a device bound that was bound before the domain
 * started.
 */
enum vlu_known libvirt_is_unbinding(struct vlu_ctx *ctx, const char *name, struct vlu_bdf bdf);

#endif

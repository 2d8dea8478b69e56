/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the sysfs path of a device node, which shows the PCI function above it. */
#ifndef VLU_MACHINE_DEVICE_NODE_H
#define VLU_MACHINE_DEVICE_NODE_H

#include "base/ctx.h"

#define NODE_SYSFS	512

/* Both set sysfs to "" if the node does not exist. sysfs may have text before "devices/". */
void node_by_number(struct vlu_ctx *ctx, bool is_block, dev_t number, char sysfs[NODE_SYSFS]);
/* path is "/dev/nvme0n1p2", or a link to it. Returns whether it is a block device. */
bool node_by_name(struct vlu_ctx *ctx, const char *path, char sysfs[NODE_SYSFS]);

/* Finds the name of "/dev/nvme0n1p2" in /sys/class/block, with '!' for '/'. False: it has none. */
bool disk_name(struct vlu_ctx *ctx, const char *path, char name[64]);

#endif

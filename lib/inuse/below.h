/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the PCI functions below a block device that is in use, through all layers in between. */
#ifndef VLU_INUSE_BELOW_H
#define VLU_INUSE_BELOW_H

#include "inuse/uses.h"

/* A search, and the use that is noted for each function it finds. */
struct below {
	struct vlu_ctx *ctx;
	struct inuse *inuse;
	enum use_weight weight;
	const char *fix;
	char what[448];
	const char *top;	/* name of the device that is used, or NULL */
	unsigned int depth, steps;
	/*
	 * True: the only use is that a block device is stacked on the disk. That block device may be
	 * idle, so use_disk_server() notes no server of a network disk.
	 */
	bool is_layer;
};

/* Notes a use of the functions below this name in /sys/class/block. */
void use_disk(struct below *below, const char *name, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Notes a use of the functions on a sysfs path, such as that of a character device. */
void use_place(struct below *below, const char *sysfs, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Notes a use of the functions with this port of Fibre Channel, such as "0x21000024ff000001". */
void use_port(struct below *below, const char *port, const char *fix, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* servers.c: notes the servers of a mount, or of the disk on this sysfs path. */
void use_mount_server(struct below *below, const struct mount *mount, const char *fix);
void use_disk_server(struct below *below, const char *sysfs);

/* shares.c: notes the device of a mount that comes from the host below this virtual machine. */
void use_share(struct below *below, const struct mount *mount, const char *fix);

/* later.c: notes what an automount will mount. */
void use_automount(struct below *below, const struct mount *mount);
/* Notes the disks of the boot loader and of hibernation, which need not be mounted now. */
void inuse_later(struct vlu_ctx *ctx, struct inuse *inuse);

/* The mounted file systems that have several disks, according to the mounts. */
struct several {
	bool btrfs;		/* one is mounted */
	char unlisted[160];	/* names a file system with disks that the kernel does not list; "": none */
};
/* further-disks.c: may this file system have disks that the kernel does not name? */
bool has_unlisted(const struct mount *mount);
/* Notes the further disks that the kernel names. */
void inuse_members(struct below *below, const struct several *several);
/* Notes a doubt about every function with disks and without a use. Call it when all uses of disks are known. */
void inuse_unlisted(struct inuse *inuse, const struct several *several);

#endif

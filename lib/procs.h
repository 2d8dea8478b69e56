/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes and what they have open of vfio, LUO and block devices. */
#ifndef VLU_PROCS_H
#define VLU_PROCS_H

#include "private.h"

enum proc_kind {
	PROC_NOTHING,
	PROC_VFIO,	/* the file of a device: bdf */
	PROC_GROUP,	/* a vfio group: number */
	PROC_SESSION,	/* a LUO session: name */
	PROC_BLOCK,	/* perhaps a block device: name below /dev */
	PROC_LIVEUPDATE, /* /dev/liveupdate itself */
	PROC_UNBIND,	/* a sysfs file that unbinds or removes: name is its end */
};

struct proc_file {
	enum proc_kind kind;
	pid_t pid;
	char comm[16];
	struct vlu_bdf bdf;
	int64_t group;
	char name[64];
	int fd;		/* its number there */
	bool legacy;	/* PROC_VFIO: of a group, not of the device's own node */
};

struct procs {
	/* All processes could be looked into: what is not here is not. */
	bool complete;
	size_t n;
	struct proc_file *files;	/* by kind, those of devices by address */
	/* One process in each mount namespace, but our own */
	size_t n_namespaces;
	struct { char id[32]; pid_t pid; } *namespaces;
};

/* Read once a context. NULL only when memory is short. */
const struct procs *procs_get(struct vlu_ctx *ctx);
void procs_drop(struct vlu_ctx *ctx);
/* The same of one process alone, be it this one; -ENOENT: there is none. */
int procs_of(struct vlu_ctx *ctx, pid_t pid, struct procs **ret_procs) must_check;
void procs_free(struct procs *procs);
/* The files of a kind, and how many; NULL: none. */
const struct proc_file *procs_kind(const struct procs *procs, enum proc_kind kind,
				   size_t *ret_n);
/* Those of a device. */
const struct proc_file *procs_device(const struct procs *procs, struct vlu_bdf bdf,
				     size_t *ret_n);

/* For tests. What a link in /proc/PID/fd leads to; name or group is filled in. */
enum proc_kind proc_link_parse(const char *target, struct proc_file *ret);
/* The device that an fdinfo names. */
bool proc_fdinfo_parse(const char *text, size_t size, struct vlu_bdf *ret_bdf);
/* The last PCI address on a path of sysfs: "/sys/devices/pci0000:00/0000:00:01.0". */
bool proc_path_bdf(const char *path, size_t size, struct vlu_bdf *ret_bdf);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes, and the files of vfio, LUO and other devices that they have open. */
#ifndef VLU_MACHINE_PROCESSES_H
#define VLU_MACHINE_PROCESSES_H

#include "base/pool.h"

enum proc_kind {
	PROC_NOTHING,
	PROC_VFIO,	/* a vfio device; bdf is set */
	PROC_GROUP,	/* a vfio group; group is set */
	PROC_SESSION,	/* a LUO session; name is set */
	/* another device node, or a PCI function's "resource0"; name is the end of its path */
	PROC_NODE,
	PROC_LIVEUPDATE, /* /dev/liveupdate */
	PROC_UNBIND,	/* a sysfs file that unbinds or removes; name is the end of its path */
};

struct proc_file {
	struct vlu_bdf bdf;	/* first member, for the search by address */
	enum proc_kind kind;
	pid_t pid;
	char comm[16];
	int64_t group;
	char name[64];
	const char *sysfs; /* PROC_NODE: its path in sysfs, or NULL if that was not found */
	bool is_block;	/* PROC_NODE */
	int fd;		/* number in that process */
	bool legacy;	/* PROC_VFIO: it was opened through a group, not through the device's cdev */
};

struct procs {
	struct pool pool;	/* owns all strings and arrays */
	/* All processes could be read, so the list has all open files. */
	bool complete;
	size_t n;
	struct proc_file *files;	/* of procs_get(): sorted by kind; PROC_VFIO then by address */
	/* One process of each mount namespace, never our own process. */
	size_t n_namespaces;
	struct proc_namespace { char id[32]; pid_t pid; } *namespaces;
};

/* Reads all processes once per look. Returns NULL only when out of memory. */
const struct procs *procs_get(struct vlu_ctx *ctx);
/* Reads one process alone, which may be ours. Free it with pool_end(). -ENOENT: no such process. */
int procs_of(struct vlu_ctx *ctx, pid_t pid, struct procs **ret_procs) must_check;
/* Returns the files of this kind and their number, or NULL when there are none. */
const struct proc_file *procs_kind(const struct procs *procs, enum proc_kind kind,
				   size_t *ret_n);
/* Returns the files of a device and their number, or NULL when there are none. */
const struct proc_file *procs_device(const struct procs *procs, struct vlu_bdf bdf,
				     size_t *ret_n);

/* For tests: parses the target of a link in /proc/PID/fd and sets the name or the group. */
enum proc_kind proc_link_parse(const char *target, struct proc_file *ret);
/* Does a write to this sysfs file unbind or remove a device? */
bool is_unbind_file(const char *path);
/* Finds the BDF in the text of a file in /proc/PID/fdinfo. */
bool proc_fdinfo_parse(const char *text, size_t size, struct vlu_bdf *ret_bdf);
/* Finds the last BDF in a sysfs path such as "/sys/devices/pci0000:00/0000:00:01.0". */
bool proc_path_bdf(const char *path, size_t size, struct vlu_bdf *ret_bdf);

#endif

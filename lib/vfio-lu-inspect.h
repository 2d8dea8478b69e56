/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The handover between two kernels, decoded: the tree of Kexec Handover, the data of the Live
 * Update Orchestrator below it, and the PCI devices. The sources are debugfs, sysfs, /proc, our
 * manifests, and physical memory through /proc/kcore; all of them are only read. A part that
 * cannot be read, or is damaged, has an error of its own and does not stop the others.
 *
 * The rules of vfio-lu.h apply. This header is for `vfio-lu inspect` alone. It changes with the
 * kernels, and is not installed.
 */
#ifndef VFIO_LU_INSPECT_H
#define VFIO_LU_INSPECT_H

#include "vfio-lu.h"

/* How reliable a part is. */
enum vlu_trust {
	VLU_TRUST_UNKNOWN,	/* from a file, so of unknown age */
	VLU_TRUST_KERNEL,	/* the kernel keeps it as long as it runs */
	VLU_TRUST_STALE,	/* the memory may have been freed or reused */
	VLU_TRUST_SAVED,	/* from our manifest, not from the kernel */
};

/* Bytes as they were read. In a file, address is 0. */
struct vlu_bytes {
	uint64_t address;
	size_t size;
	const unsigned char *data;
};

struct vlu_part {
	const char *name;	/* "kho-in": name for vlu_handover_part() */
	const char *source;	/* "/sys/kernel/debug/kho/in/fdt" */
	enum vlu_trust trust;
	const char *why;	/* about source and trust; or NULL */
	const char *error;	/* why the part is missing or incomplete; or NULL */
	size_t n_bytes;
	const struct vlu_bytes *bytes;
};

/*
 * In all structs below, a text is NULL and a signed number is -1 when it is not known. A list
 * that could not be read is empty, and part.error says why.
 */

/* Where this kernel found the handover: on x86 in the setup data. */
struct vlu_boot_data {
	struct vlu_part part;
	uint64_t fdt, fdt_size, scratch, scratch_size;
};

struct vlu_subtree {
	const char *name;
	uint64_t address;	/* 0: not known */
	int64_t size;		/* the tree has no sizes before Linux 7.1 */
};

/* include/linux/kho/abi/kexec_handover.h */
struct vlu_kho {
	struct vlu_part part;
	const char *compatible;
	uint64_t memory_map;
	size_t cut;		/* how many bytes of the tree were read; 0: the whole tree */
	size_t n_subtrees;
	const struct vlu_subtree *subtrees;
};

/* include/linux/kho/abi/kexec_metadata.h */
struct vlu_metadata {
	struct vlu_part part;
	const char *previous_release;
	int64_t kexec_count;
};

struct vlu_region {
	const char *name;
	uint64_t start, size;
};

/* include/linux/kho/abi/memblock.h */
struct vlu_memblock {
	struct vlu_part part;
	const char *compatible;
	size_t n_regions;
	const struct vlu_region *regions;
};

/* include/linux/kho/abi/luo.h; a tree up to Linux 7.1 */
struct vlu_luo {
	struct vlu_part part;
	const char *compatible;
	const char *session_compatible;	/* in a tree only */
	const char *flb_compatible;
	int64_t liveupdate_num;
	uint64_t sessions_pa;	/* 0: none */
	uint64_t flbs_pa;
};

/* File-lifecycle-bound objects */
struct vlu_flb {
	const char *name;
	uint64_t data;
	uint64_t count;		/* files that depend on it */
};

struct vlu_flbs {
	struct vlu_part part;
	size_t n_flbs;
	const struct vlu_flb *flbs;
};

struct vlu_pci_device {
	struct vlu_bdf bdf;
	int64_t refcount;	/* -1: the oldest encoding has none */
};

/* The list of PCI devices in the encoding that fits. */
struct vlu_pci_reading {
	const char *encoding;	/* flat32, block or versioned */
	int64_t version;
	int64_t max;
	int64_t nr;
	uint64_t devices_pa;	/* 0: they follow the header */
	const char *error;	/* why some of the nr devices are missing */
	size_t n_devices;
	const struct vlu_pci_device *devices;
};

/* Several encodings have the same name. */
struct vlu_pci {
	struct vlu_part part;
	const char *compatible;
	const struct vlu_pci_reading *reading;	/* NULL: no encoding fits */
};

/* The state of a vfio-pci file. */
struct vlu_vfio {
	struct vlu_part part;	/* set when a file was decoded alone, as in vlu_memfd */
	struct vlu_bdf bdf;
};

/* include/linux/kho/abi/memfd.h */
struct vlu_memfd {
	struct vlu_part part;
	const char *layout;	/* "v1" or "v2" */
	uint64_t pos, size, nr_folios;
	int64_t seals;
	uint64_t folios_pa;
	uint32_t pages;		/* of the list of folios */
};

struct vlu_luo_file {
	uint64_t token;
	const char *compatible;
	uint64_t data;
	const struct vlu_vfio *vfio;	/* NULL: another kind of file, or not known */
	const struct vlu_memfd *memfd;
	const char *error;	/* why the state at data could not be decoded */
	bool has_bdf;
	struct vlu_bdf bdf;	/* from the token or the manifest */
};

/* A session from one source. Other sources may have it too. */
struct vlu_luo_session {
	const struct vlu_part *part;
	const char *name;
	enum vlu_direction direction;
	int64_t pid;		/* process that has it open */
	const char *comm;
	uint64_t files_pa;
	int64_t n_expected;	/* number of files according to the session */
	const char *error;
	size_t n_files;
	const struct vlu_luo_file *files;
};

/* A file that a process has open. */
struct vlu_opened {
	int64_t pid;
	const char *comm;
	const char *kind;	/* "session", "device" or "liveupdate" */
	const char *session;	/* its name */
	struct vlu_bdf bdf;	/* of a device's file */
};

struct vlu_processes {
	struct vlu_part part;
	size_t n_opened;
	const struct vlu_opened *opened;
};

struct vlu_kernel_log {
	struct vlu_part part;
	bool whole;		/* it has the first line of this boot */
	int64_t liveupdate_number;
	size_t n_incoming;	/* by the previous kernel, not finished */
	const struct vlu_bdf *incoming;
	size_t n_finished;
	const struct vlu_bdf *finished;
	size_t n_outgoing;
	const struct vlu_bdf *outgoing;
	size_t n_lines;		/* lines of KHO and LUO, oldest first */
	const char *const *lines;
};

/* One direction. A part is NULL when there is none. */
struct vlu_handed {
	const struct vlu_kho *kho;
	const struct vlu_metadata *metadata;
	const struct vlu_memblock *memblock;
	const struct vlu_luo *luo;
	const struct vlu_flbs *flbs;
	const struct vlu_pci *pci;
};

struct vlu_handover {
	const struct vlu_boot_data *boot;
	struct vlu_handed in;	/* from the previous kernel */
	struct vlu_handed out;	/* for the next kernel */
	const struct vlu_vfio *vfio;	/* only from vlu_handover_file() */
	const struct vlu_memfd *memfd;
	const struct vlu_processes *processes;
	const struct vlu_kernel_log *log;
	size_t n_sessions;
	const struct vlu_luo_session *sessions;
	size_t n_parts;		/* all parts above, in the order of a report */
	const struct vlu_part *const *parts;
};

/*
 * Reads the handover. log is a saved kernel log, or NULL for /dev/kmsg. Free the result with
 * vlu_handover_free().
 */
int vlu_handover_read(struct vlu_ctx *ctx, const char *log,
		      struct vlu_handover **ret_handover);
/*
 * Decodes a file. format is kho, metadata, memblock, luo, flb, pci, memfd or vfio. Data
 * elsewhere in memory is not available. Fails if the file does not have that format.
 */
int vlu_handover_file(struct vlu_ctx *ctx, const char *file, const char *format,
		      struct vlu_handover **ret_handover);
/* Returns the part with this name, or NULL. */
const struct vlu_part *vlu_handover_part(const struct vlu_handover *handover,
					 const char *name);
void vlu_handover_free(struct vlu_handover *handover);

#endif

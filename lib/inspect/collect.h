/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Collects the parts of a handover. handover.c asks the sources, whose files are named below, and
 * all of them add to one struct collect.
 */
#ifndef VLU_INSPECT_COLLECT_H
#define VLU_INSPECT_COLLECT_H

#include "abi/blob.h"
#include "inspect/elf-core.h"
#include "machine/kernel-log.h"
#include "machine/kho-debugfs.h"

#define KCORE		"/proc/kcore"

/* An address from the manifest of the last kexec. */
struct saved {
	const char *session;	/* NULL: no such manifest */
	uint64_t flbs_pa;
	bool certain;		/* the manifest is from the kexec that started this kernel */
};

struct collect {
	struct vlu_ctx *ctx;
	struct vlu_handover *out;
	struct pool *pool;
	bool memory_tried;
	const char *memory_error;	/* the reason why it cannot be read */
	struct core core;
	struct memory memory;

	struct klog *own_log;	/* --log */
	const struct klog *log;	/* NULL: none */
	struct saved saved;
	uint64_t tree_in;	/* tree of the previous kernel; 0: not known */
	bool sessions_open;	/* an open session is outgoing, or may be */
};

/* Begins an answer in c->out and c->pool. collect_end() returns it, or frees it on an error. */
int collect_begin(struct collect *c, struct vlu_ctx *ctx) must_check;
int collect_end(struct collect *c, int ret, struct vlu_handover **ret_handover) must_check;

/*
 * The functions below that return an int return 0 or -ENOMEM, unless they say otherwise. Any other
 * error is recorded in its part.
 */

/*
 * Adds a part. Parts are reported in the order in which they are added, but handover.c moves
 * those of the manifests, the processes and the log to the end.
 */
int collect_part(struct collect *c, struct vlu_part *part, const char *name,
		 const char *source, enum vlu_trust trust) must_check;
int collect_why(struct collect *c, struct vlu_part *part, const char *fmt, ...)
	must_check __attribute__((format(printf, 3, 4)));
int collect_error(struct collect *c, struct vlu_part *part, const char *fmt, ...)
	must_check __attribute__((format(printf, 3, 4)));
/* Takes the result of a decoder: err becomes the error of the part. */
int collect_result(struct collect *c, struct vlu_part *part, int ret,
		   const struct blob_error *err, const struct raw *raw) must_check;
/* Reads a file into the pool. Returns 0 or a negative errno. */
int collect_file(struct collect *c, const char *path, size_t max, struct blob *ret) must_check;
/* Returns NULL if memory cannot be read, and sets c->memory_error. */
const struct memory *collect_memory(struct collect *c);
/* "/proc/kcore at 0x1234" */
const char *collect_place(struct collect *c, uint64_t address);
int collect_session(struct collect *c, const struct vlu_luo_session *session) must_check;

/* boot-data.c: finds the tree of the previous kernel */
int collect_boot(struct collect *c) must_check;
/* trees.c: adds a tree and the blobs below it */
int collect_side(struct collect *c, bool in) must_check;
/* luo-parts.c: adds the parts to which the head of LUO refers; luo NULL: there is no head */
int collect_luo(struct collect *c, bool in, const struct vlu_luo *luo) must_check;
/*
 * log-lines.c, open-files.c, saved-manifests.c: add the other sources. collect_log() fails with
 * another errno, too, if the file of --log cannot be read.
 */
int collect_log(struct collect *c, const char *file) must_check;
int collect_processes(struct collect *c) must_check;
int collect_manifests(struct collect *c) must_check;

#endif

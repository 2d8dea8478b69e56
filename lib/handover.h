/* SPDX-License-Identifier: GPL-2.0-only */
/* How the parts of a hand-over are collected; see vlu_handover_read(). */
#ifndef VLU_HANDOVER_H
#define VLU_HANDOVER_H

#include "blob.h"
#include "core.h"
#include "klog.h"

#define KHO_DEBUG	"/sys/kernel/debug/kho"

/* Where a tree is, and how that is known. */
struct root {
	uint64_t address;	/* 0: not known */
	enum {
		ROOT_TOLD,	/* the kernel shows where */
		ROOT_FOUND,	/* by a search */
		ROOT_GUESSED,	/* so too, and it may be that of the other side */
	} how;
	uint64_t named_at;	/* found: boot data that names it; 0: none */
	bool rival;		/* but there is another that is named */
};

/* An address that the manifest of the last jump has. */
struct saved {
	const char *session;	/* NULL: there is no such manifest */
	uint64_t flbs_pa;
	bool certain;		/* of the jump that led into this kernel */
};

struct collect {
	struct vlu_ctx *ctx;
	struct vlu_handover *out;
	struct pool *pool;
	bool dump;		/* another machine than this one, or another time */
	const char *memory_source;	/* "/proc/kcore" */
	bool memory_tried;
	const char *memory_error;	/* why there is none */
	struct core core;
	struct memory memory;

	struct klog *own_log;	/* --log */
	const struct klog *log;	/* NULL: none */
	struct saved saved;
	struct root root[2];	/* in, out */
	bool sessions_open;	/* somebody has one that may be outgoing, or may have */
};

/* An error costs its part; what is returned is 0 or -ENOMEM. */

/* The parts in the order of their beginning. */
int collect_part(struct collect *c, struct vlu_part *part, const char *name,
		 const char *source, enum vlu_trust trust) must_check;
int collect_why(struct collect *c, struct vlu_part *part, const char *fmt, ...)
	must_check __attribute__((format(printf, 3, 4)));
int collect_error(struct collect *c, struct vlu_part *part, const char *fmt, ...)
	must_check __attribute__((format(printf, 3, 4)));
/* What a decoder returned: its text becomes the error of the part. */
int collect_result(struct collect *c, struct vlu_part *part, int ret,
		   const struct blob_error *err, const struct raw *raw) must_check;
/* NULL: it cannot be read, which c->memory_error says. */
const struct memory *collect_memory(struct collect *c);
/* "/proc/kcore at 0x1234" */
const char *collect_place(struct collect *c, uint64_t address);
int collect_session(struct collect *c, const struct vlu_luo_session *session) must_check;

/* handover-boot.c, handover-search.c: where the trees are, here and in a dump */
int collect_boot(struct collect *c) must_check;
int collect_search(struct collect *c) must_check;
/* handover-kho.c: a tree and what hangs on it */
int collect_side(struct collect *c, bool in) must_check;
/* handover-luo.c: what the head of LUO leads to; NULL: there is none */
int collect_luo(struct collect *c, bool in, const struct vlu_luo *luo) must_check;
/* handover-seen.c: what else there is to see */
int collect_log(struct collect *c, const char *file) must_check;
int collect_processes(struct collect *c) must_check;
int collect_manifests(struct collect *c) must_check;

/*
 * What other parts of the library ask of debugfs: this kernel's own LUO head,
 * never the incoming one, whose memory is freed at boot; and what was said of
 * the kernel before. A failure is no failure of the context.
 */
struct luo_out {
	uint64_t liveupdate_num;
	uint64_t flbs_pa;
};
int handover_luo_out(struct vlu_ctx *ctx, struct luo_out *ret) must_check;
/* Devices that the kernel before preserved and that are not finished, by what
 * is in memory; freed by the caller. -ENOENT: it cannot be told. */
int handover_incoming(struct vlu_ctx *ctx, struct vlu_bdf **ret_bdfs, size_t *ret_n)
	must_check;
int handover_metadata_in(struct vlu_ctx *ctx, char release[65],
			 int64_t *ret_kexec_count) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An update is the live update of one session. When the session is finished, its moments become
 * a record below UPDATES. The last UPDATES_KEPT records stay. Readers get phases and times.
 */
#ifndef VLU_TIMELINE_UPDATE_H
#define VLU_TIMELINE_UPDATE_H

#include "base/pool.h"
#include "timeline/moments.h"

#define UPDATES		STATE_DIR "/updates"
#define UPDATES_KEPT	64

/* Computes phases and times, with memory of the pool. Reads no files. Returns -ENOMEM. */
int update_make(struct pool *pool, const struct moments *moments, struct vlu_update *ret_update)
	must_check;

/*
 * Adds the moments that vfio-lu kexec noted about the kexec that led to this kernel, for n
 * devices: the moments on the disk count only if "loaded" on the command line matches them.
 */
void update_kexec(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs, size_t n,
		  struct moments *moments);

/* A session that is finished. */
struct ended {
	const char *session;
	const char *from_release;	/* NULL: not known */
	const struct vlu_bdf *bdfs;	/* its devices */
	size_t n;
	struct moments *moments;	/* known to the command; update_end() adds more */
};
/* Adds the moments noted elsewhere, and writes the record, or warns. */
void update_end(struct vlu_ctx *ctx, const struct ended *ended);

#endif

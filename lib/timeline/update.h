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
 * Adds "loaded" from the command line. If the moments on the disk have the same "loaded", adds them
 * too, without those of devices outside the session.
 */
void update_kexec(struct vlu_ctx *ctx, const struct vlu_session *session,
		  struct moments *moments);

/*
 * For a finished session: adds the moments of update_kexec() and of the boot. Then writes the
 * record and drops old records, or warns. from_release NULL: not known.
 */
void update_end(struct vlu_ctx *ctx, const struct vlu_session *session, const char *from_release,
		struct moments *moments);

#endif

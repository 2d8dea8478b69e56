/* SPDX-License-Identifier: GPL-2.0-only */
/* What `status` reads, for `status` and for a capture. */
#ifndef VLU_INSPECT_SESSIONS_H
#define VLU_INSPECT_SESSIONS_H

#include "ledger/ledger.h"

/* Does what ledger_read() does, and reads the moments of each session. */
int sessions_read(struct vlu_ctx *ctx, const char *session, const struct vlu_bdf *incoming,
		  size_t n, struct ledger **ret_ledger) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* A session that came from the previous kernel, and what is known of it. */
#ifndef VLU_INCOMING_H
#define VLU_INCOMING_H

#include "session.h"

/* A plan about an incoming session; *held is freed by the caller on success. */
int incoming_plan(struct vlu_ctx *ctx, const char *name, struct held *held,
		  struct vlu_plan **ret_plan, struct session **ret_session)
	must_check;
/*
 * Adds the devices that came over: those of the manifest on disk, else those
 * that the kernel's log names. *ret_known: a manifest of another boot says so.
 */
int incoming_find(struct session *session, bool *ret_known) must_check;
int incoming_add(struct session *session, const struct manifest *manifest)
	must_check;

#endif

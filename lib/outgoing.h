/* SPDX-License-Identifier: GPL-2.0-only */
/* A session on its way to the next kernel, made from the list of its members. */
#ifndef VLU_OUTGOING_H
#define VLU_OUTGOING_H

#include "session.h"

/*
 * A plan about an outgoing session, what is held of it read into it; refused
 * for one that was retrieved. *held is freed by the caller on success.
 */
int outgoing_plan(struct vlu_ctx *ctx, const char *name, struct held *held,
		  struct vlu_plan **ret_plan, struct session **ret_session)
	must_check;
/* The steps that make the session from the members who stay, and write it down. */
int outgoing_add(struct vlu_plan *plan, struct session *session) must_check;
/* Close the session here and in the holder, which un-preserves all of it. */
int outgoing_drop(struct session *session) must_check;

#endif

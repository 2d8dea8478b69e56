/* SPDX-License-Identifier: GPL-2.0-only */
/* A session that came from the previous kernel, and what is known of it. */
#ifndef VLU_INCOMING_H
#define VLU_INCOMING_H

#include "session.h"

/* A plan about an incoming session; *held is freed by the caller on success. */
int incoming_plan(struct vlu_ctx *ctx, const char *name, struct held *held,
		  struct vlu_plan **ret_plan, struct session **ret_session)
	must_check;
/* What became of a session that an earlier kernel made and nobody holds. */
enum incoming_fate {
	FATE_WAITING,	/* it is there to be restored, as far as can be told */
	FATE_LEAKED,	/* retrieved, and closed before it was finished */
	FATE_FINISHED,	/* its devices are finished: it ended with its holder */
	FATE_SHUT,	/* the kernel was asked before vfio-pci was there */
	FATE_ABSENT,	/* none of its devices came over to this kernel */
};

enum incoming_fate incoming_fate(struct vlu_ctx *ctx, const struct manifest *manifest);
/* The same of a session of which there is no manifest. */
enum incoming_fate incoming_fate_of(struct vlu_ctx *ctx, const char *session);
/* A sentence about it, NULL for FATE_WAITING. */
const char *incoming_fate_text(enum incoming_fate fate);
/*
 * The sessions of the previous kernel that are not finished: those that are
 * held, and those that nobody retrieved, until fn fails.
 */
int incoming_unfinished(struct vlu_ctx *ctx, const struct held *held,
			int (*fn)(void *arg, const char *name, bool restored), void *arg)
	must_check;
/*
 * Adds the devices that came over: those of the manifest on disk, else those
 * that the kernel's log names. *ret_known: a manifest of another boot says so.
 * *ret_fate: what became of it, if nobody holds it.
 */
int incoming_find(struct session *session, bool *ret_known,
		  enum incoming_fate *ret_fate) must_check;
int incoming_add(struct session *session, const struct manifest *manifest)
	must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What `load` and `kexec` share, and the repair after a failed kexec. */
#ifndef VLU_JUMP_JUMP_H
#define VLU_JUMP_JUMP_H

#include "jump/kexec-image.h"
#include "ledger/loaded-image.h"
#include "session/session.h"

/* A plan's data, freed with the plan. */
struct jump {
	struct vlu_ctx *ctx;
	struct vlu_plan *plan;
	struct ledger *ledger;	/* read inside the lock */
	struct kexec_image image;
	const char *added;	/* load: words added to the requested command line */
	bool another;	/* load: an image was loaded before this one */
	bool force;
	size_t sessions;
	unsigned int freezes;	/* kexec: failed freezes in the log before it */
	struct failures failures;
	struct moments moments;	/* kexec: for the timeline */
};

/* Begins a plan: takes the lock, checks the host, and reads the ledger. */
int jump_plan(struct vlu_ctx *ctx, enum host_use use, struct jump **ret_jump) must_check;

/* Adds a step for no device. path and value may be NULL. */
void jump_step(struct jump *jump, step_fn run, step_fn undo, const char *text, const char *path,
	       const char *value);
/* Adds the steps that disable the interrupts of all devices in outgoing sessions. */
void jump_add_quiet(struct jump *jump);

/*
 * When one device refuses the kexec, the devices before it stay frozen: the file of each frozen
 * device answers EIO until that frozen device is unbound and bound again. thaw() closes the
 * sessions of the frozen devices, binds and preserves these devices again, and names them in the
 * buffer text. It fails when it cannot do so for one of them.
 */
int thaw(struct vlu_ctx *ctx, const struct held *held, char *text, size_t size)
	must_check;

#endif

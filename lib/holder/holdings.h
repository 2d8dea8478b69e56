/* SPDX-License-Identifier: GPL-2.0-only */
/* The devices whose files the holder has, read once for all devices. */
#ifndef VLU_HOLDER_HOLDINGS_H
#define VLU_HOLDER_HOLDINGS_H

#include "machine/processes.h"

struct holding {
	struct vlu_bdf bdf;
	char session[64];
	bool preserved;		/* for the next kernel */
	bool incoming;		/* from the previous kernel */
};

struct holdings {
	enum vlu_known known;	/* VLU_DONT_KNOW: the holder could not be asked */
	pid_t pid;		/* -1: no holder */
	pid_t manager;		/* the holder's parent, which may have duplicates; -1: none */
	size_t n;
	struct holding *list;	/* sorted by address */
};

/* Asks the holder once per look. Returns NULL only when out of memory. */
const struct holdings *holdings_get(struct vlu_ctx *ctx);
const struct holding *holdings_find(const struct holdings *holdings, struct vlu_bdf bdf);
/* Is the file open in the holder or, if the holder has the device (kept), in its manager? */
bool is_holders_file(const struct holdings *holdings, const struct proc_file *file, bool kept);

#endif

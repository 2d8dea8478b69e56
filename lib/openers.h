/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has a file open: what the links in /proc/PID/fd say. */
#ifndef VLU_OPENERS_H
#define VLU_OPENERS_H

#include "private.h"

struct opener {
	int64_t pid;
	const char *fd;		/* the name of the link: a number */
	const char *link;	/* what it leads to, as the kernel writes it */
};

/* How far the look went. */
struct openers_seen {
	size_t processes;	/* whose files could be seen */
	size_t hidden;		/* whose files could not: they belong to others */
};

/*
 * Calls fn for each open file whose link text is wanted, until it returns
 * non-zero. Processes and files that vanish meanwhile are left out, and so is
 * this process. A negative errno when /proc cannot be listed at all.
 */
int openers_each(struct vlu_ctx *ctx, bool (*wanted)(const char *link),
		 int (*fn)(void *arg, const struct opener *opener), void *arg,
		 struct openers_seen *ret_seen) must_check;

/* The name of a process, "?" when it is gone. */
void process_name(struct vlu_ctx *ctx, int64_t pid, char *buf, size_t size);

#endif

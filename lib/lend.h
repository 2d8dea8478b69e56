/* SPDX-License-Identifier: GPL-2.0-only */
/* Who was given a file of a session: what the holder remembers of it. */
#ifndef VLU_LEND_H
#define VLU_LEND_H

#include "held.h"

/* A process, and when it started: a number that was given away again is another. */
struct borrower {
	pid_t pid;
	unsigned long long start;
	char comm[16];
};

/* Whoever has what is held with this value, and is alive. */
bool lent_to(struct vlu_ctx *ctx, const char *value, struct borrower *ret_borrower);

/* For tests: "state=retrieved lent=PID.START". */
bool lent_parse(const char *value, struct borrower *ret_borrower);
/* Of a line of /proc/PID/stat; 0: it has ended, or is no such line. */
unsigned long long lent_start(const char *stat);

#endif

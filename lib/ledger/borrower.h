/* SPDX-License-Identifier: GPL-2.0-only */
/* The borrower: the process that was given a file of a session. The holder notes it. */
#ifndef VLU_LEDGER_BORROWER_H
#define VLU_LEDGER_BORROWER_H

#include "holder/client.h"

/* A process and its start time, because the kernel reuses PIDs. */
struct borrower {
	pid_t pid;
	unsigned long long start;
	char comm[16];
};

/*
 * Finds the borrower of a file in value, the note of the holder about that file. Returns false if there
 * is no running one.
 */
bool borrower_find(struct vlu_ctx *ctx, const char *value, struct borrower *ret_borrower);

/* Returns the start time of a process. who: a PID or "self". 0: the process has ended. */
unsigned long long borrower_start(struct vlu_ctx *ctx, const char *who);

/* Parses "state=retrieved lent=PID.START". Declared for tests. */
bool borrower_parse(const char *value, struct borrower *ret_borrower);
/* Parses /proc/PID/stat. Returns 0 if the process has ended or the text is malformed. */
unsigned long long borrower_parse_start(const char *stat);

#endif

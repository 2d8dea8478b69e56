/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies what is read of a machine while it is being read: a captured tree is
 * what was looked at and nothing else, because no list of files says so, but
 * the looking itself.
 *
 * The recorder lies below the gate of sys.c, between it and the real calls.
 * So it makes nothing possible that the gate refuses, and what it writes goes
 * into its own directory, by its own file descriptor, which no path that the
 * library reads leads to.
 */
#ifndef VLU_RECORD_H
#define VLU_RECORD_H

#include "sys.h"

struct recorder;

/* dir is made, or must be empty: -ENOTEMPTY. Not below the root of sys. */
int record_start(struct sys *sys, const char *dir, struct recorder **ret_recorder);
/* Ends it. The first failure to write, and how many files there are. */
int record_stop(struct recorder *recorder, size_t *ret_files);

#endif

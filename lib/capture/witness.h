/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The witness notes the files that a decision reads, so that the decision need not be made
 * again while these files stay the same. Like the recorder, it watches the reads themselves;
 * there is no list of files to maintain. It leaves out files below /sys, /proc and /dev:
 * the kernel makes them up when they are read, so their times tell nothing.
 */
#ifndef VLU_CAPTURE_WITNESS_H
#define VLU_CAPTURE_WITNESS_H

#include "sys/sys.h"

struct witness;

/* Starts noting reads, which one thread makes from here on. Not together with a recorder. */
int witness_start(struct sys *sys, struct witness **ret_witness);
/*
 * Stops noting. Returns a line "STAMP PATH" for each file, or NULL if a file could not be
 * noted. The caller frees it.
 */
char *witness_stop(struct witness *witness);
/* Returns whether each file still has its stamp; a file that appeared has another one. */
bool witness_holds(struct sys *sys, const char *lines);

#endif

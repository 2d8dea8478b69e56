/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The witness notes every read of a decision, and its result: the contents of files, links and
 * directories. As long as each read has the same result, the decision is the same and need
 * not be made again. Like the recorder, the witness watches the reads themselves, so there is
 * no list of files to maintain. It leaves out what /proc says of processes. Of a large file,
 * which the kernel never generates, it notes the stamp in place of the content, and of the
 * configuration space of a device the header, since the rest is never read.
 */
#ifndef VLU_CAPTURE_WITNESS_H
#define VLU_CAPTURE_WITNESS_H

#include "sys/sys.h"

struct witness;

/* Starts noting reads, which one thread makes from here on. Not together with a recorder. */
int witness_start(struct sys *sys, struct witness **ret_witness);
/*
 * Stops noting. Returns a line "QUESTION ANSWER PATH" for each read, or NULL if a read could
 * not be noted or cannot be repeated, as that of a device node. The caller frees it.
 */
char *witness_stop(struct witness *witness);
/* Repeats all reads. Returns whether each still has the same result. */
bool witness_holds(const struct sys *sys, const char *lines);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The witness notes every read on which a decision depends, and the result of that read: the
 * contents of files, links and directories. As long as each read has the same result, the decision
 * is the same and need not be made again. Like the recorder, the witness watches the reads
 * themselves, so there is no list of files to maintain. It leaves out what /proc says of processes.
 * Of a large file that has not changed for two seconds, it notes the stamp, not the content. A file
 * that the kernel generates has a small st_size, so the witness notes the content: the stamp of
 * such a file would prove nothing. Of the configuration space of a device the witness notes only
 * the header, since the rest is never read.
 */
#ifndef VLU_CAPTURE_WITNESS_H
#define VLU_CAPTURE_WITNESS_H

#include "sys/sys.h"

struct witness;

/*
 * Starts noting reads. From here on, only one thread may read. Cannot be used together with a
 * recorder.
 */
int witness_start(struct sys *sys, struct witness **ret_witness);
/*
 * Stops noting. Returns a line "QUESTION ANSWER PATH" for each read, or NULL if a read could
 * not be noted or cannot be repeated, as that of a device node. The caller frees it.
 */
char *witness_stop(struct witness *witness);
/* Repeats all reads. Returns whether each still has the same result. */
bool witness_holds(const struct sys *sys, const char *lines);

#endif

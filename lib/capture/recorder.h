/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The recorder copies each file of a machine while the library reads it. A captured tree therefore
 * contains what was read or looked for, and the names that were listed in /sys, except what scrub.h
 * removes; there is no list of files to maintain. The answer of the holder, which is no file, is
 * noted in one (sys_note()).
 *
 * It sits below the gate of sys.c, between the gate and the real calls, so it cannot
 * do what the gate refuses. It writes into its own directory through its own file
 * descriptor. No path that the library reads leads there.
 */
#ifndef VLU_CAPTURE_RECORDER_H
#define VLU_CAPTURE_RECORDER_H

#include "sys/sys.h"

struct recorder;

/*
 * Starts recording. Makes dir, or fails with -ENOTEMPTY if it has files. dir is a path of the running system; the
 * root of sys is not put in front of it.
 */
int record_start(struct sys *sys, const char *dir, struct recorder **ret_recorder);
/* Stops recording. Returns the errno of a failed write, and the number of files. */
int record_stop(struct recorder *recorder, size_t *ret_files);

#endif

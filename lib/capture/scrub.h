/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Removes from a captured tree the values that identify a machine, its owner or its
 * users. No check needs them. These are pure functions of a path and its contents.
 */
#ifndef VLU_CAPTURE_SCRUB_H
#define VLU_CAPTURE_SCRUB_H

#include <stdbool.h>
#include <stddef.h>

/* Returns whether to keep a link. Of open files of processes, keeps those that checks look for. */
bool scrub_is_kept_link(const char *path, const char *target);
/*
 * Returns whether to keep a directory. Drops fdinfo and task of a process; the fd directory is
 * enough to show the process. If a file below is kept, tree-copy.c makes them all the same.
 */
bool scrub_is_kept_dir(const char *path);
/*
 * Scrubs a file in place; *size can only shrink. Returns false to leave the whole file
 * out.
 *  - Zeros replace MAC addresses and UUIDs in text, PCIe serial numbers, and attributes with
 *    serial numbers or unique names. The boot id and the files of vfio-lu stay.
 *  - Zeros replace values on the command line that name hosts, addresses or secrets.
 *  - The same holds for the note of `load` on the next kernel's command line. Of the command of a
 *    VMM in a manifest, only the name stays.
 *  - Of the kernel log, the first line and the lines about live updates or vfio stay. The first
 *    line is cut after the release, so it does not tell who built the kernel.
 *  - Of the symbols, only those with "liveupdate" stay; their addresses become zeros.
 *  - The files wchan and stack of a task stay if they show a waiting unbind, or if they belong to
 *    process 1 or 2 and are not empty.
 */
bool scrub_data(const char *path, char *data, size_t *size);

#endif

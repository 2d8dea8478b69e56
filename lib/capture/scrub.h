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
/* Returns whether to keep a directory. A process is visible by its fd directory. */
bool scrub_is_kept_dir(const char *path);
/*
 * Scrubs a file in place; *size can only shrink. Returns false to leave the whole file
 * out.
 *  - Zeros replace MAC addresses, UUIDs, PCIe serial numbers, and attributes with
 *    serial numbers or names of hardware.
 *  - Zeros replace values on the command line that name hosts, addresses or secrets.
 *  - Of the kernel log and the symbols, only the lines about live updates stay; addresses of
 *    symbols become zeros.
 *  - Of process stacks, only a waiting unbind stays.
 */
bool scrub_data(const char *path, char *data, size_t *size);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a captured tree must not tell: what identifies a machine, its owner
 * or its users, and is not looked at by any check. Pure functions of a path
 * and what is there.
 */
#ifndef VLU_SCRUB_H
#define VLU_SCRUB_H

#include <stdbool.h>
#include <stddef.h>

/* Of the files that processes have open, only those that the checks look for. */
bool scrub_keeps_link(const char *path, const char *target);
/* That a process is there, and can be looked into, shows by its fd. */
bool scrub_keeps_dir(const char *path);
/*
 * Takes out what is not to be told, in place; *size can only shrink. False:
 * the whole file is to be left out.
 *  - MAC addresses, UUIDs and PCIe device serial numbers become zeros, as do
 *    the attributes that hold serial numbers and names of hardware;
 *  - of the command line, values that name hosts, addresses or secrets;
 *  - of the kernel's log and symbols stays what live updates say there, and
 *    addresses of symbols become zeros;
 *  - of what processes do, only an unbind that waits.
 */
bool scrub_data(const char *path, char *data, size_t *size);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Wraps operations: kills or halts a process in the middle of its work. */
#ifndef FAKE_KILL_H
#define FAKE_KILL_H

#include "sys/sys.h"

/*
 * From the environment:
 *   FAKE_KILL=N       SIGKILL instead of call number N
 *   FAKE_CALLS=FILE   at the end: how many calls there were, and which one
 *                     was the first to change something
 *   FAKE_LOCK=WHEN:FILE  makes FILE, once, and goes on when it is removed:
 *                     before it takes the lock of changing commands (before),
 *                     or when it has it (after); does not wait where it finds
 *                     that another has it (busy)
 * Only the calls of this process count, not those of its children.
 */
const struct sys_ops *kill_ops(const struct sys_ops *below);
void kill_report(void);

#endif

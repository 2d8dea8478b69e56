/* SPDX-License-Identifier: GPL-2.0-only */
/* Wraps operations: kills or halts a process in the middle of its work. */
#ifndef FAKE_KILL_H
#define FAKE_KILL_H

#include "sys/sys.h"

/*
 * From the environment:
 *   FAKE_KILL=N           kills the process in place of call number N
 *   FAKE_CALLS=FILE       at the end writes to FILE the number of calls, and the number of the
 *                         first call that changed something
 *   FAKE_LOCK=WHEN:FILE   makes FILE once and, except for "busy", halts until FILE is removed.
 *                         WHEN is "before" the command takes the lock of changing commands,
 *                         "after" it has taken the lock, or "busy": another process has the lock
 * Only the calls of this process count, not those of its children.
 */
const struct sys_ops *kill_ops(const struct sys_ops *below);
void kill_report(void);

#endif

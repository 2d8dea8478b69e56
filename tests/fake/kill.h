/* SPDX-License-Identifier: GPL-2.0-only */
/* Wraps operations: kills or halts a process in the middle of its work. */
#ifndef FAKE_KILL_H
#define FAKE_KILL_H

#include "sys/sys.h"

/*
 * From the environment:
 *   FAKE_KILL=N       SIGKILL instead of call number N
 *   FAKE_CALLS=FILE at the end: the number of calls, and the first call that changed
 *   something FAKE_LOCK=WHEN:FILE makes FILE, once, and continues when FILE is removed:
 *   before taking the lock of changing commands (before), or when it has the lock
 *   (after); does not wait if another process has the lock (busy)
 * Only the calls of this process count, not those of its children.
 */
const struct sys_ops *kill_ops(const struct sys_ops *below);
void kill_report(void);

#endif

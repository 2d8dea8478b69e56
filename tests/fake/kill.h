/* SPDX-License-Identifier: GPL-2.0-only */
/* Ops around ops: a process that is killed in the middle of its work. */
#ifndef FAKE_KILL_H
#define FAKE_KILL_H

#include "../../lib/sys.h"

/*
 * From the environment:
 *   FAKE_KILL=N       SIGKILL instead of call number N
 *   FAKE_CALLS=FILE   at the end: how many calls there were, and which one
 *                     was the first to change something
 * Only the calls of this process count, not those of its children.
 */
const struct sys_ops *kill_ops(const struct sys_ops *below);
void kill_report(void);

#endif

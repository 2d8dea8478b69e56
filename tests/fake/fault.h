/* SPDX-License-Identifier: GPL-2.0-only */
/* Ops around the fake ops: the log of changes, and one call that fails. */
#ifndef FAKE_FAULT_H
#define FAKE_FAULT_H

#include "../../lib/sys.h"

/*
 * From the environment:
 *   FAKE_FAULT=N:ERRNO   call number N fails (EIO, ..., or SHORT: half a write)
 *   FAKE_LOG=FILE        calls that change something, appended
 *   FAKE_REPORT=FILE     at the end: how many calls, whether the fault fired
 *                        and where, and how many fds were left open
 */
const struct sys_ops *fault_ops(void);
void fault_report(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Ops around the fake ops: one call of the boundary that fails. */
#ifndef FAKE_FAULT_H
#define FAKE_FAULT_H

#include "sys/sys.h"

/*
 * From the environment:
 *   FAKE_FAULT=N:KIND     call number N of this command, or of its children,
 *                         fails: EIO, ..., or SHORT: half a read or write;
 *                         or, before it is made, SIGKILL comes: to this command
 *                         (KILL), to the holder (KILL-HOLDER), to both (KILL-BOTH)
 *   FAKE_FAULT=list       none does, and all are listed with the kinds of
 *                         failure that make sense for them
 *   FAKE_FAULT=holder:... the same of the holder, while this command runs
 *   FAKE_FAULT_ONLY=WORDS no other calls are counted: "ioctl RETRIEVE_FD"
 * The file "report" of the machine tells: "call N KIND...: WHAT" for each that
 * is listed; "killed PID WHAT", the holder or 0, and instead of which call; at
 * the end how many fds were left open, and what has failed.
 */
const struct sys_ops *fault_ops(bool holder);
void fault_report(void);

#endif

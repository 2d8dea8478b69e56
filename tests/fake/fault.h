/* SPDX-License-Identifier: GPL-2.0-only */
/* Wraps the fake operations and lets one call of the kernel boundary fail. */
#ifndef FAKE_FAULT_H
#define FAKE_FAULT_H

#include "sys/sys.h"

/*
 * From the environment:
 *   FAKE_FAULT=N:KIND     call number N of this command, or of its children, fails.
 *                         KIND is an errno such as EIO; SHORT for half a read or
 *                         write; or, for SIGKILL in place of the call, KILL (this
 *                         command), KILL-HOLDER or KILL-BOTH
 *   FAKE_FAULT=list       no call fails; all are listed with the kinds of
 *                         failure that make sense for them
 *   FAKE_FAULT=holder:... the same for the holder's calls, while this command runs
 *   FAKE_FAULT_ONLY=WORDS only these calls are counted: "ioctl RETRIEVE_FD"
 * The file "report" of the machine has "call N KIND...: WHAT" for each listed
 * call; "killed PID WHAT" (PID: the holder, or 0) with the call that the kill
 * replaced; and at the end the number of fds left open, and the failed call.
 */
const struct sys_ops *fault_ops(bool holder);
void fault_report(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Is process 1 systemd, and which version? */
#ifndef VLU_MACHINE_SYSTEMD_H
#define VLU_MACHINE_SYSTEMD_H

#include "base/ctx.h"

/* src/core/luo.c: since this version, process 1 opens /dev/liveupdate before any service starts. */
#define SYSTEMD_LIVEUPDATE 261

static inline bool systemd_has_luo(int version)
{
	return version >= SYSTEMD_LIVEUPDATE;
}

/* Is process 1 systemd? */
bool systemd_is_running(struct vlu_ctx *ctx);
/*
 * systemctl was run to start a kexec and ended with this status: is systemd now shutting down for
 * that kexec? May execute systemctl, so read-only commands must not call this.
 */
bool systemd_is_stopping(struct vlu_ctx *ctx, int status);
/* Returns the version that is installed on the root file system, or -1 when it is not found. */
int systemd_installed(struct vlu_ctx *ctx);
/*
 * Returns the version of process 1, 0 if that is not systemd, or -1 if the version is not known.
 * After an upgrade without re-execution, returns the version on the disk.
 */
int systemd_version(struct vlu_ctx *ctx);
/* Returns 252 for "libsystemd-shared-252.so", -1 for any other name. */
int systemd_of_library(const char *name);

#endif

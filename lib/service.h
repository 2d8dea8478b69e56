/* SPDX-License-Identifier: GPL-2.0-only */
/* systemd as the one who keeps the holder. */
#ifndef VLU_SERVICE_H
#define VLU_SERVICE_H

#include "private.h"

#define SERVICE_UNIT	"vfio-lu.service"

/* Is systemd process 1 here, and running? */
bool service_systemd(struct vlu_ctx *ctx);
bool service_installed(struct vlu_ctx *ctx);
int service_start(struct vlu_ctx *ctx) must_check;

/* Where a process stands with systemd. */
enum service_place {
	SERVICE_OURS,		/* in our unit */
	SERVICE_NONE,		/* in no unit that is stopped before the end */
	SERVICE_OTHER,		/* in a unit of others, which ends with it */
	SERVICE_UNKNOWN,
};

enum service_place service_of(struct vlu_ctx *ctx, pid_t pid);

#endif

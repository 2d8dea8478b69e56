/* SPDX-License-Identifier: GPL-2.0-only */
/* systemd as the service manager of the holder. */
#ifndef VLU_HOLDER_SERVICE_H
#define VLU_HOLDER_SERVICE_H

#include "base/ctx.h"

#define SERVICE_UNIT	"vfio-lu.service"

bool service_is_installed(struct vlu_ctx *ctx);
int service_start(struct vlu_ctx *ctx) must_check;

/* The unit of a process. */
enum service_place {
	SERVICE_OURS,		/* in our unit */
	SERVICE_NONE,		/* in no unit that is stopped during a shutdown */
	SERVICE_OTHER,		/* in another unit, so that it ends when the unit is stopped */
	SERVICE_UNKNOWN,
};

enum service_place service_of(struct vlu_ctx *ctx, pid_t pid);

#endif

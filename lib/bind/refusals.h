/* SPDX-License-Identifier: GPL-2.0-only */
/* The checks that can refuse a bind or an unbind before the first write. */
#ifndef VLU_BIND_REFUSALS_H
#define VLU_BIND_REFUSALS_H

#include "checks/device-rules.h"

/* The n functions named in one call, and its flags. */
struct bind_request {
	const struct vlu_bdf *bdfs;
	size_t n;
	unsigned int flags;	/* enum vlu_bind_flags */
};

static inline enum unused_force force_of(const struct bind_request *request)
{
	return request->flags & VLU_FORCE ? FORCE_GIVEN : FORCE_OFFERED;
}

/* Fails if a bind is refused. dev must not have vfio-pci. */
int guard_bind(const struct vlu_device *dev, const struct bind_request *request) must_check;
/* Fails if an unbind is refused. dev must have vfio-pci. */
int guard_unbind(const struct vlu_device *dev) must_check;

#endif

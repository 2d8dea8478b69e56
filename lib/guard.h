/* SPDX-License-Identifier: GPL-2.0-only */
/* What bind and unbind refuse, before anything is written. */
#ifndef VLU_GUARD_H
#define VLU_GUARD_H

#include "device.h"

/* What was asked for in one call: n functions, and how. */
struct bind_request {
	const struct vlu_bdf *bdfs;
	size_t n;
	unsigned int flags;	/* enum vlu_bind_flags */
};

/* The function has another driver than vfio-pci, or none. */
int guard_bind(const struct vlu_device *dev, const struct bind_request *request) must_check;
/* The function has vfio-pci. */
int guard_unbind(const struct vlu_device *dev) must_check;

#endif

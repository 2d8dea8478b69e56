/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules a device must meet, by what they look at. */
#ifndef VLU_CHECK_DEVICE_H
#define VLU_CHECK_DEVICE_H

#include "device.h"
#include "report.h"

typedef void (*look_fn)(const struct vlu_device *dev, struct verdict *v);

/* check-place.c: where it is, and next to whom */
void look_iommu_group(const struct vlu_device *dev, struct verdict *v);
void look_group_singleton(const struct vlu_device *dev, struct verdict *v);
void look_upstream_acs(const struct vlu_device *dev, struct verdict *v);

/* check-now.c: what it and others do at the moment; these want check_now_read() */
int check_now_read(struct vlu_ctx *ctx) must_check;
void look_power_d0(const struct vlu_device *dev, struct verdict *v);
void look_interrupts_off(const struct vlu_device *dev, struct verdict *v);
void look_not_in_use(const struct vlu_device *dev, struct verdict *v);
void look_not_already_preserved(const struct vlu_device *dev, struct verdict *v);
void look_not_incoming(const struct vlu_device *dev, struct verdict *v);

/* Of what the host can bear to lose; the rest is refused always. */
enum unused_force {
	FORCE_NONE,	/* this command knows no --force */
	FORCE_OFFERED,	/* it was not given */
	FORCE_GIVEN,	/* done all the same, and told */
};

/* The rule not-in-use as a failure, for those who are about to take it away. */
int check_unused(const struct vlu_device *dev, enum unused_force force) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VLU_BIND_SELECT_H
#define VLU_BIND_SELECT_H

#include "base/ctx.h"

/* A BDF in which '*' may be the device number, function number, or both. */
struct pattern {
	struct vlu_bdf bdf;
	bool any_device, any_function;
};

int pattern_parse(const char *text, struct pattern *ret) must_check;
bool pattern_is_match(const struct pattern *pattern, struct vlu_bdf bdf);

#endif

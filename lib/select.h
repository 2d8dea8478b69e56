/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VLU_SELECT_H
#define VLU_SELECT_H

#include "private.h"

/* An address in which the device or the function, or both, may be any. */
struct pattern {
	struct vlu_bdf bdf;
	bool any_device, any_function;
};

int pattern_parse(const char *text, struct pattern *ret) must_check;
bool pattern_matches(const struct pattern *pattern, struct vlu_bdf bdf);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The built-in drivers of a next kernel, which bind devices before user space starts. */
#ifndef VLU_NEXT_BUILTIN_H
#define VLU_NEXT_BUILTIN_H

#include "next/modalias.h"
#include "next/next-kernel.h"

/*
 * Calls fn for each known built-in driver that matches a modalias, until fn returns non-zero. Returns
 * VLU_DONT_KNOW if the tables of that kernel do not tell whether there are others, else VLU_YES.
 */
enum vlu_known builtin_drivers(const struct next *next, const char *modalias, modalias_fn fn,
			       void *arg);
/* Returns the driver's position in link order, or -1 if it is not known. */
long builtin_place(const struct next *next, const char *module);
/* Does initcall_blacklist= name a function that may be the init function of this driver? */
bool is_perhaps_stopped(const struct next *next, const char *module);

#endif

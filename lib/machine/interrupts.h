/* SPDX-License-Identifier: GPL-2.0-only */
/* The interrupts that vfio-pci has requested, from /proc/interrupts. */
#ifndef VLU_MACHINE_INTERRUPTS_H
#define VLU_MACHINE_INTERRUPTS_H

#include "base/pool.h"

struct irq {
	struct vlu_bdf bdf;
	char name[24];		/* "vfio-msix[3]" */
};

struct irqs {
	struct pool pool;	/* owns all strings and arrays */
	int error;		/* errno of the reading, or 0 */
	size_t n;
	struct irq *irqs;	/* sorted by address */
};

/* Reads the interrupts once per look. Returns NULL only when out of memory. */
const struct irqs *irqs_get(struct vlu_ctx *ctx);
/* Returns the first interrupt of a function and how many it has, or NULL when it has none. */
const struct irq *irqs_find(const struct irqs *irqs, struct vlu_bdf bdf,
			    size_t *ret_n);

/* For tests: parses /proc/interrupts. Free it with pool_end(). NULL: out of memory. */
struct irqs *irqs_parse(const char *text, size_t size);

#endif

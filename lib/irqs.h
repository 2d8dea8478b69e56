/* SPDX-License-Identifier: GPL-2.0-only */
/* The interrupts that vfio-pci has asked for, as /proc/interrupts shows them. */
#ifndef VLU_IRQS_H
#define VLU_IRQS_H

#include "private.h"

struct irq {
	struct vlu_bdf bdf;
	char name[24];		/* "vfio-msix[3]" */
};

struct irqs {
	int error;		/* the file could not be read: a negative errno */
	size_t n;
	struct irq *irqs;	/* in address order */
};

/* Read once a context. NULL only when memory is short. */
const struct irqs *irqs_get(struct vlu_ctx *ctx);
void irqs_drop(struct vlu_ctx *ctx);
/* The first of a function's, and how many it has; NULL: none. */
const struct irq *irqs_find(const struct irqs *irqs, struct vlu_bdf bdf,
			    size_t *ret_n);

/* For tests: the text of /proc/interrupts. NULL when memory is short. */
struct irqs *irqs_parse(const char *text, size_t size);
void irqs_free(struct irqs *irqs);

#endif

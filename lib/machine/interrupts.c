/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/bdf.h"
#include "base/cache.h"
#include "machine/interrupts.h"

/*
 * drivers/vfio/pci/vfio_pci_intrs.c: "vfio-intx(%s)" in vfio_intx_enable(), "vfio-msi%s[%d](%s)" in
 * vfio_msi_set_vector_signal(). Handlers that share an interrupt are separated by commas.
 */
#define PREFIX	"vfio-"

/* Parses "vfio-msix[3](0000:01:00.0)" at the beginning of text. */
static bool parse_name(const char *text, const char *end, struct irq *ret)
{
	char address[VLU_BDF_SIZE];
	const char *open, *close;

	open = memchr(text, '(', (size_t)(end - text));
	if (!open)
		return false;
	close = memchr(open, ')', (size_t)(end - open));
	if (!close)
		return false;
	return take_text(ret->name, sizeof(ret->name), text, (size_t)(open - text)) &&
	       take_text(address, sizeof(address), open + 1, (size_t)(close - open - 1)) &&
	       vlu_bdf_parse(address, &ret->bdf) == 0;
}

struct irqs *irqs_parse(const char *text, size_t size)
{
	const char *p = text, *end = text + size, *eol;
	struct irqs *irqs = calloc(1, sizeof(*irqs));
	struct irq *more, irq;

	if (!irqs)
		return NULL;
	while (p < end) {
		p = memmem(p, (size_t)(end - p), PREFIX, strlen(PREFIX));
		if (!p)
			break;
		eol = memchr(p, '\n', (size_t)(end - p));
		if (parse_name(p, eol ? eol : end, &irq)) {
			more = pool_add(&irqs->pool, &irqs->irqs, &irqs->n);
			if (!more) {
				pool_end(irqs);
				return NULL;
			}
			*more = irq;
		}
		p += strlen(PREFIX);
	}
	if (irqs->n)
		qsort(irqs->irqs, irqs->n, sizeof(*irqs->irqs), bdf_order);
	return irqs;
}

static const struct cache cache = { .free = pool_end };

const struct irqs *irqs_get(struct vlu_ctx *ctx)
{
	struct irqs *irqs = cache_get(ctx, &cache);
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int ret;

	if (irqs)
		return irqs;
	ret = attr_read_all(ctx, "/proc/interrupts", 64u << 20, &text, &size);
	if (ret == -ENOMEM)
		return NULL;
	irqs = irqs_parse(text ? text : "", size);
	if (!irqs)
		return NULL;
	irqs->error = ret;
	return cache_put(ctx, &cache, irqs);
}

const struct irq *irqs_find(const struct irqs *irqs, struct vlu_bdf bdf,
			    size_t *ret_n)
{
	return bdf_range(irqs->irqs, irqs->n, bdf, ret_n);
}

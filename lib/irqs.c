/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "irqs.h"

/*
 * drivers/vfio/pci/vfio_pci_intrs.c: "vfio-intx(%s)" in vfio_intx_enable(),
 * "vfio-msi%s[%d](%s)" in vfio_msi_set_vector_signal(). Handlers that share a
 * line are listed with commas between them.
 */
#define PREFIX	"vfio-"

static int add(struct irqs *irqs, const struct irq *irq)
{
	struct irq *more;

	if ((irqs->n & (irqs->n - 1)) == 0) {
		more = reallocarray(irqs->irqs, irqs->n ? irqs->n * 2 : 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		irqs->irqs = more;
	}
	irqs->irqs[irqs->n++] = *irq;
	return 0;
}

/* "vfio-msix[3](0000:01:00.0)", at the beginning of text */
static bool parse_name(const char *text, const char *end, struct irq *ret)
{
	char address[VLU_BDF_SIZE];
	const char *open, *close;
	size_t name, len;

	open = memchr(text, '(', (size_t)(end - text));
	if (!open)
		return false;
	close = memchr(open, ')', (size_t)(end - open));
	if (!close)
		return false;
	name = (size_t)(open - text);
	len = (size_t)(close - open - 1);
	if (name >= sizeof(ret->name) || len >= sizeof(address))
		return false;
	memcpy(ret->name, text, name);
	ret->name[name] = '\0';
	memcpy(address, open + 1, len);
	address[len] = '\0';
	return vlu_bdf_parse(address, &ret->bdf) == 0;
}

static int by_address(const void *a, const void *b)
{
	return vlu_bdf_compare(((const struct irq *)a)->bdf,
			       ((const struct irq *)b)->bdf);
}

struct irqs *irqs_parse(const char *text, size_t size)
{
	const char *p = text, *end = text + size, *eol;
	struct irqs *irqs = calloc(1, sizeof(*irqs));
	struct irq irq;

	while (irqs && p < end) {
		p = memmem(p, (size_t)(end - p), PREFIX, strlen(PREFIX));
		if (!p)
			break;
		eol = memchr(p, '\n', (size_t)(end - p));
		if (parse_name(p, eol ? eol : end, &irq) && add(irqs, &irq)) {
			irqs_free(irqs);
			return NULL;
		}
		p += strlen(PREFIX);
	}
	if (irqs && irqs->n)
		qsort(irqs->irqs, irqs->n, sizeof(*irqs->irqs), by_address);
	return irqs;
}

const struct irqs *irqs_get(struct vlu_ctx *ctx)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int ret;

	if (ctx->irqs)
		return ctx->irqs;
	ret = attr_read_all(ctx, "/proc/interrupts", 64u << 20, &text, &size);
	if (ret == -ENOMEM)
		return NULL;
	ctx->irqs = irqs_parse(text ? text : "", size);
	if (ctx->irqs)
		ctx->irqs->error = ret;
	return ctx->irqs;
}

void irqs_drop(struct vlu_ctx *ctx)
{
	irqs_free(ctx->irqs);
	ctx->irqs = NULL;
}

void irqs_free(struct irqs *irqs)
{
	if (!irqs)
		return;
	free(irqs->irqs);
	free(irqs);
}

const struct irq *irqs_find(const struct irqs *irqs, struct vlu_bdf bdf,
			    size_t *ret_n)
{
	size_t low = 0, high = irqs->n, mid, n;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (vlu_bdf_compare(irqs->irqs[mid].bdf, bdf) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (n = 0; low + n < irqs->n; n++)
		if (vlu_bdf_compare(irqs->irqs[low + n].bdf, bdf))
			break;
	*ret_n = n;
	return n ? &irqs->irqs[low] : NULL;
}

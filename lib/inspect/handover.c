/* SPDX-License-Identifier: GPL-2.0-only */
/* The incoming and the outgoing handover, from all sources of this machine. */
#include "base/cache.h"
#include "inspect/collect.h"
#include "inspect/handover.h"

/* Moves the first parts to the end: they are read first because the others depend on them. */
static int rotate(struct collect *c, size_t n_parts, size_t n_sessions)
{
	struct vlu_handover *out = c->out;
	const struct vlu_part **parts;
	struct vlu_luo_session *sessions;

	parts = pool_alloc(c->pool, out->n_parts * sizeof(*parts));
	sessions = pool_alloc(c->pool, out->n_sessions * sizeof(*sessions));
	if (!parts || !sessions)
		return -ENOMEM;
	for (size_t i = 0; i < out->n_parts; i++)
		parts[i] = out->parts[(i + n_parts) % out->n_parts];
	for (size_t i = 0; i < out->n_sessions; i++)
		sessions[i] = out->sessions[(i + n_sessions) % out->n_sessions];
	out->parts = parts;
	out->sessions = sessions;
	return 0;
}

/* Uses the cached data of the machine. */
static int handover_read(struct vlu_ctx *ctx, const char *log,
			 struct vlu_handover **ret_handover)
{
	size_t n_parts, n_sessions;
	struct collect c;
	int ret;

	ret = collect_begin(&c, ctx);
	if (!ret)
		ret = collect_manifests(&c);
	if (!ret)
		ret = collect_processes(&c);
	if (!ret)
		ret = collect_log(&c, log);
	n_parts = ret ? 0 : c.out->n_parts;
	n_sessions = ret ? 0 : c.out->n_sessions;
	if (!ret)
		ret = collect_boot(&c);
	if (!ret)
		ret = collect_side(&c, true);
	if (!ret)
		ret = collect_side(&c, false);
	if (!ret)
		ret = rotate(&c, n_parts, n_sessions);
	return collect_end(&c, ret, ret_handover);
}

int vlu_handover_read(struct vlu_ctx *ctx, const char *log,
		      struct vlu_handover **ret_handover)
{
	cache_drop(ctx);
	return handover_read(ctx, log, ret_handover);
}

int handover_incoming(struct vlu_ctx *ctx, struct vlu_bdf **ret_bdfs, size_t *ret_n)
{
	const struct vlu_pci_reading *reading;
	struct vlu_handover *handover;
	const struct vlu_pci *pci;
	struct vlu_bdf *bdfs;
	int ret;

	ret = handover_read(ctx, NULL, &handover);
	if (ret)
		return ret == -ENOMEM ? ret : -ENOENT;
	pci = handover->in.pci;
	if (!pci || pci->part.trust != VLU_TRUST_KERNEL || pci->part.error ||
	    !pci->reading || pci->reading->error) {
		vlu_handover_free(handover);
		return -ENOENT;
	}
	reading = pci->reading;
	bdfs = calloc(reading->n_devices + 1, sizeof(*bdfs));
	for (size_t i = 0; bdfs && i < reading->n_devices; i++)
		bdfs[i] = reading->devices[i].bdf;
	ret = bdfs ? 0 : -ENOMEM;
	if (bdfs) {
		*ret_bdfs = bdfs;
		*ret_n = reading->n_devices;
	}
	vlu_handover_free(handover);
	return ret;
}

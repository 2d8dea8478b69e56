/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts to which the head of LUO refers: sessions, FLBs and the list of PCI devices. All are
 * in memory, and the kernel frees each at a different time.
 */
#include "inspect/collect.h"
#include "machine/kernel.h"

static const char *part_name(struct collect *c, const char *what, bool in)
{
	return pool_print(c->pool, "%s-%s", what, in ? "in" : "out");
}

/* -------------------------------------------------------------- sessions */

static int collect_sessions(struct collect *c, bool in, const struct vlu_luo *luo)
{
	const struct memory *memory = collect_memory(c);
	struct vlu_part *part = pool_alloc(c->pool, sizeof(*part));
	struct raw raw = { c->pool, 0, NULL };
	struct blob_error err = { "" };
	struct vlu_luo_session *sessions = NULL;
	size_t i, n = 0;
	int ret;

	if (!part || collect_part(c, part, part_name(c, "sessions", in),
				  collect_place(c, luo->sessions_pa),
				  in ? VLU_TRUST_STALE : VLU_TRUST_KERNEL))
		return -ENOMEM;
	/* luo_session_deserialize(), luo_session.c */
	if (in && collect_why(c, part, "the kernel frees this memory at the first open of "
			      "/dev/liveupdate, and does not show whether that has happened"))
		return -ENOMEM;
	if (!memory)
		return collect_error(c, part, "memory cannot be read: %s", c->memory_error);
	ret = sessions_decode(memory, luo, &raw, &sessions, &n, &err);
	ret = collect_result(c, part, ret, &err, &raw);
	for (i = 0; !ret && i < n; i++) {
		sessions[i].part = part;
		sessions[i].direction = in ? VLU_INCOMING : VLU_OUTGOING;
		ret = collect_session(c, &sessions[i]);
	}
	if (!ret && !in && !n && !part->error)
		ret = collect_why(c, part, "the kernel writes the sessions at the kexec");
	return ret;
}

/* ------------------------------------------------------------ PCI devices */

static int64_t devices_left(const struct vlu_pci *pci)
{
	return pci->reading && !pci->part.error ? pci->reading->nr : -1;
}

/* pci_flb_finish() of the PCI series frees the list with the last file that needs it. */
static int judge_pci(struct collect *c, struct vlu_pci *pci)
{
	const struct klog *log = c->log;
	int64_t left = devices_left(pci);

	pci->part.trust = VLU_TRUST_STALE;
	if (log && !log->error && log->whole) {
		if (log->n_finished && !log->n_incoming)
			return collect_why(c, &pci->part, "every device that was handed over is "
					   "finished, and the kernel has freed this memory");
		pci->part.trust = VLU_TRUST_KERNEL;
		return 0;
	}
	/* Freed memory shows no devices, unless an outgoing session uses it again. */
	if (left > 0 && !c->sessions_open) {
		pci->part.trust = VLU_TRUST_KERNEL;
		return 0;
	}
	return collect_why(c, &pci->part, "the kernel frees this memory when the last device is "
			   "finished, and the kernel log is not complete, so it does not show whether "
			   "that has happened");
}

static int collect_pci(struct collect *c, bool in, const struct vlu_flb *flb)
{
	const struct memory *memory = collect_memory(c);
	struct vlu_pci *pci = pool_alloc(c->pool, sizeof(*pci));
	struct raw raw = { c->pool, 0, NULL };
	struct blob_error err = { "" };
	int ret;

	if (!pci || collect_part(c, &pci->part, part_name(c, "pci", in),
				 collect_place(c, flb->data), VLU_TRUST_KERNEL))
		return -ENOMEM;
	*(in ? &c->out->in.pci : &c->out->out.pci) = pci;
	pci->compatible = flb->name;
	ret = flb_pci_decode(memory, flb->data, flb->name, &raw, pci, &err);
	ret = collect_result(c, &pci->part, ret, &err, &raw);
	return ret || !in ? ret : judge_pci(c, pci);
}

/* ------------------------------------------------------------------ FLBs */

/* The address of the list, and how reliable it is. */
struct lead {
	uint64_t address;
	enum vlu_trust trust;
	char why[160];
};

static void find_incoming(struct collect *c, const struct vlu_luo *luo, struct lead *lead)
{
	bool readable = luo && !luo->part.error;

	if (readable && luo->part.trust == VLU_TRUST_KERNEL) {
		/* this head is neither freed nor cleared */
		*lead = (struct lead){ luo->flbs_pa, VLU_TRUST_KERNEL, "" };
	} else if (c->saved.session) {
		lead->address = c->saved.flbs_pa;
		lead->trust = c->saved.certain ? VLU_TRUST_KERNEL : VLU_TRUST_STALE;
		snprintf(lead->why, sizeof(lead->why), "its address is in the manifest of "
			 "session %s%s", c->saved.session, c->saved.certain ? "" :
			 ", which may be of another kexec");
	} else if (readable && luo->flbs_pa) {
		*lead = (struct lead){ luo->flbs_pa, VLU_TRUST_STALE,
				       "its address is from memory that the kernel has freed" };
	}
}

static int collect_flbs(struct collect *c, bool in, const struct vlu_luo *luo)
{
	struct lead lead = { 0, VLU_TRUST_KERNEL, "" };
	struct raw raw = { c->pool, 0, NULL };
	struct blob_error err = { "" };
	const struct memory *memory;
	struct vlu_flbs *flbs;
	size_t i;
	int ret;

	if (in)
		find_incoming(c, luo, &lead);
	else if (luo && !luo->part.error)
		lead.address = luo->flbs_pa;
	/* Linux 6.19 has no FLBs, and without a handover there are none */
	if (!lead.address && (!in || !luo || (luo->part.trust == VLU_TRUST_KERNEL &&
					      !luo->part.error)))
		return 0;
	flbs = pool_alloc(c->pool, sizeof(*flbs));
	if (!flbs)
		return -ENOMEM;
	*(in ? &c->out->in.flbs : &c->out->out.flbs) = flbs;
	if (collect_part(c, &flbs->part, part_name(c, "flbs", in), lead.address ?
			 collect_place(c, lead.address) : KCORE, lead.trust))
		return -ENOMEM;
	if (!lead.address) {
		flbs->part.trust = VLU_TRUST_UNKNOWN;
		return collect_error(c, &flbs->part, "its address is not known: there is no "
				     "manifest of the kexec that started this kernel");
	}
	if (lead.why[0] && collect_why(c, &flbs->part, "%s", lead.why))
		return -ENOMEM;
	memory = collect_memory(c);
	if (!memory)
		return collect_error(c, &flbs->part, "memory cannot be read: %s",
				     c->memory_error);
	ret = flbs_decode(memory, lead.address, &raw, flbs, &err);
	ret = collect_result(c, &flbs->part, ret, &err, &raw);
	/* luo_flb_serialize(), luo_flb.c */
	if (!ret && !in && !flbs->n_flbs && !flbs->part.error)
		ret = collect_why(c, &flbs->part, "the kernel writes the list at the kexec");
	for (i = 0; !ret && i < flbs->n_flbs; i++)
		if (flb_is_pci(flbs->flbs[i].name))
			return collect_pci(c, in, &flbs->flbs[i]);
	return ret;
}

int collect_luo(struct collect *c, bool in, const struct vlu_luo *luo)
{
	int ret = collect_flbs(c, in, luo);

	if (!ret && luo && !luo->part.error && luo->sessions_pa)
		ret = collect_sessions(c, in, luo);
	return ret;
}

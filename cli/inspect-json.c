/* SPDX-License-Identifier: GPL-2.0-only */
/* A hand-over as JSON. */
#include <stdio.h>
#include <stdlib.h>

#include "inspect.h"
#include "out.h"

const char *inspect_trust(enum vlu_trust trust)
{
	switch (trust) {
	case VLU_TRUST_KERNEL:
		return "kernel";
	case VLU_TRUST_STALE:
		return "stale";
	case VLU_TRUST_SAVED:
		return "saved";
	case VLU_TRUST_UNKNOWN:
		break;
	}
	return NULL;
}

static const char *direction(bool in)
{
	return in ? "incoming" : "outgoing";
}

/* Every section says where it is from, and how far it can be believed. */
static void add_part(struct json_object *obj, const struct vlu_part *part)
{
	out_text(obj, "part", part->name);
	out_text(obj, "source", part->source);
	out_text(obj, "trust", inspect_trust(part->trust));
	out_text(obj, "why", part->why);
	out_text(obj, "error", part->error);
}

/* The object under the key, or null. */
static struct json_object *section(struct json_object *obj, const char *key, bool there)
{
	if (there)
		return out_object(obj, key);
	out_null(obj, key);
	return NULL;
}

static void address_or_null(struct json_object *obj, const char *key, uint64_t address,
			    bool known)
{
	if (known)
		out_token(obj, key, address);
	else
		out_null(obj, key);
}

static void bdf_or_null(struct json_object *obj, const char *key, struct vlu_bdf bdf,
			bool known)
{
	if (known)
		out_bdf(obj, key, bdf);
	else
		out_null(obj, key);
}

/* --------------------------------------------------------------- sections */

static void add_kho(struct json_object *doc, const char *key, const struct vlu_kho *kho)
{
	struct json_object *obj = section(doc, key, kho), *array, *row;
	const struct vlu_subtree *subtree;

	if (!kho)
		return;
	out_text(obj, "compatible", kho->compatible);
	address_or_null(obj, "memory_map", kho->memory_map, kho->memory_map);
	array = out_array(obj, "subtrees");
	for (size_t i = 0; i < kho->n_subtrees; i++) {
		subtree = &kho->subtrees[i];
		row = out_row(array);
		out_text(row, "name", subtree->name);
		out_number(row, "size", subtree->size);
		address_or_null(row, "address", subtree->address, subtree->address);
	}
	add_part(obj, &kho->part);
}

static void add_boot(struct json_object *doc, const struct vlu_boot_data *boot)
{
	struct json_object *obj = section(doc, "boot", boot);

	if (!boot)
		return;
	out_token(obj, "fdt", boot->fdt);
	out_number(obj, "fdt_size", (int64_t)boot->fdt_size);
	out_token(obj, "scratch", boot->scratch);
	out_number(obj, "scratch_size", (int64_t)boot->scratch_size);
	add_part(obj, &boot->part);
}

static void add_metadata(struct json_object *doc, const char *key,
			 const struct vlu_metadata *metadata, bool in)
{
	struct json_object *obj = section(doc, key, metadata);

	if (!metadata)
		return;
	out_text(obj, "previous_release", metadata->previous_release);
	out_number(obj, "kexec_count", metadata->kexec_count);
	out_text(obj, "direction", direction(in));
	add_part(obj, &metadata->part);
}

static void add_memblock(struct json_object *doc, const char *key,
			 const struct vlu_memblock *memblock, bool in)
{
	struct json_object *obj = section(doc, key, memblock), *array, *row;

	if (!memblock)
		return;
	out_text(obj, "compatible", memblock->compatible);
	array = out_array(obj, "regions");
	for (size_t i = 0; i < memblock->n_regions; i++) {
		row = out_row(array);
		out_text(row, "name", memblock->regions[i].name);
		out_token(row, "start", memblock->regions[i].start);
		out_token(row, "size", memblock->regions[i].size);
	}
	out_text(obj, "direction", direction(in));
	add_part(obj, &memblock->part);
}

static void add_luo(struct json_object *doc, const char *key, const struct vlu_luo *luo,
		    bool in)
{
	struct json_object *obj = section(doc, key, luo);
	bool known;

	if (!luo)
		return;
	known = !luo->part.error;
	out_text(obj, "compatible", luo->compatible);
	out_text(obj, "session_compatible", luo->session_compatible);
	out_text(obj, "flb_compatible", luo->flb_compatible);
	out_number(obj, "liveupdate_num", luo->liveupdate_num);
	address_or_null(obj, "sessions_pa", luo->sessions_pa, known);
	address_or_null(obj, "flbs_pa", luo->flbs_pa, known);
	out_known(obj, "trusted", luo->part.trust == VLU_TRUST_UNKNOWN ? VLU_DONT_KNOW :
		  luo->part.trust == VLU_TRUST_KERNEL && known ? VLU_YES : VLU_NO);
	out_text(obj, "direction", direction(in));
	add_part(obj, &luo->part);
}

static void add_flbs(struct json_object *array, const struct vlu_flbs *flbs, bool in)
{
	struct json_object *row;

	for (size_t i = 0; flbs && i < flbs->n_flbs; i++) {
		row = out_row(array);
		out_text(row, "name", flbs->flbs[i].name);
		out_token(row, "data", flbs->flbs[i].data);
		out_number(row, "count", (int64_t)flbs->flbs[i].count);
		out_text(row, "direction", direction(in));
		add_part(row, &flbs->part);
	}
}

static void add_devices(struct json_object *obj, const struct vlu_pci_reading *reading)
{
	struct json_object *array = out_array(obj, "devices"), *row;

	for (size_t i = 0; reading && i < reading->n_devices; i++) {
		row = out_row(array);
		out_bdf(row, "bdf", reading->devices[i].bdf);
		out_number(row, "refcount", reading->devices[i].refcount);
	}
}

static void add_reading(struct json_object *obj, const struct vlu_pci_reading *reading)
{
	out_text(obj, "encoding", reading ? reading->encoding : NULL);
	out_number(obj, "version", reading ? reading->version : -1);
	out_number(obj, "nr", reading ? reading->nr : -1);
	add_devices(obj, reading);
}

/* With more than one reading, what they differ in is not known. */
static void add_pci(struct json_object *doc, const char *key, const struct vlu_pci *pci,
		    bool in)
{
	struct json_object *obj = section(doc, key, pci), *array, *row;

	if (!pci)
		return;
	out_text(obj, "compatible", pci->compatible);
	add_reading(obj, pci->n_readings == 1 ? &pci->readings[0] : NULL);
	array = out_array(obj, "readings");
	for (size_t i = 0; i < pci->n_readings; i++) {
		row = out_row(array);
		add_reading(row, &pci->readings[i]);
		address_or_null(row, "devices_pa", pci->readings[i].devices_pa,
				pci->readings[i].devices_pa);
		out_text(row, "error", pci->readings[i].error);
	}
	out_text(obj, "direction", direction(in));
	add_part(obj, &pci->part);
}

/* --------------------------------------------------------------- sessions */

static void add_vfio(struct json_object *obj, const struct vlu_vfio *vfio)
{
	struct json_object *array = out_array(obj, "vfio"), *row;

	for (size_t i = 0; vfio && i < vfio->n_readings; i++) {
		row = out_row(array);
		out_bdf(row, "bdf", vfio->readings[i].bdf);
		out_text(row, "layout", vfio->readings[i].layout);
	}
}

static void add_memfd(struct json_object *obj, const struct vlu_memfd *memfd)
{
	struct json_object *row = section(obj, "memfd", memfd);

	if (!memfd)
		return;
	out_text(row, "layout", memfd->layout);
	out_number(row, "size", (int64_t)memfd->size);
	out_number(row, "pos", (int64_t)memfd->pos);
	out_number(row, "seals", memfd->seals);
	out_number(row, "nr_folios", (int64_t)memfd->nr_folios);
	out_token(row, "folios_pa", memfd->folios_pa);
}

static void add_files(struct json_object *obj, const struct vlu_luo_session *session)
{
	struct json_object *array = out_array(obj, "files"), *row;
	const struct vlu_luo_file *file;

	for (size_t i = 0; i < session->n_files; i++) {
		file = &session->files[i];
		row = out_row(array);
		out_token(row, "token", file->token);
		bdf_or_null(row, "bdf", file->bdf, file->has_bdf);
		out_text(row, "compatible", file->compatible);
		address_or_null(row, "data", file->data, file->data);
		add_vfio(row, file->vfio);
		add_memfd(row, file->memfd);
		out_text(row, "error", file->error);
	}
}

static void add_session(struct json_object *array, const struct vlu_luo_session *session)
{
	struct json_object *row = out_row(array);

	out_text(row, "name", session->name);
	out_text(row, "direction", session->direction == VLU_DIRECTION_UNKNOWN ? "unknown" :
		 direction(session->direction == VLU_INCOMING));
	out_number(row, "pid", session->pid);
	out_text(row, "comm", session->comm);
	out_number(row, "count", session->n_expected);
	add_files(row, session);
	out_text(row, "part", session->part->name);
	out_text(row, "source", session->part->source);
	out_text(row, "trust", inspect_trust(session->part->trust));
	out_text(row, "why", session->part->why);
	out_text(row, "error", session->error);
}

static void add_bdfs(struct json_object *obj, const char *key, const struct vlu_bdf *bdfs,
		     size_t n)
{
	struct json_object *array = out_array(obj, key);
	char text[VLU_BDF_SIZE];

	for (size_t i = 0; i < n; i++)
		out_item(array, vlu_bdf_format(bdfs[i], text));
}

static void add_processes(struct json_object *doc, const struct vlu_processes *processes)
{
	struct json_object *array = out_array(doc, "processes"), *row;
	const struct vlu_opened *opened;

	for (size_t i = 0; processes && i < processes->n_opened; i++) {
		opened = &processes->opened[i];
		row = out_row(array);
		out_number(row, "pid", opened->pid);
		out_text(row, "comm", opened->comm);
		out_text(row, "kind", opened->kind);
		out_text(row, "session", opened->session);
		bdf_or_null(row, "bdf", opened->bdf, opened->kind[0] == 'd');
	}
}

static void add_log(struct json_object *doc, const struct vlu_kernel_log *log)
{
	struct json_object *obj = section(doc, "log", log), *array;

	if (!log)
		return;
	out_known(obj, "whole", log->whole ? VLU_YES : VLU_NO);
	out_number(obj, "liveupdate_number", log->liveupdate_number);
	add_bdfs(obj, "incoming", log->incoming, log->n_incoming);
	add_bdfs(obj, "finished", log->finished, log->n_finished);
	add_bdfs(obj, "outgoing", log->outgoing, log->n_outgoing);
	array = out_array(obj, "lines");
	for (size_t i = 0; i < log->n_lines; i++)
		out_item(array, log->lines[i]);
	add_part(obj, &log->part);
}

/* What was handed to this kernel; where that is nothing, what it will hand on. */
#define ADD_BOTH(name)									\
	do {										\
		bool in = h->in.name;							\
											\
		add_##name(doc, #name, in ? h->in.name : h->out.name, in);		\
		add_##name(doc, #name "_next", in ? h->out.name : NULL, false);		\
	} while (0)

struct json_object *inspect_json(const struct vlu_handover *h)
{
	struct json_object *doc = out_new(), *obj, *row;

	obj = out_object(doc, "kho");
	add_kho(obj, "in", h->in.kho);
	add_kho(obj, "out", h->out.kho);
	add_boot(doc, h->boot);
	ADD_BOTH(metadata);
	ADD_BOTH(memblock);
	ADD_BOTH(luo);
	obj = out_array(doc, "sessions");
	for (size_t i = 0; i < h->n_sessions; i++)
		add_session(obj, &h->sessions[i]);
	obj = out_array(doc, "flbs");
	add_flbs(obj, h->in.flbs, true);
	add_flbs(obj, h->out.flbs, false);
	ADD_BOTH(pci);
	add_vfio(doc, h->vfio);
	add_memfd(doc, h->memfd);
	add_processes(doc, h->processes);
	add_log(doc, h->log);
	obj = out_array(doc, "parts");
	for (size_t i = 0; i < h->n_parts; i++) {
		row = out_row(obj);
		add_part(row, h->parts[i]);
	}
	return doc;
}

struct json_object *inspect_raw_json(const struct vlu_part *part)
{
	struct json_object *doc = out_new(), *array, *row;
	const struct vlu_bytes *bytes;
	char *hex;

	add_part(doc, part);
	array = out_array(doc, "bytes");
	for (size_t i = 0; i < part->n_bytes; i++) {
		bytes = &part->bytes[i];
		hex = out_need(calloc(2, bytes->size + 1));
		for (size_t j = 0; j < bytes->size; j++)
			snprintf(hex + 2 * j, 3, "%02x", bytes->data[j]);
		row = out_row(array);
		address_or_null(row, "address", bytes->address, bytes->address);
		out_number(row, "size", (int64_t)bytes->size);
		out_text(row, "hex", hex);
		free(hex);
	}
	return doc;
}

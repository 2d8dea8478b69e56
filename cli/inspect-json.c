/* SPDX-License-Identifier: GPL-2.0-only */
/* A handover as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect.h"
#include "out.h"

static const char *const trust_words[] = {
	[VLU_TRUST_UNKNOWN] = NULL, [VLU_TRUST_KERNEL] = "kernel", [VLU_TRUST_STALE] = "stale",
	[VLU_TRUST_SAVED] = "saved",
};

/* Adds the source of a section, and how reliable it is. */
static void add_part(struct json_object *obj, const struct vlu_part *part)
{
	out_text(obj, "part", part->name);
	out_text(obj, "source", part->source);
	out_text(obj, "trust", trust_words[part->trust]);
	out_text(obj, "why", part->why);
	out_text(obj, "error", part->error);
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

static void add_kho(struct json_object *obj, const struct vlu_kho *kho)
{
	struct json_object *array, *row;
	const struct vlu_subtree *subtree;

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
}

static void add_boot(struct json_object *obj, const struct vlu_boot_data *boot)
{
	out_token(obj, "fdt", boot->fdt);
	out_number(obj, "fdt_size", (int64_t)boot->fdt_size);
	out_token(obj, "scratch", boot->scratch);
	out_number(obj, "scratch_size", (int64_t)boot->scratch_size);
}

static void add_metadata(struct json_object *obj, const struct vlu_metadata *metadata)
{
	out_text(obj, "previous_release", metadata->previous_release);
	out_number(obj, "kexec_count", metadata->kexec_count);
}

static void add_memblock(struct json_object *obj, const struct vlu_memblock *memblock)
{
	struct json_object *array, *row;

	out_text(obj, "compatible", memblock->compatible);
	array = out_array(obj, "regions");
	for (size_t i = 0; i < memblock->n_regions; i++) {
		row = out_row(array);
		out_text(row, "name", memblock->regions[i].name);
		out_token(row, "start", memblock->regions[i].start);
		out_token(row, "size", memblock->regions[i].size);
	}
}

static void add_luo(struct json_object *obj, const struct vlu_luo *luo)
{
	bool known = !luo->part.error;

	out_text(obj, "compatible", luo->compatible);
	out_text(obj, "session_compatible", luo->session_compatible);
	out_text(obj, "flb_compatible", luo->flb_compatible);
	out_number(obj, "liveupdate_num", luo->liveupdate_num);
	address_or_null(obj, "sessions_pa", luo->sessions_pa, known);
	address_or_null(obj, "flbs_pa", luo->flbs_pa, known);
	out_known(obj, "trusted", luo->part.trust == VLU_TRUST_UNKNOWN ? VLU_DONT_KNOW :
		  luo->part.trust == VLU_TRUST_KERNEL && known ? VLU_YES : VLU_NO);
}

static void add_flbs(struct json_object *array, const struct vlu_flbs *flbs,
		     enum vlu_direction direction)
{
	struct json_object *row;

	for (size_t i = 0; flbs && i < flbs->n_flbs; i++) {
		row = out_row(array);
		out_text(row, "name", flbs->flbs[i].name);
		out_token(row, "data", flbs->flbs[i].data);
		out_number(row, "count", (int64_t)flbs->flbs[i].count);
		out_text(row, "direction", direction_words[direction]);
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

static void add_pci(struct json_object *obj, const struct vlu_pci *pci)
{
	const struct vlu_pci_reading *reading = pci->reading;
	struct json_object *array, *row;

	out_text(obj, "compatible", pci->compatible);
	add_reading(obj, reading);
	array = out_array(obj, "readings");
	if (reading) {
		row = out_row(array);
		add_reading(row, reading);
		address_or_null(row, "devices_pa", reading->devices_pa, reading->devices_pa);
		out_text(row, "error", reading->error);
	}
}

/* --------------------------------------------------------------- sessions */

static void add_vfio(struct json_object *obj, const struct vlu_vfio *vfio)
{
	struct json_object *array = out_array(obj, "vfio"), *row;

	if (vfio) {
		row = out_row(array);
		out_bdf(row, "bdf", vfio->bdf);
		out_text(row, "layout", "domain-first");
	}
}

static void add_memfd(struct json_object *obj, const struct vlu_memfd *memfd)
{
	struct json_object *row;

	if (!memfd) {
		out_null(obj, "memfd");
		return;
	}
	row = out_object(obj, "memfd");
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
	out_text(row, "direction", direction_words[session->direction]);
	out_number(row, "pid", session->pid);
	out_text(row, "comm", session->comm);
	out_number(row, "count", session->n_expected);
	add_files(row, session);
	add_part(row, session->part);
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

static void add_log(struct json_object *obj, const struct vlu_kernel_log *log)
{
	struct json_object *array;

	out_known(obj, "whole", log->whole ? VLU_YES : VLU_NO);
	out_number(obj, "liveupdate_number", log->liveupdate_number);
	add_bdfs(obj, "incoming", log->incoming, log->n_incoming);
	add_bdfs(obj, "finished", log->finished, log->n_finished);
	add_bdfs(obj, "outgoing", log->outgoing, log->n_outgoing);
	array = out_array(obj, "lines");
	for (size_t i = 0; i < log->n_lines; i++)
		out_item(array, log->lines[i]);
}

/* Adds a section under its key, or null. way: its direction, or NULL. */
#define ADD(obj, key, name, from, way)							\
	do {										\
		struct json_object *section = (from) ? out_object(obj, key) : NULL;	\
											\
		if (!section) {								\
			out_null(obj, key);						\
			break;								\
		}									\
		add_##name(section, from);						\
		if ((const char *){ way })						\
			out_text(section, "direction", way);				\
		add_part(section, &(from)->part);					\
	} while (0)

/* Adds the room in a list of devices. */
static void add_room(struct json_object *pci, const struct vlu_pci *from)
{
	if (from && from->reading)
		out_number(json_object_array_get_idx(out_member(pci, "readings"), 0), "max",
			   from->reading->max);
}

/* Adds the direction of each session that a process has open. */
static void add_directions(struct json_object *doc)
{
	struct json_object *process, *session, *name, *pid;

	out_each(process, out_member(doc, "processes")) {
		name = out_member(process, "session");
		pid = out_member(process, "pid");
		out_each(session, out_member(doc, "sessions"))
			if (name && json_object_equal(out_member(session, "name"), name) &&
			    json_object_equal(out_member(session, "pid"), pid) &&
			    strcmp(out_get(session, "direction"), "unknown") &&
			    !out_get(process, "direction"))
				out_text(process, "direction", out_get(session, "direction"));
	}
}

void inspect_for_people(struct json_object *doc, const struct vlu_handover *h)
{
	add_room(out_member(doc, "pci"), h->in.pci ? h->in.pci : h->out.pci);
	add_room(out_member(doc, "pci_next"), h->in.pci ? h->out.pci : NULL);
	add_directions(doc);
}

/* name: the incoming part, or else the outgoing one; name_next: the outgoing part beside an incoming one. */
#define ADD_BOTH(name)									\
	do {										\
		bool in = h->in.name;							\
											\
		ADD(doc, #name, name, in ? h->in.name : h->out.name,			\
		    direction_words[in ? VLU_INCOMING : VLU_OUTGOING]);			\
		ADD(doc, #name "_next", name, in ? h->out.name : NULL, "outgoing");	\
	} while (0)

struct json_object *inspect_json(const struct vlu_handover *h)
{
	struct json_object *doc = out_new(), *obj;

	obj = out_object(doc, "kho");
	ADD(obj, "in", kho, h->in.kho, NULL);
	ADD(obj, "out", kho, h->out.kho, NULL);
	ADD(doc, "boot", boot, h->boot, NULL);
	ADD_BOTH(metadata);
	ADD_BOTH(memblock);
	ADD_BOTH(luo);
	obj = out_array(doc, "sessions");
	for (size_t i = 0; i < h->n_sessions; i++)
		add_session(obj, &h->sessions[i]);
	obj = out_array(doc, "flbs");
	add_flbs(obj, h->in.flbs, VLU_INCOMING);
	add_flbs(obj, h->out.flbs, VLU_OUTGOING);
	ADD_BOTH(pci);
	add_vfio(doc, h->vfio);
	add_memfd(doc, h->memfd);
	add_processes(doc, h->processes);
	ADD(doc, "log", log, h->log, NULL);
	obj = out_array(doc, "parts");
	for (size_t i = 0; i < h->n_parts; i++)
		add_part(out_row(obj), h->parts[i]);
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

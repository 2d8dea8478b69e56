/* SPDX-License-Identifier: GPL-2.0-only */
/* A hand-over as a report: a paragraph for each part, 80 columns wide. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect.h"
#include "out.h"

#define WIDTH		80
#define NAME_COLUMNS	20	/* of what stands in a list */

static char *__attribute__((format(printf, 1, 0))) text_of(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		out_need(NULL);
	return text;
}

/* A line of a part, broken where it is too long. */
static void __attribute__((format(printf, 2, 3))) line(int indent, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = text_of(fmt, ap);
	va_end(ap);
	out_print("%*s", indent, "");
	out_fill(indent + 2, WIDTH, text);
	free(text);
}

/* An entry of a list. */
static void __attribute__((format(printf, 2, 3))) entry(const char *name, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = text_of(fmt, ap);
	va_end(ap);
	out_print("  %s", name);
	out_tab(NAME_COLUMNS);
	out_fill(NAME_COLUMNS, WIDTH, text);
	free(text);
}

static const char *hex(uint64_t number, char buf[24])
{
	snprintf(buf, 24, "0x%llx", (unsigned long long)number);
	return buf;
}

/* In the largest unit of which it is a whole number. */
static const char *bytes(uint64_t n, char buf[32])
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB" };
	size_t i;

	for (i = 0; i + 1 < sizeof(units) / sizeof(units[0]) && n && n % 1024 == 0; i++)
		n /= 1024;
	snprintf(buf, 32, "%llu %s", (unsigned long long)n, units[i]);
	return buf;
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* --------------------------------------------------------------- contents */

static void print_boot(const struct vlu_boot_data *boot)
{
	if (boot->fdt)
		line(2, "tree at 0x%llx, scratch areas at 0x%llx",
		     (unsigned long long)boot->fdt, (unsigned long long)boot->scratch);
}

static void print_kho(const struct vlu_kho *kho, bool in)
{
	const struct vlu_subtree *subtree;
	char address[24];

	/* kho_memory_init(): the pages of the map go to the allocator */
	if (kho->compatible)
		line(2, "%s, memory map at 0x%llx%s", kho->compatible,
		     (unsigned long long)kho->memory_map,
		     in && kho->memory_map ? ", freed since" : "");
	for (size_t i = 0; i < kho->n_subtrees; i++) {
		subtree = &kho->subtrees[i];
		if (subtree->size >= 0)
			entry(subtree->name, "%lld bytes%s%s", (long long)subtree->size,
			      subtree->address ? " at " : "",
			      subtree->address ? hex(subtree->address, address) : "");
		else
			entry(subtree->name, "%s%s", subtree->address ? "at " : "",
			      subtree->address ? hex(subtree->address, address) : "");
	}
}

static void print_metadata(const struct vlu_metadata *metadata)
{
	if (metadata->previous_release)
		line(2, "kernel %s, kexec number %lld since cold boot", metadata->previous_release,
		     (long long)metadata->kexec_count);
}

static void print_memblock(const struct vlu_memblock *memblock)
{
	char start[24], size[32];

	if (memblock->compatible)
		line(2, "%s", memblock->compatible);
	for (size_t i = 0; i < memblock->n_regions; i++)
		entry(memblock->regions[i].name, "%s at %s",
		      bytes(memblock->regions[i].size, size),
		      hex(memblock->regions[i].start, start));
}

static void print_luo(const struct vlu_luo *luo)
{
	char sessions[24], flbs[24];

	if (luo->compatible)
		line(2, "%s%s%s%s%s, live update %lld", luo->compatible,
		     luo->session_compatible ? ", " : "",
		     luo->session_compatible ? luo->session_compatible : "",
		     luo->flb_compatible ? ", " : "",
		     luo->flb_compatible ? luo->flb_compatible : "",
		     (long long)luo->liveupdate_num);
	if (luo->sessions_pa || luo->flbs_pa)
		line(2, "%s%s%s%s%s", luo->sessions_pa ? "sessions at " : "",
		     luo->sessions_pa ? hex(luo->sessions_pa, sessions) : "",
		     luo->sessions_pa && luo->flbs_pa ? ", " : "",
		     luo->flbs_pa ? "FLBs at " : "",
		     luo->flbs_pa ? hex(luo->flbs_pa, flbs) : "");
}

static void print_flbs(const struct vlu_flbs *flbs)
{
	for (size_t i = 0; i < flbs->n_flbs; i++)
		entry(flbs->flbs[i].name, "%llu file%s, data at 0x%llx",
		      (unsigned long long)flbs->flbs[i].count, plural(flbs->flbs[i].count),
		      (unsigned long long)flbs->flbs[i].data);
}

static void print_reading(const struct vlu_pci *pci, const struct vlu_pci_reading *reading)
{
	char bdf[VLU_BDF_SIZE], version[24] = "", room[40] = "", pa[24];

	if (reading->version >= 0)
		snprintf(version, sizeof(version), " %lld", (long long)reading->version);
	if (reading->max >= 0)
		snprintf(room, sizeof(room), ", room for %lld", (long long)reading->max);
	line(2, "%s%s%s%s%s: %lld device%s%s%s%s", pci->n_readings > 1 ? "perhaps " : "",
	     pci->compatible ? pci->compatible : "", pci->compatible ? ", " : "",
	     reading->encoding, version, (long long)reading->nr,
	     plural((uint64_t)reading->nr), room,
	     reading->devices_pa ? ", in blocks at " : "",
	     reading->devices_pa ? hex(reading->devices_pa, pa) : "");
	if (reading->error && !pci->part.error)
		line(2, "! %s", reading->error);
	for (size_t i = 0; i < reading->n_devices; i++) {
		vlu_bdf_format(reading->devices[i].bdf, bdf);
		if (reading->devices[i].refcount < 0)
			line(2, "%s", bdf);
		else
			entry(bdf, "refcount %lld", (long long)reading->devices[i].refcount);
	}
}

static void print_pci(const struct vlu_pci *pci)
{
	if (pci->n_readings > 1)
		line(2, "its bytes do not tell which encoding it is");
	for (size_t i = 0; i < pci->n_readings; i++)
		print_reading(pci, &pci->readings[i]);
}

/* --------------------------------------------------------------- sessions */

static void print_vfio(int indent, const struct vlu_vfio *vfio)
{
	char bdf[VLU_BDF_SIZE];

	for (size_t i = 0; i < vfio->n_readings; i++)
		line(indent, "%s%s (%s)", vfio->n_readings > 1 ? "perhaps " : "",
		     vlu_bdf_format(vfio->readings[i].bdf, bdf), vfio->readings[i].layout);
}

static void print_memfd(int indent, const struct vlu_memfd *memfd)
{
	char seals[32] = "";

	if (memfd->seals >= 0)
		snprintf(seals, sizeof(seals), ", seals 0x%llx", (long long)memfd->seals);
	line(indent, "memfd %s of %llu bytes, position %llu%s; %llu folio%s", memfd->layout,
	     (unsigned long long)memfd->size, (unsigned long long)memfd->pos, seals,
	     (unsigned long long)memfd->nr_folios, plural(memfd->nr_folios));
}

static void print_file(const struct vlu_luo_file *file)
{
	char bdf[VLU_BDF_SIZE], token[24], data[24];

	line(4, "%s%stoken %s%s%s%s%s",
	     file->has_bdf ? vlu_bdf_format(file->bdf, bdf) : "", file->has_bdf ? ", " : "",
	     hex(file->token, token), file->compatible ? ", " : "",
	     file->compatible ? file->compatible : "", file->data ? ", data at " : "",
	     file->data ? hex(file->data, data) : "");
	if (file->vfio)
		print_vfio(6, file->vfio);
	if (file->memfd)
		print_memfd(6, file->memfd);
	if (file->error)
		line(6, "! %s", file->error);
}

static void print_session(const struct vlu_luo_session *session)
{
	static const char *const words[] = {
		[VLU_INCOMING] = ", incoming", [VLU_OUTGOING] = ", outgoing",
		[VLU_DIRECTION_UNKNOWN] = "",
	};

	if (session->pid >= 0)
		return;	/* it stands among the files of its process */
	line(2, "session %s%s: %zu file%s", session->name, words[session->direction],
	     session->n_files, plural(session->n_files));
	if (session->error)
		line(4, "! %s", session->error);
	for (size_t i = 0; i < session->n_files; i++)
		print_file(&session->files[i]);
}

static const char *direction_of(const struct vlu_handover *h, const struct vlu_opened *opened)
{
	for (size_t i = 0; i < h->n_sessions; i++) {
		const struct vlu_luo_session *session = &h->sessions[i];

		if (session->pid != opened->pid || strcmp(session->name, opened->session))
			continue;
		if (session->direction == VLU_INCOMING)
			return ", incoming";
		if (session->direction == VLU_OUTGOING)
			return ", outgoing";
	}
	return "";
}

static void print_processes(const struct vlu_handover *h)
{
	const struct vlu_processes *processes = h->processes;
	const struct vlu_opened *opened;
	char bdf[VLU_BDF_SIZE];

	if (!processes->n_opened)
		line(2, "nobody has a session, a device or /dev/liveupdate open");
	for (size_t i = 0; i < processes->n_opened; i++) {
		opened = &processes->opened[i];
		if (opened->session)
			line(2, "process %lld (%s): session %s%s", (long long)opened->pid,
			     opened->comm, opened->session, direction_of(h, opened));
		else
			line(2, "process %lld (%s): %s", (long long)opened->pid, opened->comm,
			     opened->kind[0] == 'd' ? vlu_bdf_format(opened->bdf, bdf) :
			     "the live update device itself");
	}
}

static void print_bdfs(const char *what, const struct vlu_bdf *bdfs, size_t n)
{
	char bdf[VLU_BDF_SIZE];

	for (size_t i = 0; i < n; i++)
		entry(vlu_bdf_format(bdfs[i], bdf), "%s", what);
}

static void print_log(const struct vlu_kernel_log *log)
{
	print_bdfs("came over, and is not finished", log->incoming, log->n_incoming);
	print_bdfs("came over, and is finished", log->finished, log->n_finished);
	print_bdfs("will go to the next kernel", log->outgoing, log->n_outgoing);
	for (size_t i = 0; i < log->n_lines; i++)
		line(2, "%s", log->lines[i]);
}

/* ------------------------------------------------------------------ parts */

static void print_handed(const struct vlu_handed *handed, const struct vlu_part *part,
			 bool in)
{
	if (handed->kho && part == &handed->kho->part)
		print_kho(handed->kho, in);
	else if (handed->metadata && part == &handed->metadata->part)
		print_metadata(handed->metadata);
	else if (handed->memblock && part == &handed->memblock->part)
		print_memblock(handed->memblock);
	else if (handed->luo && part == &handed->luo->part)
		print_luo(handed->luo);
	else if (handed->flbs && part == &handed->flbs->part)
		print_flbs(handed->flbs);
	else if (handed->pci && part == &handed->pci->part)
		print_pci(handed->pci);
}

static bool is_of(const struct vlu_part *part, const char *side)
{
	size_t len = strlen(part->name), end = strlen(side);

	return len > end && strcmp(part->name + len - end, side) == 0;
}

static void print_content(const struct vlu_handover *h, const struct vlu_part *part)
{
	print_handed(&h->in, part, is_of(part, "-in"));
	print_handed(&h->out, part, false);
	if (h->boot && part == &h->boot->part)
		print_boot(h->boot);
	if (h->processes && part == &h->processes->part)
		print_processes(h);
	if (h->log && part == &h->log->part)
		print_log(h->log);
	for (size_t i = 0; i < h->n_sessions; i++)
		if (h->sessions[i].part == part)
			print_session(&h->sessions[i]);
	if (h->vfio)
		print_vfio(2, h->vfio);
	if (h->memfd)
		print_memfd(2, h->memfd);
}

/* "kho-in               kernel  /sys/kernel/debug/kho/in/fdt" */
static void print_head(const struct vlu_part *part)
{
	const char *trust = inspect_trust(part->trust);

	out_print("%s", part->name);
	out_tab(NAME_COLUMNS);
	if (trust) {
		out_word(trust, NULL);
		out_tab(NAME_COLUMNS + 8);
	}
	out_fill(NAME_COLUMNS + 8, WIDTH, part->source);
}

static const char *chapter_of(const struct vlu_part *part)
{
	if (is_of(part, "-in") || strcmp(part->name, "boot") == 0)
		return "From the kernel before:";
	return is_of(part, "-out") ? "For the next kernel:" : "Besides:";
}

void inspect_report(const struct vlu_handover *h)
{
	const char *chapter = NULL;
	const struct vlu_part *part;

	for (size_t i = 0; i < h->n_parts; i++) {
		part = h->parts[i];
		/* what was decoded from a file stands alone */
		if (part->trust != VLU_TRUST_UNKNOWN && chapter != chapter_of(part)) {
			if (chapter)
				out_line("%s", "");
			chapter = chapter_of(part);
			out_line("%s", chapter);
		}
		print_head(part);
		if (part->error)
			line(2, "! %s", part->error);
		print_content(h, part);
		if (part->why)
			line(2, "(%s)", part->why);
	}
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints a handover as a report: a paragraph for each part, 80 columns wide. */
#include <stdlib.h>
#include <string.h>

#include "inspect.h"
#include "out.h"
#include "template.h"

#define WIDTH		80
#define NAME_COLUMNS	20	/* of list entries */

/* A line about an object. A list of them ends with a row of zeros. */
struct line {
	const char *member;	/* a member, or each of its elements; NULL: the object itself */
	/*
	 * A template. If its text is empty, the object is left out. NULL: no line. A tab ends the
	 * name of a list entry.
	 */
	const char *text;
	const struct line *below;	/* lines of the member, indented */
	const char *part;	/* only in the report on this part */
};

/* ----------------------------------------------------------------- titles */

static const struct line boot_lines[] = {
	{ .text = "[tree at {fdt:at}, scratch areas at {scratch}]" },
	{ 0 }
};

#define SUBTREES { "subtrees", .text = "{name}\t[{size} bytes at {address}|{size} bytes|at {address}]" }

/* kho_memory_init() gives the pages of the map to the allocator. With --blob, they stay. */
static const struct line kho_in_lines[] = {
	{ .text = "[{compatible}, memory map at [{memory_map}[{trust:known}, freed since]|0x0]]" },
	SUBTREES,
	{ 0 }
};

static const struct line kho_out_lines[] = {
	{ .text = "[{compatible}, memory map at [{memory_map}|0x0]]" },
	SUBTREES,
	{ 0 }
};

static const struct line kho_lines[] = {
	{ "in", .below = kho_in_lines },
	{ "out", .below = kho_out_lines },
	{ 0 }
};

static const struct line metadata_lines[] = {
	{ .text = "[kernel {previous_release}, kexec number {kexec_count} since cold boot]" },
	{ 0 }
};

static const struct line memblock_lines[] = {
	{ .text = "[{compatible}]" },
	{ "regions", .text = "{name}\t{size:bytes} at {start}" },
	{ 0 }
};

static const struct line luo_lines[] = {
	{ .text = "[{compatible}[, {session_compatible}][, {flb_compatible}]"
		"[, live update {liveupdate_num}]]" },
	{ .text = "[sessions at {sessions_pa:at}, FLBs at {flbs_pa:at}|"
		"sessions at {sessions_pa:at}|FLBs at {flbs_pa:at}]" },
	{ 0 }
};

static const struct line reading_lines[] = {
	{ .text = "[{compatible}, ]{encoding}[ {version}]: {nr:device}"
		"[, room for {max}][, in blocks at {devices_pa}]" },
	{ .text = "[! {error}]" },
	{ "devices", .text = "{bdf}[\trefcount {refcount}]" },
	{ 0 }
};

static const struct line pci_lines[] = {
	{ "readings", .below = reading_lines },
	{ 0 }
};

#define VFIO_LINE { "vfio", .text = "{bdf} ({layout})" }
#define MEMFD_LINE { "memfd", .text = "memfd {layout}[ of {size} bytes][, position {pos}]" \
		     "[, seals {seals:hex}][; {nr_folios:folio}]" }

static const struct line file_lines[] = {
	VFIO_LINE,
	MEMFD_LINE,
	{ .text = "[! {error}]" },
	{ 0 }
};

static const struct line session_lines[] = {
	{ .text = "[! {error}]" },
	{ "files", .text = "[{bdf}, ]token {token}[, {compatible}][, data at {data}]",
	  .below = file_lines },
	{ 0 }
};

static const struct line log_lines[] = {
	{ "incoming", .text = "{}\thanded over, not finished" },
	{ "finished", .text = "{}\thanded over, finished" },
	{ "outgoing", .text = "{}\twill be handed over" },
	{ "lines", .text = "{}" },
	{ 0 }
};

static const struct line handover_lines[] = {
	{ "boot", .below = boot_lines },
	{ "kho", .below = kho_lines },
	{ "metadata", .below = metadata_lines },
	{ "metadata_next", .below = metadata_lines },
	{ "memblock", .below = memblock_lines },
	{ "memblock_next", .below = memblock_lines },
	{ "luo", .below = luo_lines },
	{ "luo_next", .below = luo_lines },
	{ "flbs", .text = "{name}\t[{count:file}, ]data at {data}" },
	{ "pci", .below = pci_lines },
	{ "pci_next", .below = pci_lines },
	{ .text = "[{processes:empty}no process has a session, a device or /dev/liveupdate open]",
	  .part = "processes" },
	{ "processes", .text = "process {pid} ({comm}): [session {session}[, {direction}]|{bdf}|"
		       "the live update device itself]", .part = "processes" },
	{ "log", .below = log_lines },
	/* sessions that a process has open are listed with its other files */
	{ "sessions", .text = "[{pid:known}|session {name}[, {direction:word}]: {files:file}]",
	  .below = session_lines },
	VFIO_LINE,
	MEMFD_LINE,
	{ 0 }
};

/* ---------------------------------------------------------------- printer */

struct report {
	const char *part;	/* print only this part; NULL: all parts */
	const char *error;	/* error of the part, already printed */
};

static void print_text(int indent, char *text)
{
	char *rest = strchr(text, '\t');

	out_print("%*s", indent, "");
	if (!rest) {
		out_fill(indent + 2, WIDTH, text);
		return;
	}
	*rest++ = '\0';
	out_print("%s", text);
	out_tab(NAME_COLUMNS);
	out_fill(NAME_COLUMNS, WIDTH, rest);
}

static void print_lines(const struct report *report, const struct scope *scope, int indent,
			const struct line *line);

/* Prints the line of an object, and the lines below it. */
static void print_object(const struct report *report, const struct scope *scope, int indent,
			 const struct line *line)
{
	const char *part = line->member ? out_get(scope->obj, "part") : NULL;
	char *text;

	if (part && strcmp(part, report->part))
		return;
	if (!line->text) {
		print_lines(report, scope, indent, line->below);
		return;
	}
	text = template_text(line->text, scope);
	if (*text && !(report->error && *text == '!' && !strcmp(text + 2, report->error))) {
		print_text(indent, text);
		if (line->below)
			print_lines(report, scope, indent + 2, line->below);
	}
	free(text);
}

static void print_lines(const struct report *report, const struct scope *scope, int indent,
			const struct line *line)
{
	struct json_object *value;
	struct scope below;
	size_t i, n;
	bool several;

	for (; line->member || line->text; line++) {
		if (line->part && strcmp(line->part, report->part))
			continue;
		value = line->member ? out_member(scope->obj, line->member) : scope->obj;
		several = json_object_is_type(value, json_type_array);
		n = several ? json_object_array_length(value) : value != NULL;
		for (i = 0; i < n; i++) {
			below.obj = several ? json_object_array_get_idx(value, i) : value;
			below.up = scope;
			print_object(report, line->member ? &below : scope, indent, line);
		}
	}
}

/* ------------------------------------------------------------------ parts */

/* Prints a line such as "kho-in               kernel  /sys/kernel/debug/kho/in/fdt". */
static void print_head(struct json_object *part)
{
	const char *trust = out_get(part, "trust"), *source = out_get(part, "source");

	out_print("%s", out_get(part, "part"));
	out_tab(NAME_COLUMNS);
	if (trust) {
		out_word(trust, NULL);
		out_tab(NAME_COLUMNS + 8);
	}
	out_fill(NAME_COLUMNS + 8, WIDTH, source);
}

static const char *chapter_of(const char *part)
{
	const char *end = strrchr(part, '-');

	if (!strcmp(part, "boot") || (end && !strcmp(end, "-in")))
		return "From the previous kernel:";
	return end && !strcmp(end, "-out") ? "For the next kernel:" : "Besides:";
}

static void print_part(const struct scope *handover, struct json_object *part)
{
	static const struct line error = { .text = "[! {error}]" }, why = { .text = "[({why})]" };
	struct report report = { out_get(part, "part"), NULL };
	const struct scope scope = { part, NULL };

	print_head(part);
	print_object(&report, &scope, 2, &error);
	report.error = out_get(part, "error");
	print_lines(&report, handover, 2, handover_lines);
	print_object(&report, &scope, 2, &why);
}

void inspect_report(struct json_object *handover)
{
	struct json_object *part;
	const struct scope scope = { handover, NULL };
	const char *chapter = NULL, *next;

	out_each(part, out_member(handover, "parts")) {
		next = chapter_of(out_get(part, "part"));
		/* a part that was decoded from a file stands alone */
		if (out_get(part, "trust") && chapter != next) {
			if (chapter)
				out_line("%s", "");
			chapter = next;
			out_line("%s", chapter);
		}
		print_part(&scope, part);
	}
}

/* ------------------------------------------------------------------ bytes */

/* Prints up to sixteen bytes. hex: the digits from here on. Returns those of the next row. */
static const char *print_row(size_t at, const char *hex)
{
	char text[17] = "", byte[3] = "";
	int n;

	out_print("%08zx ", at);
	for (n = 0; n < 16 && *hex; n++, hex += 2) {
		memcpy(byte, hex, 2);
		out_print("%s%s", n == 8 ? "  " : " ", byte);
		text[n] = (char)strtoul(byte, NULL, 16);
		if (text[n] < ' ' || text[n] > '~')
			text[n] = '.';
	}
	out_print("%*s", 3 * (16 - n) + (n <= 8), "");
	out_line("  |%s|", text);
	return hex;
}

void inspect_raw(struct json_object *doc)
{
	struct json_object *part;
	const char *hex;

	out_each(part, out_member(doc, "bytes")) {
		out_print("%s", out_get(doc, "part"));
		template_print(", {size} bytes[ at {address}]\n", part);
		hex = out_get(part, "hex");
		for (size_t at = 0; *hex; at += 16)
			hex = print_row(at, hex);
	}
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The report of check, for people. */
#include <string.h>

#include "check.h"
#include "out.h"

#define VERDICT_WIDTH 15	/* "not preservable" */

/* Breaks only sentences into lines: a broken command would be copied as two commands. */
static void print_fix(const char *fix, int indent)
{
	out_blanks(indent);
	out_put("fix: ");
	if (!strncmp(fix, "vfio-lu ", strlen("vfio-lu ")))
		out_line("%s", fix);
	else
		out_fill(indent + (int)strlen("fix: "), 0, fix);
}

static void print_check(struct json_object *check, int indent, bool verbose)
{
	const char *result = out_get(check, "result");
	const char *detail = out_get(check, "detail");

	out_blanks(2);
	out_put(out_get(check, "id"));
	out_tab(indent);
	if (verbose || strcmp(result, "fail")) {
		out_word(result, NULL);
		out_put(": ");
	}
	out_fill(indent, 0, detail ? detail : "");
}

/* Hides an unknown result that does not decide the verdict. */
static bool is_shown(struct json_object *obj, struct json_object *check, bool verbose)
{
	const char *verdict = out_get(obj, "verdict");
	const char *result = out_get(check, "result");

	if (verbose)
		return true;
	if (!strcmp(result, "unknown"))
		return !strcmp(verdict, "unknown");
	return strcmp(result, "pass");
}

static void print_result(struct json_object *obj, const char *result, int indent,
			 bool verbose)
{
	const char *fix, *fix_before = NULL;
	struct json_object *check;

	out_each(check, out_member(obj, "checks")) {
		if (strcmp(out_get(check, "result"), result) ||
		    !is_shown(obj, check, verbose))
			continue;
		print_check(check, indent, verbose);
		/* the fix of the row before applies here, too */
		fix = out_get(check, "fix");
		if (fix && (!fix_before || strcmp(fix, fix_before)))
			print_fix(fix, indent);
		fix_before = fix;
	}
}

/* Prints the verdict on a device, the host or the next kernel, and its reasons below. */
static void print_judged(const char *what, int width, struct json_object *obj, bool verbose)
{
	static const char *const results[] = { "fail", "unknown", "warn", "pass" };
	const char *verdict = out_get(obj, "verdict"), *name = out_get(obj, "name");
	struct json_object *check;
	int widest = 0;
	size_t i;

	out_put(what);
	out_tab(width + 2);
	out_word(verdict, !strcmp(verdict, "not-preservable") ? "not preservable" :
			  !strcmp(verdict, "not-ready") ? "not ready" : NULL);
	if (name)
		out_tab(width + 2 + VERDICT_WIDTH + 2);
	out_cut(name ? name : "");
	out_each(check, out_member(obj, "checks"))
		if (is_shown(obj, check, verbose) && out_width(out_get(check, "id")) > widest)
			widest = out_width(out_get(check, "id"));
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		print_result(obj, results[i], 2 + widest + 2, verbose);
}

void check_print(struct json_object *doc, const char *none, bool verbose)
{
	struct json_object *devices = out_member(doc, "devices"), *dev;
	struct json_object *next = out_member(doc, "next_kernel");
	int width = out_width("0000:00:00.0");

	out_each(dev, devices)
		if (out_width(out_get(dev, "bdf")) > width)
			width = out_width(out_get(dev, "bdf"));
	out_each(dev, devices)
		print_judged(out_get(dev, "bdf"), width, dev, verbose);
	if (!json_object_array_length(devices))
		out_line("%s", none);
	print_judged("host", width, out_member(doc, "host"), verbose);
	if (next) {
		print_judged("next kernel", width, next, verbose);
		return;
	}
	out_print("next kernel");
	out_tab(width + 2);
	out_print("not checked");
	out_tab(width + 2 + VERDICT_WIDTH + 2);
	out_line("fix: vfio-lu check --next-kernel IMAGE");
}

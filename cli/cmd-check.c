/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cmd.h"
#include "out.h"

#define VERDICT_WIDTH 15	/* "not preservable" */

struct check_opts {
	const char *next_kernel;
	const char *next_initrd;
	const char *next_cmdline;
	bool reuse_cmdline;
	const char *capture;
};

#define IN(field) .offset = offsetof(struct check_opts, field)

static const struct opt check_opts[] = {
	{ .name = "next-kernel", .type = OPT_TEXT, IN(next_kernel), .arg = "IMAGE",
	  .hint = HINT_FILE, .help = "check this kernel too, as the one to jump into" },
	{ .name = "next-initrd", .type = OPT_TEXT, IN(next_initrd), .arg = "FILE",
	  .hint = HINT_FILE, .help = "its initial RAM disk" },
	{ .name = "next-cmdline", .type = OPT_TEXT, IN(next_cmdline), .arg = "STRING",
	  .empty = true, .help = "its command line" },
	{ .name = "reuse-cmdline", .type = OPT_FLAG, IN(reuse_cmdline),
	  .help = "the command line of this kernel (the default)" },
	{ .name = "capture", .type = OPT_TEXT, IN(capture), .arg = "DIR",
	  .hint = HINT_DIR, .help = "copy what list and check look at into DIR" },
	OPT_END
};

/* The worst that was said about all devices, the host and the next kernel. */
struct verdicts {
	enum vlu_result devices, host, next;
	bool missing;
	struct vlu_bdf *bdfs;	/* those that were checked */
	size_t n_bdfs;
};

static void worsen(enum vlu_result *worst, enum vlu_result result)
{
	if (result == VLU_FAIL || (result == VLU_UNKNOWN && *worst != VLU_FAIL))
		*worst = result;
}

static const char *result_word(enum vlu_result result)
{
	switch (result) {
	case VLU_PASS:
		return "pass";
	case VLU_FAIL:
		return "fail";
	case VLU_WARN:
		return "warn";
	case VLU_UNKNOWN:
		break;
	}
	return "unknown";
}

static const char *host_word(enum vlu_result result)
{
	if (result == VLU_UNKNOWN)
		return "unknown";
	return result == VLU_FAIL ? "not-ready" : "ready";
}

static enum vlu_result overall(const struct verdicts *verdicts)
{
	enum vlu_result worst = verdicts->devices;

	worsen(&worst, verdicts->host);
	worsen(&worst, verdicts->next);
	return worst;
}

/* ------------------------------------------------------------------ data */

static void add_checks(struct cli *cli, struct json_object *obj,
		       const struct vlu_report *report)
{
	struct json_object *checks = out_array(obj, "checks"), *row;
	const struct vlu_check *check;
	size_t i;

	for (i = 0; i < vlu_report_count(report); i++) {
		check = vlu_report_at(report, i);
		/* most rows of thousands of devices are of no interest */
		if (check->result == VLU_PASS && !cli->g.json && !cli->g.verbose)
			continue;
		row = out_row(checks);
		out_text(row, "id", check->id);
		out_text(row, "result", result_word(check->result));
		out_text(row, "detail", check->detail);
		out_text(row, "fix", check->fix);
	}
}

static int add_host(struct cli *cli, struct json_object *doc,
		    struct verdicts *verdicts)
{
	struct json_object *host = out_object(doc, "host");
	struct vlu_report *report;

	if (vlu_check_host(cli->ctx, &report) < 0)
		return cli_fail(cli);
	verdicts->host = vlu_report_verdict(report);
	out_text(host, "verdict", host_word(verdicts->host));
	add_checks(cli, host, report);
	vlu_report_free(report);
	return VLU_OK;
}

static void add_report(struct cli *cli, struct json_object *devices, struct vlu_bdf bdf,
		       struct vlu_report *report, struct verdicts *verdicts)
{
	struct json_object *row = out_row(devices);

	verdicts->bdfs = out_need(reallocarray(verdicts->bdfs, verdicts->n_bdfs + 1,
					       sizeof(bdf)));
	verdicts->bdfs[verdicts->n_bdfs++] = bdf;
	worsen(&verdicts->devices, vlu_report_verdict(report));
	out_bdf(row, "bdf", bdf);
	out_text(row, "verdict", cli_verdict(vlu_report_verdict(report)));
	add_checks(cli, row, report);
	vlu_report_free(report);
}

static int add_named(struct cli *cli, struct json_object *devices,
		     struct verdicts *verdicts)
{
	struct vlu_report *report;
	struct vlu_device *dev;
	size_t i;
	int r;

	for (i = 0; i < cli->n_bdfs; i++) {
		r = vlu_device_find(cli->ctx, cli->bdfs[i], &dev);
		if (r == -ENODEV) {
			verdicts->missing = true;
			r = vlu_check_missing(cli->ctx, &report);
		} else if (r == 0) {
			r = vlu_check_device(dev, &report);
		}
		if (r < 0)
			return cli_fail(cli);
		add_report(cli, devices, cli->bdfs[i], report, verdicts);
	}
	return VLU_OK;
}

static int add_bound(struct cli *cli, struct json_object *devices,
		     struct verdicts *verdicts)
{
	struct vlu_report *report;
	struct vlu_device *dev;
	const char *driver;
	size_t i;

	if (vlu_devices_read(cli->ctx) < 0)
		return cli_fail(cli);
	for (i = 0; i < vlu_device_count(cli->ctx); i++) {
		dev = vlu_device_at(cli->ctx, i);
		driver = vlu_device_driver(dev);
		if (!driver || strcmp(driver, "vfio-pci"))
			continue;
		if (vlu_check_device(dev, &report) < 0)
			return cli_fail(cli);
		add_report(cli, devices, vlu_device_bdf(dev), report, verdicts);
	}
	return VLU_OK;
}

/* Into obj, which has its place before the devices. */
static int add_next(struct cli *cli, struct json_object *obj,
		    const struct check_opts *o, struct verdicts *verdicts)
{
	const struct vlu_next next = {
		.kernel = o->next_kernel,
		.initrd = o->next_initrd,
		.cmdline = o->next_cmdline,
	};
	struct vlu_report *report;

	if (vlu_check_next(cli->ctx, &next, verdicts->bdfs, verdicts->n_bdfs, &report) < 0)
		return cli_fail(cli);
	verdicts->next = vlu_report_verdict(report);
	out_text(obj, "verdict", host_word(verdicts->next));
	add_checks(cli, obj, report);
	vlu_report_free(report);
	return VLU_OK;
}

/* ---------------------------------------------------------------- report */

/*
 * A line break in the middle of a command would make two of it when it is
 * copied; sentences can be broken.
 */
static void print_fix(const char *fix, int indent)
{
	out_print("%*sfix: ", indent, "");
	if (!strncmp(fix, "vfio-lu ", strlen("vfio-lu ")))
		out_line("%s", fix);
	else
		out_fill(indent + (int)strlen("fix: "), 0, fix);
}

static void print_check(struct json_object *check, int indent, bool verbose)
{
	const char *result = out_get(check, "result");
	const char *detail = out_get(check, "detail");

	out_print("  %s", out_get(check, "id"));
	out_tab(indent);
	if (verbose || strcmp(result, "fail")) {
		out_word(result, NULL);
		out_print(": ");
	}
	out_fill(indent, 0, detail ? detail : "");
}

/* What could not be told is noise while something else fails, or if it does not matter. */
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
	struct json_object *checks = out_member(obj, "checks"), *check;
	const char *fix, *fix_before = NULL;
	size_t i;

	for (i = 0; i < json_object_array_length(checks); i++) {
		check = json_object_array_get_idx(checks, i);
		if (strcmp(out_get(check, "result"), result) ||
		    !is_shown(obj, check, verbose))
			continue;
		print_check(check, indent, verbose);
		/* what was just said need not be said again */
		fix = out_get(check, "fix");
		if (fix && (!fix_before || strcmp(fix, fix_before)))
			print_fix(fix, indent);
		fix_before = fix;
	}
}

static void print_checks(struct json_object *obj, bool verbose)
{
	static const char *const results[] = { "fail", "unknown", "warn", "pass" };
	struct json_object *checks = out_member(obj, "checks"), *check;
	int width = 0;
	size_t i;

	for (i = 0; i < json_object_array_length(checks); i++) {
		check = json_object_array_get_idx(checks, i);
		if (is_shown(obj, check, verbose) &&
		    out_width(out_get(check, "id")) > width)
			width = out_width(out_get(check, "id"));
	}
	for (i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		print_result(obj, results[i], 2 + width + 2, verbose);
}

static void print_verdict(const char *what, int width, const char *verdict)
{
	const char *shown = !strcmp(verdict, "not-preservable") ? "not preservable" :
			    !strcmp(verdict, "not-ready") ? "not ready" : NULL;

	out_print("%s", what);
	out_tab(width + 2);
	out_word(verdict, shown);
}

/* What a person calls it, as far as it is known. */
static void print_name(struct cli *cli, int column, const char *bdf)
{
	const char *vendor, *name;
	struct vlu_device *dev;
	struct vlu_bdf address;
	char text[256];

	if (vlu_bdf_parse(bdf, &address) < 0 ||
	    vlu_device_find(cli->ctx, address, &dev) < 0) {
		out_line("%s", "");
		return;
	}
	vendor = vlu_device_vendor_name(dev);
	name = vlu_device_device_name(dev);
	if (vendor && name)
		snprintf(text, sizeof(text), "%s %s", vendor, name);
	else if (vlu_device_vendor(dev) < 0 || vlu_device_device(dev) < 0)
		snprintf(text, sizeof(text), "ids unreadable");
	else
		snprintf(text, sizeof(text), "%s %04llx:%04llx", vendor ? vendor : "",
			 (unsigned long long)vlu_device_vendor(dev) & 0xffff,
			 (unsigned long long)vlu_device_device(dev) & 0xffff);
	out_tab(column);
	out_cut(text + (*text == ' '));
}

static void print_report(struct cli *cli, struct json_object *doc)
{
	struct json_object *devices = out_member(doc, "devices");
	struct json_object *next = out_member(doc, "next_kernel");
	struct json_object *host = out_member(doc, "host"), *dev;
	int width = out_width("0000:00:00.0"), name;
	size_t i;

	for (i = 0; i < json_object_array_length(devices); i++) {
		dev = json_object_array_get_idx(devices, i);
		if (out_width(out_get(dev, "bdf")) > width)
			width = out_width(out_get(dev, "bdf"));
	}
	name = width + 2 + VERDICT_WIDTH + 2;
	for (i = 0; i < json_object_array_length(devices); i++) {
		dev = json_object_array_get_idx(devices, i);
		print_verdict(out_get(dev, "bdf"), width, out_get(dev, "verdict"));
		print_name(cli, name, out_get(dev, "bdf"));
		print_checks(dev, cli->g.verbose);
	}
	if (!i)
		out_line("no device is bound to vfio-pci");
	print_verdict("host", width, out_get(host, "verdict"));
	out_line("%s", "");
	print_checks(host, cli->g.verbose);
	print_verdict("next kernel", width, next ? out_get(next, "verdict") : "not checked");
	if (next) {
		out_line("%s", "");
		print_checks(next, cli->g.verbose);
	} else {
		out_tab(name);
		out_line("fix: vfio-lu check --next-kernel IMAGE");
	}
}

static int exit_status(const struct verdicts *verdicts)
{
	if (verdicts->missing)
		return VLU_NOT_PRESERVABLE;
	if (verdicts->host == VLU_FAIL)
		return VLU_UNSUPPORTED;
	if (verdicts->devices != VLU_PASS || verdicts->next != VLU_PASS)
		return VLU_NOT_PRESERVABLE;
	return verdicts->host == VLU_PASS ? VLU_OK : VLU_UNSUPPORTED;
}

static int capture(struct cli *cli, const char *dir)
{
	size_t files;

	if (vlu_capture(cli->ctx, dir, &files) < 0)
		return cli_fail(cli);
	cli_info(cli, "%zu files in %s, for --sysroot; serial numbers, MAC addresses and "
		 "UUIDs are zeroed, but read it before you pass it on", files, dir);
	return VLU_OK;
}

static int run_check(struct cli *cli, const void *opts, int argc, char **argv)
{
	struct verdicts verdicts = { VLU_PASS, VLU_PASS, VLU_PASS, false, NULL, 0 };
	struct json_object *doc, *devices, *next = NULL;
	const struct check_opts *o = opts;
	int status;

	(void)argc, (void)argv;
	if (!o->next_kernel && (o->next_initrd || o->next_cmdline || o->reuse_cmdline)) {
		cli_error("--%s is of use only with --next-kernel", o->next_initrd ?
			  "next-initrd" : o->next_cmdline ? "next-cmdline" : "reuse-cmdline");
		return opt_usage(&cmd_check);
	}
	if (o->next_cmdline && o->reuse_cmdline) {
		cli_error("--next-cmdline and --reuse-cmdline exclude each other");
		return opt_usage(&cmd_check);
	}
	status = o->capture ? capture(cli, o->capture) : VLU_OK;
	if (status != VLU_OK)
		return status;
	doc = out_new();
	out_null(doc, "verdict");	/* its place is first */
	status = add_host(cli, doc, &verdicts);
	if (o->next_kernel)
		next = out_object(doc, "next_kernel");
	else
		out_null(doc, "next_kernel");
	devices = out_array(doc, "devices");
	if (status == VLU_OK)
		status = cli->n_bdfs ? add_named(cli, devices, &verdicts) :
				       add_bound(cli, devices, &verdicts);
	if (status == VLU_OK && next)
		status = add_next(cli, next, o, &verdicts);
	if (status == VLU_OK) {
		out_text(doc, "verdict", cli_verdict(overall(&verdicts)));
		if (cli->g.json)
			out_json(doc);
		else
			print_report(cli, doc);
		status = exit_status(&verdicts);
	}
	json_object_put(doc);
	free(verdicts.bdfs);
	return status;
}

const struct command cmd_check = {
	.name = "check",
	.args = "[BDF...]",
	.hint = HINT_BDF,
	.max_args = -1,
	.summary = "can devices and host be live-updated, and if not, why",
	.text = "Checks the devices named, or all that are bound to vfio-pci, and "
		"this host. What stands in the way is printed with a remedy below "
		"it; --verbose prints what passes as well.\n\n"
		"With --next-kernel the kernel to jump into is checked too: what is "
		"inside its image and its initial RAM disk, and its command line.\n\n"
		"It ends with 0 if everything asked about is preservable, with 3 if a "
		"device is not or the next kernel is not ready, and with 4 if this host "
		"is not ready.\n\n"
		"--capture is for reports of faults: elsewhere, --sysroot DIR shows "
		"the same. It writes into DIR and nowhere else, and DIR must be new "
		"or empty.",
	.opts = check_opts,
	.size = sizeof(struct check_opts),
	.run = run_check,
};

/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "cli.h"
#include "cmd.h"
#include "out.h"

struct check_opts {
	const char *next_kernel;
	const char *next_initrd;
	const char *next_cmdline;
	bool reuse_cmdline;
	const char *rehearsal;
	const char *capture;
	const char *pid;
	bool vms;
};

#define IN(field) .offset = offsetof(struct check_opts, field)

static const struct opt check_opts[] = {
	{ .name = "next-kernel", .type = OPT_TEXT, IN(next_kernel), .arg = "IMAGE",
	  .hint = HINT_FILE, .help = "also check IMAGE as the next kernel" },
	{ .name = "next-initrd", .type = OPT_TEXT, IN(next_initrd), .arg = "FILE",
	  .hint = HINT_FILE, .help = "the initrd of the next kernel" },
	{ .name = "next-cmdline", .type = OPT_TEXT, IN(next_cmdline), .arg = "STRING",
	  .empty = true, .help = "the command line of the next kernel" },
	{ .name = "reuse-cmdline", .type = OPT_FLAG, IN(reuse_cmdline),
	  .help = "use the command line of the running kernel (default)" },
	{ .name = "rehearsal", .type = OPT_TEXT, IN(rehearsal), .arg = "FILE",
	  .hint = HINT_FILE, .help = "use a result that rehearse --export wrote" },
	{ .name = "pid", .type = OPT_TEXT, IN(pid), .arg = "PID", .hint = HINT_PID,
	  .help = "check the devices of this running VMM" },
	{ .name = "vms", .type = OPT_FLAG, IN(vms),
	  .help = "check the devices of every running VMM" },
	{ .name = "capture", .type = OPT_TEXT, IN(capture), .arg = "DIR",
	  .hint = HINT_DIR, .help = "copy into DIR the files that list, check and status read" },
	OPT_END
};

/* The worst results of all devices, the host and the next kernel. */
struct verdicts {
	enum vlu_result devices, host, next;
	bool missing;
	struct vlu_bdf *bdfs;	/* the devices that were checked */
	size_t n_bdfs;
};

static void worsen(enum vlu_result *worst, enum vlu_result result)
{
	if (result == VLU_FAIL || (result == VLU_UNKNOWN && *worst != VLU_FAIL))
		*worst = result;
}

static const char *host_word(enum vlu_result result)
{
	return result == VLU_UNKNOWN ? "unknown" : result == VLU_FAIL ? "not-ready" : "ready";
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
		/* leave out passed rows, which are most rows */
		if (check->result == VLU_PASS && !cli->g.json && !cli->g.verbose)
			continue;
		row = out_row(checks);
		out_text(row, "id", check->id);
		out_text(row, "result", result_words[check->result]);
		out_text(row, "detail", check->detail);
		out_text(row, "fix", check->fix);
		out_words(row, "fix_argv", check->fix_argv);
	}
}

/* Adds the verdict and the checks of the host or the next kernel. Frees report. */
static enum vlu_result add_readiness(struct cli *cli, struct json_object *obj,
				     struct vlu_report *report)
{
	enum vlu_result verdict = vlu_report_verdict(report);

	out_text(obj, "verdict", host_word(verdict));
	add_checks(cli, obj, report);
	vlu_report_free(report);
	return verdict;
}

/* Adds a name for people: vendor and device, after the VMM that has it. */
static void add_name(struct json_object *row, struct vlu_device *dev,
		     const struct vlu_vmm_device *vmm)
{
	const char *vendor = vlu_device_vendor_name(dev), *name = vlu_device_device_name(dev);
	char text[256], line[640];

	if (vendor && name)
		snprintf(text, sizeof(text), "%s %s", vendor, name);
	else if (vlu_device_vendor(dev) < 0 || vlu_device_device(dev) < 0)
		snprintf(text, sizeof(text), "ids unreadable");
	else
		snprintf(text, sizeof(text), "%s%s%04llx:%04llx", vendor ? vendor : "",
			 vendor ? " " : "", (unsigned long long)vlu_device_vendor(dev) & 0xffff,
			 (unsigned long long)vlu_device_device(dev) & 0xffff);
	if (vmm)
		snprintf(line, sizeof(line), "process %d (%s)%s%s: %s", (int)vmm->pid, vmm->command,
			 vmm->domain[0] ? ", domain " : "", vmm->domain, text);
	out_text(row, "name", vmm ? line : text);
}

/* dev NULL: the device does not exist; vmm NULL: the device is not taken from a VMM. */
static int judge(struct cli *cli, struct vlu_device *dev, const struct vlu_vmm_device *vmm,
		 struct vlu_report **ret_report)
{
	if (!dev)
		return vlu_check_missing(cli->ctx, ret_report);
	return vmm ? vlu_check_vmm_device(dev, vmm->pid, ret_report) :
		     vlu_check_device(dev, ret_report);
}

static int add_device(struct cli *cli, struct json_object *devices, struct vlu_bdf bdf,
		      struct vlu_device *dev, const struct vlu_vmm_device *vmm,
		      struct verdicts *verdicts)
{
	struct json_object *row;
	struct vlu_report *report;

	if (judge(cli, dev, vmm, &report) < 0)
		return cli_fail(cli);
	verdicts->missing |= !dev;
	verdicts->bdfs = out_need(reallocarray(verdicts->bdfs, verdicts->n_bdfs + 1,
					       sizeof(bdf)));
	verdicts->bdfs[verdicts->n_bdfs++] = bdf;
	worsen(&verdicts->devices, vlu_report_verdict(report));
	row = out_row(devices);
	out_bdf(row, "bdf", bdf);
	out_number(row, "pid", vmm ? vmm->pid : -1);
	out_text(row, "command", vmm ? vmm->command : NULL);
	out_text(row, "domain", vmm && vmm->domain[0] ? vmm->domain : NULL);
	out_text(row, "verdict", cli_verdict(vlu_report_verdict(report)));
	add_checks(cli, row, report);
	/* only the report shows the name */
	if (dev && !cli->g.json)
		add_name(row, dev, vmm);
	vlu_report_free(report);
	return VLU_OK;
}

static int add_found(struct cli *cli, struct json_object *devices, struct vlu_bdf bdf,
		     const struct vlu_vmm_device *vmm, struct verdicts *verdicts)
{
	struct vlu_device *dev;
	int r = vlu_device_find(cli->ctx, bdf, &dev);

	if (r < 0 && r != -ENODEV)
		return cli_fail(cli);
	return add_device(cli, devices, bdf, r ? NULL : dev, vmm, verdicts);
}

static int add_named(struct cli *cli, struct json_object *devices, struct verdicts *verdicts)
{
	int status = cli_select(cli, &(struct vlu_selection){ 0 });
	size_t i;

	for (i = 0; i < cli->n_bdfs && status == VLU_OK; i++)
		status = add_found(cli, devices, cli->bdfs[i], NULL, verdicts);
	return status;
}

static bool has_bdf(const struct vlu_vmm_device *has, size_t n, struct vlu_bdf bdf)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!vlu_bdf_compare(has[i].bdf, bdf))
			return true;
	return false;
}

static bool is_chosen(const struct cli *cli, struct vlu_bdf bdf)
{
	size_t i;

	for (i = 0; i < cli->n_bdfs; i++)
		if (!vlu_bdf_compare(cli->bdfs[i], bdf))
			return true;
	return !cli->argc;
}

/* Refuses devices that are not open, as preserve --pid does. */
static int need_opened(struct cli *cli, const struct vlu_vmm_device *has, size_t n, int pid)
{
	char name[VLU_BDF_SIZE];
	size_t i;

	for (i = 0; i < cli->n_bdfs; i++) {
		if (has_bdf(has, n, cli->bdfs[i]))
			continue;
		vlu_bdf_format(cli->bdfs[i], name);
		return pid ? cli_error("refused", "%s: process %d (%s) does not have it open", name,
				       pid, has->command) :
			     cli_error("refused", "%s: no process has it open", name);
	}
	return VLU_OK;
}

/* Lists by process, since a VMM is preserved as a whole. */
static int add_vmms(struct cli *cli, struct json_object *devices, int pid, bool *complete,
		    struct verdicts *verdicts)
{
	struct vlu_vmm_device *has = NULL;
	size_t i, n = 0;
	int status;

	status = cli_select_of(cli, pid, &has, &n, complete);
	if (status == VLU_OK)
		status = need_opened(cli, has, n, pid);
	for (i = 0; i < n && status == VLU_OK; i++)
		if (is_chosen(cli, has[i].bdf))
			status = add_found(cli, devices, has[i].bdf, &has[i], verdicts);
	if (!*complete)
		worsen(&verdicts->devices, VLU_UNKNOWN);
	free(has);
	return status;
}

static int add_bound(struct cli *cli, struct json_object *devices, struct verdicts *verdicts)
{
	struct vlu_device *dev;
	const char *driver;
	int status = VLU_OK;
	size_t i;

	if (vlu_devices_read_whole(cli->ctx) < 0)
		return cli_fail(cli);
	for (i = 0; i < vlu_device_count(cli->ctx) && status == VLU_OK; i++) {
		dev = vlu_device_at(cli->ctx, i);
		driver = vlu_device_driver(dev);
		if (driver && !strcmp(driver, "vfio-pci"))
			status = add_device(cli, devices, vlu_device_bdf(dev), dev, NULL, verdicts);
	}
	return status;
}

static bool is_of_vms(const struct check_opts *o)
{
	return o->pid || o->vms;
}

/* Adds everything that was asked for. The next kernel stands before the devices. */
static int add_all(struct cli *cli, struct json_object *doc, const struct check_opts *o,
		   struct verdicts *verdicts)
{
	const struct vlu_next what = {
		.kernel = o->next_kernel,
		.initrd = o->next_initrd,
		.cmdline = o->next_cmdline,
		.rehearsal = o->rehearsal,
	};
	struct json_object *devices;
	struct vlu_report *report;
	bool complete;
	int status;

	out_null(doc, "verdict");	/* added first, although its value is known last */
	if (vlu_check_host(cli->ctx, &report) < 0)
		return cli_fail(cli);
	complete = !is_of_vms(o) && vlu_report_is_complete(report);
	verdicts->host = add_readiness(cli, out_object(doc, "host"), report);
	out_null(doc, "next_kernel");
	devices = out_array(doc, "devices");
	if (is_of_vms(o))
		status = add_vmms(cli, devices, o->pid ? opt_pid(o->pid) : 0, &complete, verdicts);
	else
		status = cli->argc ? add_named(cli, devices, verdicts) :
				     add_bound(cli, devices, verdicts);
	out_known(doc, "complete", complete ? VLU_YES : VLU_NO);
	/* of VMs, add_vmms() has said so */
	if (status == VLU_OK && !complete && !is_of_vms(o))
		cli_warn(cli, "unseen", "vfio-lu could not read the open files of all processes, "
			 "so a process may use a device; only root can see that");
	if (status != VLU_OK || !o->next_kernel)
		return status;
	if (vlu_check_next(cli->ctx, &what, verdicts->bdfs, verdicts->n_bdfs, &report) < 0)
		return cli_fail(cli);
	verdicts->next = add_readiness(cli, out_object(doc, "next_kernel"), report);
	return VLU_OK;
}

/* --------------------------------------------------------------- command */

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
		 "UUIDs are zeroed, but read the files before you pass them on", files, dir);
	return VLU_OK;
}

/* Refuses options that exclude each other. */
static int check_options(const void *opts, int argc)
{
	const struct check_opts *o = opts;
	const char *alone = o->next_initrd ? "next-initrd" : o->next_cmdline ? "next-cmdline" :
			    o->reuse_cmdline ? "reuse-cmdline" : o->rehearsal ? "rehearsal" : NULL;

	(void)argc;
	if (alone && !o->next_kernel)
		cli_usage("--%s needs --next-kernel", alone);
	else if (o->next_cmdline && o->reuse_cmdline)
		cli_usage("--next-cmdline and --reuse-cmdline exclude each other");
	else if (o->pid && o->vms)
		cli_usage("--pid and --vms exclude each other");
	else if (!o->pid || opt_pid(o->pid) > 0)
		return 0;
	return -1;
}

static int run_check(struct cli *cli, const void *opts)
{
	struct verdicts verdicts = { VLU_PASS, VLU_PASS, VLU_PASS, false, NULL, 0 };
	const struct check_opts *o = opts;
	const char *none = is_of_vms(o) ? "no process has a vfio device open" :
			   "no device is bound to vfio-pci";
	enum vlu_result worst;
	struct json_object *doc;
	int status;

	status = o->capture ? capture(cli, o->capture) : VLU_OK;
	if (status != VLU_OK)
		return status;
	doc = out_new();
	status = add_all(cli, doc, o, &verdicts);
	if (status == VLU_OK) {
		worst = verdicts.devices;
		worsen(&worst, verdicts.host);
		worsen(&worst, verdicts.next);
		out_text(doc, "verdict", cli_verdict(worst));
		if (!cli->g.json)
			check_print(doc, none, cli->g.verbose);
		else if (!verdicts.n_bdfs)
			cli_warn(cli, "no-device", "%s: no device was checked", none);
		status = exit_status(&verdicts);
	}
	cli_answer(cli, doc);
	free(verdicts.bdfs);
	return status;
}

const struct command cmd_check = {
	.name = "check",
	.args = "[BDF...]",
	.hint = HINT_BDF,
	.max_args = -1,
	.summary = "check devices, this host and the next kernel",
	.text = "Checks this host and the named devices, or all devices bound to vfio-pci. "
		"Prints the checks that prevent the live update or warn, each with its fix; "
		"--verbose prints all.\n\n--pid and --vms check whether the devices of a VMM can "
		"be preserved while it runs. Without these options, a device that a VMM has "
		"open counts as in use.\n"
		PATTERNS ".\n\n"
		"--next-kernel also checks the next kernel: its image, its initrd and its "
		"command line.\n\nThe exit status is 0 if all devices are preservable and "
		"the host and the next kernel are ready, 3 if a device or the next kernel "
		"fails or is unknown, and 4 if the host is not ready or unknown.\n\n"
		"--capture copies into DIR the files that it reads, for a bug report; "
		"check --sysroot DIR prints the same result on another machine. DIR must be "
		"new or empty.",
	.answer = "verdict host next_kernel devices[] complete",
	.opts = check_opts,
	.size = sizeof(struct check_opts),
	.check = check_options,
	.run = run_check,
};

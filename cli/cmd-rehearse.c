/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cmd.h"
#include "out-file.h"
#include "out.h"
#include "progress.h"

#define ID_WIDTH	19	/* "recognizes-devices" and a blank */
#define RESULT_WIDTH	8

struct rehearse_opts {
	const char *from, *from_modules, *from_cmdline;
	const char *next_kernel, *next_initrd, *next_modules, *next_cmdline;
	struct opt_list devices;
	const char *log;
	const char *export;
};

#define IN(field) .offset = offsetof(struct rehearse_opts, field)

static const struct opt rehearse_opts[] = {
	{ .name = "from", .type = OPT_TEXT, IN(from), .arg = "IMAGE", .hint = HINT_FILE,
	  .help = "the first kernel (default: the running kernel)" },
	{ .name = "from-modules", .type = OPT_TEXT, IN(from_modules), .arg = "DIR",
	  .hint = HINT_DIR, .help = "modules of the first kernel (default: /lib/modules/RELEASE)" },
	{ .name = "from-cmdline", .type = OPT_TEXT, IN(from_cmdline), .arg = "STRING",
	  .help = "append STRING to the command line of the first kernel" },
	{ .name = "next-kernel", .type = OPT_TEXT, IN(next_kernel), .arg = "IMAGE",
	  .hint = HINT_FILE, .help = "the next kernel (default: the loaded one, or the newest in /boot)" },
	{ .name = "next-initrd", .type = OPT_TEXT, IN(next_initrd), .arg = "FILE",
	  .hint = HINT_FILE, .help = "also try this initrd of the next kernel" },
	{ .name = "next-modules", .type = OPT_TEXT, IN(next_modules), .arg = "DIR",
	  .hint = HINT_DIR, .help = "modules of the next kernel (default: /lib/modules/RELEASE)" },
	{ .name = "next-cmdline", .type = OPT_TEXT, IN(next_cmdline), .arg = "STRING",
	  .empty = true, .help = "use this command line for the next kernel" },
	{ .name = "device", .type = OPT_LIST, IN(devices), .arg = "KIND",
	  .help = "emulate this kind of device (default: nvme and e1000e)" },
	{ .name = "log", .type = OPT_TEXT, IN(log), .arg = "DIR", .hint = HINT_DIR,
	  .help = "write the logs of the kernels into DIR" },
	{ .name = "export", .type = OPT_TEXT, IN(export), .arg = "FILE", .hint = HINT_FILE,
	  .help = "write the result to FILE, for check --rehearsal" },
	OPT_END
};

/* Prints rows as they are decided. A terminal also shows what the rehearsal waits for. */
struct show {
	struct cli *cli;
	bool waiting;
};

static void wait_for(struct show *show, const char *what)
{
	if (show->waiting)
		progress_wait(NULL, NULL, 0);
	show->waiting = what != NULL;
	if (what)
		progress_wait(NULL, what, show->cli->g.timeout);
}

static void print_row(const struct vlu_check *check, unsigned int msec)
{
	char time[24];

	out_print("%s", check->id);
	out_tab(ID_WIDTH);
	out_word(result_words[check->result], NULL);
	out_tab(ID_WIDTH + RESULT_WIDTH);
	snprintf(time, sizeof(time), check->result == VLU_UNKNOWN ? "         " : "%5.1f s  ",
		 msec / 1000.0);
	out_print("%s", time);
	out_fill(ID_WIDTH + RESULT_WIDTH + (int)strlen(time), 0, check->detail);
	out_flush();
}

static void on_row(void *arg, const struct vlu_check *check, unsigned int msec,
		   const char *waits_for)
{
	struct show *show = arg;

	if (!check) {
		wait_for(show, waits_for);
	} else if (!show->cli->g.json) {
		progress_pause();
		print_row(check, msec);
		progress_resume();
	}
}

/* Prints the rest: the fixes, and the place of the log. */
static void print_end(struct json_object *doc)
{
	struct json_object *check;
	const char *verdict = out_get(doc, "verdict");

	out_each(check, out_member(doc, "checks"))
		if (out_get(check, "fix"))
			out_line("fix: %s", out_get(check, "fix"));
	out_print("%s to %s: ", out_get(doc, "from"), out_get(doc, "to"));
	out_word(verdict, !strcmp(verdict, "not-ready") ? "not ready" : NULL);
	out_line(", in %s s; log: %s", out_get(doc, "seconds"), out_get(doc, "log"));
}

static int cannot_write(const char *path, int ret)
{
	return cli_error("output", "cannot write %s: %s", path, strerror(-ret));
}

static int run_rehearse(struct cli *cli, const void *opts)
{
	const struct rehearse_opts *o = opts;
	const struct vlu_rehearse what = {
		.from = o->from, .from_modules = o->from_modules,
		.from_cmdline = o->from_cmdline, .next = o->next_kernel,
		.next_initrd = o->next_initrd, .next_modules = o->next_modules,
		.next_cmdline = o->next_cmdline, .devices = o->devices.text,
		.n_devices = o->devices.n, .log_dir = o->log,
	};
	struct show show = { .cli = cli };
	struct out_file file;
	struct json_object *doc;
	enum vlu_result verdict;
	char *text;
	int ret;

	ret = o->export ? out_file_begin(&file, o->export) : 0;
	if (ret < 0)
		return cannot_write(o->export, ret);
	ret = vlu_rehearse(cli->ctx, &what, on_row, &show, &verdict, &text);
	wait_for(&show, NULL);
	if (ret < 0)
		return cli_fail(cli);
	doc = out_need(json_tokener_parse(text));
	if (!cli->g.json)
		print_end(doc);
	cli_answer(cli, doc);
	ret = o->export ? out_file_end(&file, text) : 0;
	free(text);
	if (ret < 0)
		return cannot_write(o->export, ret);
	return verdict == VLU_PASS ? VLU_OK : VLU_NOT_PRESERVABLE;
}

const struct command cmd_rehearse = {
	.name = "rehearse",
	.max_args = 0,
	.works = true,
	.timeout = 120,
	.summary = "try a pair of kernels in a virtual machine",
	.text = "Boots the first kernel in a virtual machine (QEMU) with emulated devices, "
		"preserves these devices, and starts the next kernel by kexec. The next "
		"kernel restores and finishes the devices, then makes such a live update "
		"into itself. With --next-initrd the next kernel also boots with that "
		"initrd, up to the mount of the root file system, to see whether the "
		"initrd restores the devices before another driver takes them.\n\nThe "
		"command needs no root, opens no network, and writes only its log and its "
		"result. --timeout limits each step.\n\nThe exit status is 0 if all "
		"rows pass or warn, 3 if a row fails or is unknown (a step took longer than "
		"--timeout), and 4 if QEMU, busybox or kexec is missing or the first kernel has "
		"no live update. If the pair passed or failed, the result is stored, and check "
		"--next-kernel reports it.",
	.answer = "verdict from to checks[] seconds log date accelerator from_image next_image "
		  "next_initrd next_cmdline devices[]",
	.opts = rehearse_opts,
	.size = sizeof(struct rehearse_opts),
	.run = run_rehearse,
};

/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cmd.h"
#include "out-file.h"
#include "out.h"
#include "timeline.h"

struct timeline_opts {
	const char *session;
	bool all;
	const char *svg;
};

static const struct column columns[] = {
	{ .key = "started", .head = "STARTED", .shown = true, .help = "the first known moment, UTC" },
	{ .key = "session", .head = "SESSION", .shown = true, .help = "the session" },
	{ .key = "from_release", .head = "FROM", .shown = true, .help = "the kernel that handed over" },
	{ .key = "to_release", .head = "TO", .shown = true, .help = "the next kernel" },
	{ .key = "away_s", .head = "AWAY", .shown = true, .right = true,
	  .help = "longest time that a device was away, in seconds" },
	{ .key = "seconds", .head = "SECONDS", .right = true, .help = "from started to finish" },
	{ .key = "clock", .head = "CLOCK", .help = "the clock that joins the times of both kernels" },
	{ .key = "clock_jump_s", .head = "STEP", .right = true,
	  .help = "step of the wall clock after the previous kernel's last moment, in seconds" },
	{ .key = "missing", .head = "MISSING", .help = "the moments that are not known" },
	{ .key = NULL }
};

static void add_device(struct json_object *row, const struct vlu_away *device)
{
	bool known = device->from >= 0 && device->to >= 0;

	out_bdf(row, "bdf", device->bdf);
	out_seconds(row, "away_s", known, device->to - device->from);
	out_seconds(row, "from", device->from >= 0, device->from);
	out_seconds(row, "to", device->to >= 0, device->to);
	out_text(row, "from_moment", device->from_moment);
	out_text(row, "to_moment", device->to_moment);
}

static void add_update(struct json_object *row, const struct vlu_update *update)
{
	struct json_object *array, *phase;
	size_t i;

	out_text(row, "session", update->session);
	out_text(row, "from_release", update->from_release);
	out_text(row, "to_release", update->to_release);
	out_time(row, "started", update->started);
	out_seconds(row, "seconds", true, update->length);
	out_seconds(row, "away_s", update->away >= 0, update->away);
	out_text(row, "clock", update->clock);
	out_seconds(row, "clock_jump_s", update->jump_known, update->jump);
	array = out_array(row, "missing");
	for (i = 0; i < update->n_missing; i++)
		out_item(array, update->missing[i]);
	array = out_array(row, "phases");
	for (i = 0; i < update->n_phases; i++) {
		phase = out_row(array);
		out_text(phase, "name", update->phases[i].name);
		out_seconds(phase, "start", true, update->phases[i].start);
		out_seconds(phase, "seconds", true, update->phases[i].length);
		out_text(phase, "source", update->phases[i].source);
	}
	array = out_array(row, "devices");
	for (i = 0; i < update->n_devices; i++)
		add_device(out_row(array), &update->devices[i]);
}

static int write_svg(struct cli *cli, struct json_object *update, const char *path)
{
	char *text = timeline_svg(update);
	bool prints = !strcmp(path, "-");
	struct out_file file;
	int ret = 0;

	if (prints) {
		out_text_as_is(text);
	} else {
		ret = out_file_begin(&file, path);
		ret = ret ? ret : out_file_end(&file, text);
	}
	free(text);
	if (ret < 0)
		return cli_error("output", "cannot write %s: %s", path, strerror(-ret));
	if (!prints)
		cli_info(cli, "written to %s", path);
	return VLU_OK;
}

/* Prints the last update, or a line for each update. */
static int show(struct cli *cli, const struct timeline_opts *o, struct json_object *rows)
{
	struct json_object *last = json_object_array_get_idx(rows, 0);

	if (o->svg && last)
		return write_svg(cli, last, o->svg);
	if (o->svg)
		return cli_error("refused", "there is nothing to draw: no %slive update was finished here",
				 cli_has_warned() ? "readable record says that a " : "");
	if (cli->g.json)
		return VLU_OK;
	if (!last)
		out_line("no %slive updates", cli_has_warned() ? "readable records of " : "");
	else if (o->all || cli->g.columns)
		out_table(columns, cli->g.columns, !cli->g.no_headings, rows);
	else
		timeline_chart(last);
	return VLU_OK;
}

static int run_timeline(struct cli *cli, const void *opts)
{
	const struct timeline_opts *o = opts;
	struct vlu_update *updates;
	struct json_object *doc, *rows;
	size_t i, n;
	int status;

	if (o->svg && !strcmp(o->svg, "-") && cli->g.json) {
		cli_usage("--svg - and --json both print on standard output");
		return opt_usage(&cmd_timeline);
	}
	if (vlu_updates_read(cli->ctx, &updates, &n) < 0)
		return cli_fail(cli);
	doc = out_new();
	rows = out_array(doc, "updates");
	for (i = 0; i < n; i++)
		if (!o->session || !strcmp(updates[i].session, o->session))
			add_update(out_row(rows), &updates[i]);
	vlu_updates_free(updates);
	if (o->session && !json_object_array_length(rows))
		status = cli_error("no-session", "no live update of session %s is known", o->session);
	else
		status = show(cli, o, rows);
	cli_answer(cli, doc);
	return status;
}

static int check_options(const void *opts, int argc)
{
	const struct timeline_opts *o = opts;

	(void)argc;
	if (!o->all || !o->svg)
		return 0;
	cli_usage("--all and --svg exclude each other");
	return -1;
}

#define IN(field) .offset = offsetof(struct timeline_opts, field)

static const struct opt timeline_opts[] = {
	{ .name = "session", .type = OPT_TEXT, IN(session), .arg = "NAME", .hint = HINT_SESSION,
	  .help = "show only this session (default: all sessions)" },
	{ .name = "all", .type = OPT_FLAG, IN(all), .help = "print a table of the last updates" },
	{ .name = "svg", .type = OPT_TEXT, IN(svg), .arg = "FILE", .hint = HINT_FILE,
	  .help = "write a picture of the last update to FILE, for a browser (-: print it)" },
	OPT_END
};

const struct command cmd_timeline = {
	.name = "timeline",
	.max_args = 0,
	.summary = "where the time of live updates went, and how long devices were away",
	.text = "Prints a chart of the last live update that was finished on this host: a "
		"bar for each phase, and a bar for each device, from when kexec "
		"began to disable its interrupts until it could be used again. If a moment is "
		"unknown, the phases around it are one bar. --all prints a table of the last "
		"updates, and --json everything that is known of them, newest first.\nThe command "
		"reads only the records in /var/lib/vfio-lu/updates.",
	.answer = "updates[]",
	.opts = timeline_opts,
	.size = sizeof(struct timeline_opts),
	.columns = columns,
	.check = check_options,
	.run = run_timeline,
};

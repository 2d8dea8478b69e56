/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cmd.h"

struct preserve_opts {
	const char *session;
	const char *pid;
	struct opt_list fds;
};

#define IN(field) .offset = offsetof(struct preserve_opts, field)

static const struct opt preserve_opts[] = {
	OPT_SESSION(struct preserve_opts),
	{ .name = "pid", .type = OPT_TEXT, IN(pid), .arg = "PID",
	  .help = "take the files of this process, a VMM; all its devices" },
	{ .name = "fd", .type = OPT_LIST, IN(fds), .arg = "N[=NAME]",
	  .help = "and its file N, such as a memfd; may be repeated" },
	OPT_END
};

/* A whole number without sign, -1 for anything else. */
static int number(const char *text, const char *end)
{
	char *rest;
	long n = strtol(text, &rest, 10);

	return *text >= '0' && *text <= '9' && rest == end && n <= INT_MAX ? (int)n : -1;
}

static int preserve_vmm(struct cli *cli, const struct preserve_opts *o)
{
	struct vlu_vmm_file files[OPT_LIST_MAX];
	int pid = number(o->pid, o->pid + strlen(o->pid));
	struct vlu_plan *plan;
	const char *name;
	size_t i;

	if (pid <= 0) {
		cli_error("--pid: '%s' is no process id", o->pid);
		return opt_usage(&cmd_preserve);
	}
	for (i = 0; i < o->fds.n; i++) {
		name = strchr(o->fds.text[i], '=');
		files[i].name = name ? name + 1 : NULL;
		files[i].fd = number(o->fds.text[i], name ? name : strchr(o->fds.text[i], '\0'));
		if (files[i].fd < 0) {
			cli_error("--fd: '%s' is not a number, or a number and =NAME",
				  o->fds.text[i]);
			return opt_usage(&cmd_preserve);
		}
	}
	if (vlu_plan_preserve_vmm(cli->ctx, cli->session, pid, cli->bdfs, cli->n_bdfs,
				  files, o->fds.n, &plan) < 0)
		return cli_fail(cli);
	return cli_plan(cli, plan);
}

static int run_preserve(struct cli *cli, const void *opts, int argc, char **argv)
{
	const struct preserve_opts *o = opts;
	struct vlu_plan *plan;

	(void)argv;
	if (o->pid)
		return preserve_vmm(cli, o);
	if (o->fds.n)
		cli_error("--fd needs --pid, the process that has it");
	else if (!argc)
		cli_error("missing argument BDF..., or --pid");
	if (o->fds.n || !argc)
		return opt_usage(&cmd_preserve);
	if (vlu_plan_preserve(cli->ctx, cli->session, cli->bdfs, cli->n_bdfs,
			      &plan) < 0)
		return cli_fail(cli);
	return cli_plan(cli, plan);
}

static int run_release(struct cli *cli, const void *opts, int argc, char **argv)
{
	struct vlu_plan *plan;

	(void)opts, (void)argc, (void)argv;
	if (vlu_plan_release(cli->ctx, cli->session, cli->bdfs, cli->n_bdfs,
			     &plan) < 0)
		return cli_fail(cli);
	return cli_plan(cli, plan);
}

const struct command cmd_preserve = {
	.name = "preserve",
	.args = "[BDF...]",
	.hint = HINT_BDF,
	.max_args = -1,
	.changes = true,
	.summary = "put devices into a session that outlives the kernel",
	.text = "Opens the devices' files, puts them into a live update session and "
		"leaves a process that keeps the session. Without that process "
		"nothing is preserved. Devices can be added to a session later.\n"
		"With --pid the files are taken from a running VMM, which goes on and "
		"must have ended before the jump: all its devices, or those named, and "
		"with --fd others that the kernel can preserve, such as a memfd with the "
		"guest's memory.",
	.opts = preserve_opts,
	.size = sizeof(struct preserve_opts),
	.run = run_preserve,
};

const struct command cmd_release = {
	.name = "release",
	.args = "[BDF...]",
	.hint = HINT_BDF,
	.max_args = -1,
	.changes = true,
	.summary = "take devices, or all, out of the session",
	.text = "Gives preservation up again, of the devices named or of the whole "
		"session. They stay with vfio-pci. Where others stay in the session, it is "
		"made anew, and they are not preserved for that moment.",
	.opts = session_opts,
	.size = sizeof(struct session_opts),
	.run = run_release,
};

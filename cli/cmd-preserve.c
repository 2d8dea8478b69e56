/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli.h"
#include "cmd.h"

static int run_preserve(struct cli *cli, const void *opts, int argc, char **argv)
{
	struct vlu_plan *plan;

	(void)opts, (void)argc, (void)argv;
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
	.args = "BDF...",
	.hint = HINT_BDF,
	.min_args = 1,
	.max_args = -1,
	.changes = true,
	.summary = "put devices into a session that outlives the kernel",
	.text = "Opens the devices' files, puts them into a live update session and "
		"leaves a process that keeps the session. Without that process "
		"nothing is preserved. Devices can be added to a session later.",
	.opts = session_opts,
	.size = sizeof(struct session_opts),
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
		"session. They stay with vfio-pci.",
	.opts = session_opts,
	.size = sizeof(struct session_opts),
	.run = run_release,
};

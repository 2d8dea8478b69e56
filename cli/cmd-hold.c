/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli.h"
#include "cmd.h"

static int run_hold(struct cli *cli, const void *opts, int argc, char **argv)
{
	static const char *const steps[] = { "keep sessions open until none is left" };

	(void)opts, (void)argc, (void)argv;
	if (cli->g.dry_run) {
		cli_steps(cli, steps, 1);
		return VLU_OK;
	}
	return vlu_hold(cli->ctx) < 0 ? cli_fail(cli) : VLU_OK;
}

const struct command cmd_hold = {
	.name = "hold",
	.max_args = 0,
	.changes = true,
	.summary = "the process that keeps sessions open",
	.text = "Keeps the files of sessions and devices open until none is left. "
		"Started by preserve and restore, as vfio-lu.service where that is "
		"installed; there is seldom a reason to start it by hand.",
	.run = run_hold,
};

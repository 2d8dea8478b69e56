/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli.h"
#include "cmd.h"

static int run_hold(struct cli *cli, const void *opts)
{
	(void)opts;
	cli_stoppable(false);
	if (cli->g.dry_run) {
		cli_row(cli, NULL, "keep sessions open until none is left");
		return VLU_OK;
	}
	return vlu_hold(cli->ctx) < 0 ? cli_fail(cli) : VLU_OK;
}

const struct command cmd_hold = {
	.name = "hold",
	.max_args = 0,
	.changes = true,
	.summary = "hold sessions open (other commands start this)",
	.text = "Keeps the files of sessions and devices open until none is left. preserve "
		"and restore start the holder, as vfio-lu.service if that is installed; "
		"there is seldom a reason to start it by hand.",
	.run = run_hold,
};

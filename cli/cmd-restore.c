/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli.h"
#include "cmd.h"

static int run_restore(struct cli *cli, const void *opts, int argc, char **argv)
{
	struct vlu_plan *plan;

	(void)opts, (void)argc, (void)argv;
	if (vlu_plan_restore(cli->ctx, cli->session, &plan) < 0)
		return cli_fail(cli);
	return cli_plan(cli, plan);
}

static int run_finish(struct cli *cli, const void *opts, int argc, char **argv)
{
	struct vlu_plan *plan;

	(void)opts, (void)argc, (void)argv;
	if (vlu_plan_finish(cli->ctx, cli->session, &plan) < 0)
		return cli_fail(cli);
	return cli_plan(cli, plan);
}

const struct command cmd_restore = {
	.name = "restore",
	.max_args = 0,
	.changes = true,
	.summary = "in the new kernel: take session and devices back",
	.text = "Binds the devices of the session to vfio-pci, retrieves the session "
		"and the devices' files and keeps them, for a VMM or for finish. They "
		"are not bound to an iommufd: that can be done once, and is the VMM's "
		"to do.",
	.opts = session_opts,
	.size = sizeof(struct session_opts),
	.run = run_restore,
};

const struct command cmd_finish = {
	.name = "finish",
	.max_args = 0,
	.changes = true,
	.summary = "end the live update",
	.text = "Ends the session that was restored. A device that no VMM took is "
		"bound to an iommufd first, as the kernel demands. From then on the "
		"devices are ordinary ones again, with vfio-pci.",
	.opts = session_opts,
	.size = sizeof(struct session_opts),
	.run = run_finish,
};

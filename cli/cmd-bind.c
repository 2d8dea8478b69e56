/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli.h"
#include "cmd.h"

typedef int (*plan_fn)(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs, size_t n,
		       struct vlu_plan **ret_plan);

static int run_plan(struct cli *cli, plan_fn make)
{
	struct vlu_plan *plan;

	if (make(cli->ctx, cli->bdfs, cli->n_bdfs, &plan) < 0)
		return cli_fail(cli);
	return cli_plan(cli, plan);
}

static int run_bind(struct cli *cli, const void *opts, int argc, char **argv)
{
	(void)opts, (void)argc, (void)argv;
	return run_plan(cli, vlu_plan_bind);
}

static int run_unbind(struct cli *cli, const void *opts, int argc, char **argv)
{
	(void)opts, (void)argc, (void)argv;
	return run_plan(cli, vlu_plan_unbind);
}

const struct command cmd_bind = {
	.name = "bind",
	.args = "BDF...",
	.hint = HINT_BDF,
	.min_args = 1,
	.max_args = -1,
	.changes = true,
	.summary = "hand devices to vfio-pci",
	.text = "Takes the devices from their drivers and binds them to vfio-pci, "
		"each by its driver_override. No other device is touched.",
	.run = run_bind,
};

const struct command cmd_unbind = {
	.name = "unbind",
	.args = "BDF...",
	.hint = HINT_BDF,
	.min_args = 1,
	.max_args = -1,
	.changes = true,
	.summary = "give devices back to their drivers",
	.text = "Takes the devices from vfio-pci and lets the driver that they had "
		"have them again. A device that is preserved is refused: the kernel "
		"would wait for ever.",
	.run = run_unbind,
};

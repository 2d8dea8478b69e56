/* SPDX-License-Identifier: GPL-2.0-only */
#include <time.h>

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

struct finish_opts {
	const char *session;
	bool wait;
};

static const struct opt finish_opts[] = {
	OPT_SESSION(struct finish_opts),
	{ .name = "wait", .type = OPT_FLAG, .offset = offsetof(struct finish_opts, wait),
	  .help = "bind nothing, wait until VMMs have bound all" },
	OPT_END
};

/* VMMs are not to be in each other's way: the lock is free in between. */
static int finish_when_taken(struct cli *cli)
{
	static const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	unsigned int tries = cli->g.timeout * 10;
	struct vlu_plan *plan;
	int ret;

	for (;;) {
		if (vlu_plan_finish_taken(cli->ctx, cli->session, &plan) < 0)
			return cli_fail(cli);
		if (cli->g.dry_run)
			return cli_plan(cli, plan);
		ret = vlu_plan_run(plan);
		if (ret == 0 || vlu_status(cli->ctx) != VLU_BUSY || !tries--)
			return cli_ran(cli, plan, ret);
		vlu_plan_free(plan);
		nanosleep(&pause, NULL);
	}
}

static int run_finish(struct cli *cli, const void *opts, int argc, char **argv)
{
	const struct finish_opts *o = opts;
	struct vlu_plan *plan;

	(void)argc, (void)argv;
	if (o->wait)
		return finish_when_taken(cli);
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
		"devices are ordinary ones again, with vfio-pci.\n"
		"With --wait nothing is bound, and the end waits for the VMMs, as long "
		"as --timeout says.",
	.opts = finish_opts,
	.size = sizeof(struct finish_opts),
	.run = run_finish,
};

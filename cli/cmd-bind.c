/* SPDX-License-Identifier: GPL-2.0-only */
#include <stddef.h>
#include <stdlib.h>

#include "cli.h"
#include "cmd.h"

struct bind_opts {
	bool all_functions;
	struct numbers groups;
	bool persist;
	bool force;	/* bind only */
};

#define IN(field) .offset = offsetof(struct bind_opts, field)
#define SELECTION \
	{ .name = "all-functions", .type = OPT_FLAG, IN(all_functions), \
	  .help = "and every other function in the slots of those named" }, \
	{ .name = "group", .type = OPT_UINTS, IN(groups), .arg = "N", \
	  .help = "every function in IOMMU group N; may be given again" }

typedef int (*plan_fn)(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs, size_t n,
		       unsigned int flags, struct vlu_plan **ret_plan);

static int check_named(const void *opts, int argc)
{
	const struct bind_opts *o = opts;

	if (argc)
		return 0;
	if (!o->groups.n)
		cli_error("missing argument BDF..., or --group");
	else if (o->all_functions)
		cli_error("--all-functions makes no sense here: no function is named");
	else
		return 0;
	return -1;
}

static int run_plan(struct cli *cli, plan_fn make, const struct bind_opts *opts,
		    int argc, char **argv)
{
	const struct vlu_selection selection = {
		.patterns = (const char *const *)argv,
		.n_patterns = (size_t)argc,
		.all_functions = opts->all_functions,
		.groups = opts->groups.at,
		.n_groups = opts->groups.n,
	};
	struct vlu_bdf *bdfs;
	struct vlu_plan *plan;
	unsigned int flags;
	size_t n;
	int ret;

	if (vlu_select(cli->ctx, &selection, &bdfs, &n) < 0)
		return cli_fail(cli);
	flags = (opts->force ? VLU_FORCE : 0) | (opts->persist ? VLU_PERSIST : 0);
	ret = make(cli->ctx, bdfs, n, flags, &plan);
	free(bdfs);
	return ret < 0 ? cli_fail(cli) : cli_plan(cli, plan);
}

static int run_bind(struct cli *cli, const void *opts, int argc, char **argv)
{
	return run_plan(cli, vlu_plan_bind, opts, argc, argv);
}

static int run_unbind(struct cli *cli, const void *opts, int argc, char **argv)
{
	return run_plan(cli, vlu_plan_unbind, opts, argc, argv);
}

static const struct opt bind_options[] = {
	SELECTION,
	{ .name = "persist", .type = OPT_FLAG, IN(persist),
	  .help = "and at every boot from now on" },
	{ .name = "force", .type = OPT_FLAG, IN(force),
	  .help = "DANGEROUS: take what the host can do without, and half a group" },
	OPT_END
};

static const struct opt unbind_options[] = {
	SELECTION,
	{ .name = "persist", .type = OPT_FLAG, IN(persist),
	  .help = "and no longer bind them at boot" },
	OPT_END
};

#define PATTERNS \
	"BDF is an address or a pattern: 0000:81:00.* is every function of a slot, " \
	"0000:81:* every function on a bus."

const struct command cmd_bind = {
	.name = "bind",
	.args = "BDF...",
	.hint = HINT_PATTERN,
	.max_args = -1,
	.changes = true,
	.summary = "hand devices to vfio-pci",
	.text = "Takes the devices from their drivers and binds them to vfio-pci, "
		"each by its driver_override and all at the same time. No other device "
		"is touched. If one of them is refused (because the host uses it, or it "
		"is half of an IOMMU group), nothing is done.\n" PATTERNS,
	.opts = bind_options,
	.size = sizeof(struct bind_opts),
	.check = check_named,
	.run = run_bind,
};

const struct command cmd_unbind = {
	.name = "unbind",
	.args = "BDF...",
	.hint = HINT_PATTERN,
	.max_args = -1,
	.changes = true,
	.summary = "give devices back to their drivers",
	.text = "Takes the devices from vfio-pci, all at the same time, and lets the "
		"driver that each had have it again. A device that is preserved, or that "
		"a VM has open, is refused: the kernel would wait for ever.\n" PATTERNS,
	.opts = unbind_options,
	.size = sizeof(struct bind_opts),
	.check = check_named,
	.run = run_unbind,
};

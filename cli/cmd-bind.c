/* SPDX-License-Identifier: GPL-2.0-only */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cmd.h"
#include "out.h"

struct bind_opts {
	bool all_functions;
	struct numbers groups;
	bool persist;
	bool force;	/* for bind only */
};

#define IN(field) .offset = offsetof(struct bind_opts, field)
#define SELECTION \
	{ .name = "all-functions", .type = OPT_FLAG, IN(all_functions), \
	  .help = "also take every other function in the slots of BDF" }, \
	{ .name = "group", .type = OPT_UINTS, IN(groups), .arg = "N", \
	  .help = "take every function in IOMMU group N; may be repeated" }

typedef int (*plan_fn)(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs, size_t n,
		       unsigned int flags, struct vlu_plan **ret_plan);

static int check_named(const void *opts, int argc)
{
	const struct bind_opts *o = opts;

	if (argc)
		return 0;
	if (!o->groups.n)
		cli_usage("missing argument BDF..., or --group");
	else if (o->all_functions)
		cli_usage("--all-functions makes no sense here: no function is named");
	else
		return 0;
	return -1;
}

static int run_plan(struct cli *cli, plan_fn make, const struct bind_opts *opts,
		    const struct vlu_bdf *of, size_t n_of)
{
	const struct vlu_selection selection = {
		.all_functions = opts->all_functions,
		.groups = opts->groups.at,
		.n_groups = opts->groups.n,
		.of = of,
		.n_of = n_of,
	};
	struct vlu_plan *plan;
	unsigned int flags;
	int status = cli_select(cli, &selection);

	if (status != VLU_OK)
		return status;
	flags = (opts->force ? VLU_FORCE : 0) | (opts->persist ? VLU_PERSIST : 0);
	return cli_plan(cli, make(cli->ctx, cli->bdfs, cli->n_bdfs, flags, &plan), &plan);
}

static int run_bind(struct cli *cli, const void *opts)
{
	return run_plan(cli, vlu_plan_bind, opts, NULL, 0);
}

/* Does the device have a driver of this host, with no setting left that gives it to vfio-pci? */
static bool is_hosts(struct vlu_device *dev)
{
	const char *driver = vlu_device_driver(dev);

	return vlu_device_kind(dev) == VLU_BRIDGE ||
	       (driver && strcmp(driver, "vfio-pci") && !vlu_device_override(dev));
}

static int run_unbind(struct cli *cli, const void *opts)
{
	struct vlu_bdf *ours;
	size_t i, n = 0;
	int status;

	if (vlu_devices_read(cli->ctx) < 0)
		return cli_fail(cli);
	ours = out_need(calloc(vlu_device_count(cli->ctx) + 1, sizeof(*ours)));
	for (i = 0; i < vlu_device_count(cli->ctx); i++)
		if (!is_hosts(vlu_device_at(cli->ctx, i)))
			ours[n++] = vlu_device_bdf(vlu_device_at(cli->ctx, i));
	status = run_plan(cli, vlu_plan_unbind, opts, ours, n);
	free(ours);
	return status;
}

static const struct opt bind_options[] = {
	SELECTION,
	{ .name = "persist", .type = OPT_FLAG, IN(persist),
	  .help = "also bind the devices at every boot from now on" },
	{ .name = "force", .type = OPT_FLAG, IN(force),
	  .help = "DANGEROUS: take devices that the host uses but can do without, or a part of "
		  "an IOMMU group" },
	OPT_END
};

static const struct opt unbind_options[] = {
	SELECTION,
	{ .name = "persist", .type = OPT_FLAG, IN(persist),
	  .help = "also stop binding the devices at boot" },
	OPT_END
};

const struct command cmd_bind = {
	.name = "bind",
	.args = "[BDF...]",
	.hint = HINT_BDF,
	.max_args = -1,
	.changes = true,
	.summary = "bind devices to vfio-pci",
	.text = "Takes the devices from their drivers and binds them to vfio-pci, all at the "
		"same time. Writes the driver override of each device, so no other device "
		"is touched. Binds none if it refuses one, because the host uses the device "
		"or another driver has a member of its IOMMU group.\n" PATTERNS ".",
	.opts = bind_options,
	.size = sizeof(struct bind_opts),
	.check = check_named,
	.run = run_bind,
};

const struct command cmd_unbind = {
	.name = "unbind",
	.args = "[BDF...]",
	.hint = HINT_BDF,
	.offers = "bound",
	.max_args = -1,
	.changes = true,
	.summary = "give devices back to their drivers",
	.text = "Takes the devices from vfio-pci, all at the same time, and returns each to "
		"its previous driver. A device that is preserved, or that a VM has open, is "
		"refused: the kernel would wait for ever.\n" PATTERNS "; a pattern leaves out "
		"devices that are bound to a driver other than vfio-pci, unless they have a driver "
		"override.",
	.opts = unbind_options,
	.size = sizeof(struct bind_opts),
	.check = check_named,
	.run = run_unbind,
};

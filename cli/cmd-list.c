/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "cli.h"
#include "cmd.h"
#include "out.h"

static const struct column columns[] = {
	{ "bdf", "BDF", .shown = true, .help = "PCI address" },
	{ "kind", "KIND", .help = "endpoint, pf, vf or bridge" },
	{ "class", "CLASS", .help = "class code" },
	{ "class_name", "CLASS NAME", .help = "class" },
	{ "vendor", "VENDOR", .help = "vendor id" },
	{ "vendor_name", "VENDOR NAME", .help = "vendor" },
	{ "device", "DEVICE", .help = "device id" },
	{ "driver", "DRIVER", .shown = true, .help = "driver it is bound to" },
	{ "driver_override", "OVERRIDE", .help = "the only driver it may have" },
	{ "iommu_group", "GROUP", .shown = true, .right = true,
	  .help = "IOMMU group" },
	{ "iommu_group_size", "SIZE", .right = true,
	  .help = "functions in that group" },
	{ "cdev", "CDEV", .help = "its vfio character device" },
	{ "numa_node", "NODE", .right = true, .help = "NUMA node" },
	{ "power_state", "POWER", .help = "power state" },
	{ "incoming", "INCOMING", .help = "handed over by the previous kernel" },
	{ "verdict", "VERDICT", .shown = true, .toned = true,
	  .help = "can it be preserved" },
	{ "reasons", "REASONS", .help = "ids of the checks that fail" },
	{ "device_name", "NAME", .shown = true, .help = "device" },
	{ 0 }
};

static const char *kind_word(enum vlu_kind kind)
{
	switch (kind) {
	case VLU_PF:
		return "pf";
	case VLU_VF:
		return "vf";
	case VLU_BRIDGE:
		return "bridge";
	case VLU_ENDPOINT:
		break;
	}
	return "endpoint";
}

static int add_verdict(struct json_object *row, struct vlu_device *dev)
{
	struct vlu_report *report;
	struct json_object *reasons;
	const struct vlu_check *check;
	size_t i;

	if (vlu_check_device(dev, &report) < 0)
		return -1;
	out_text(row, "verdict", cli_verdict(vlu_report_verdict(report)));
	reasons = out_array(row, "reasons");
	for (i = 0; i < vlu_report_count(report); i++) {
		check = vlu_report_at(report, i);
		if (check->result == VLU_FAIL)
			out_item(reasons, check->id);
	}
	vlu_report_free(report);
	return 0;
}

static int add_device(struct json_object *rows, struct vlu_device *dev)
{
	struct json_object *row = out_row(rows);

	out_bdf(row, "bdf", vlu_device_bdf(dev));
	out_text(row, "kind", kind_word(vlu_device_kind(dev)));
	out_id(row, "class", vlu_device_class(dev), 6);
	out_text(row, "class_name", vlu_device_class_name(dev));
	out_id(row, "vendor", vlu_device_vendor(dev), 4);
	out_text(row, "vendor_name", vlu_device_vendor_name(dev));
	out_id(row, "device", vlu_device_device(dev), 4);
	out_text(row, "device_name", vlu_device_device_name(dev));
	out_text(row, "driver", vlu_device_driver(dev));
	out_text(row, "driver_override", vlu_device_override(dev));
	out_number(row, "iommu_group", vlu_device_iommu_group(dev));
	out_number(row, "iommu_group_size", vlu_device_iommu_group_size(dev));
	out_text(row, "cdev", vlu_device_cdev(dev));
	out_number(row, "numa_node", vlu_device_numa_node(dev));
	out_text(row, "power_state", vlu_device_power_state(dev));
	out_known(row, "incoming", vlu_device_incoming(dev));
	return add_verdict(row, dev);
}

static int add_all(struct cli *cli, struct json_object *rows)
{
	size_t i;

	if (vlu_devices_read(cli->ctx) < 0)
		return cli_fail(cli);
	for (i = 0; i < vlu_device_count(cli->ctx); i++)
		if (add_device(rows, vlu_device_at(cli->ctx, i)) < 0)
			return cli_fail(cli);
	return VLU_OK;
}

static int add_named(struct cli *cli, struct json_object *rows)
{
	int r, status = VLU_OK;
	char name[VLU_BDF_SIZE];
	struct vlu_device *dev;
	size_t i;

	for (i = 0; i < cli->n_bdfs; i++) {
		r = vlu_device_find(cli->ctx, cli->bdfs[i], &dev);
		if (r == -ENODEV) {
			cli_error("there is no device %s",
				  vlu_bdf_format(cli->bdfs[i], name));
			status = VLU_NOT_PRESERVABLE;
		} else if (r < 0 || add_device(rows, dev) < 0) {
			return cli_fail(cli);
		}
	}
	return status;
}

static int run_list(struct cli *cli, const void *opts, int argc, char **argv)
{
	struct json_object *doc = out_new(), *rows = out_array(doc, "devices");
	int status;

	(void)opts, (void)argc, (void)argv;
	status = cli->n_bdfs ? add_named(cli, rows) : add_all(cli, rows);
	if (status == VLU_OK || status == VLU_NOT_PRESERVABLE) {
		if (cli->g.json)
			out_json(doc);
		else if (json_object_array_length(rows))
			out_table(columns, cli->g.columns, !cli->g.no_headings, rows);
	}
	json_object_put(doc);
	return status;
}

const struct command cmd_list = {
	.name = "list",
	.args = "[BDF...]",
	.hint = HINT_BDF,
	.max_args = -1,
	.summary = "PCI functions and how they stand to a live update",
	.text = "Lists the PCI functions, all of them or those named, with a verdict "
		"on each: can it be preserved. See check for the reasons.",
	.columns = columns,
	.run = run_list,
};

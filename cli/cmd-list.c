/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cmd.h"
#include "opt.h"
#include "out.h"
#include "text.h"

static const struct column columns[] = {
	{ "bdf", "BDF", .shown = true, .help = "PCI address" },
	{ "kind", "KIND", .help = "endpoint, pf, vf or bridge" },
	{ "class", "CLASS", .help = "class code" },
	{ "class_name", "CLASS NAME", .help = "class name" },
	{ "vendor", "VENDOR", .help = "vendor id" },
	{ "vendor_name", "VENDOR NAME", .help = "vendor name" },
	{ "device", "DEVICE", .help = "device id" },
	{ "driver", "DRIVER", .shown = true, .help = "driver of the device" },
	{ "driver_override", "OVERRIDE", .help = "the only driver that may bind the device" },
	{ "iommu_group", "GROUP", .shown = true, .right = true,
	  .help = "IOMMU group" },
	{ "iommu_group_size", "SIZE", .right = true,
	  .help = "functions in that group" },
	{ "cdev", "CDEV", .help = "vfio character device of the device" },
	{ "numa_node", "NODE", .right = true, .help = "NUMA node" },
	{ "power_state", "POWER", .help = "power state" },
	{ "incoming", "INCOMING", .help = "handed over by the previous kernel, not finished" },
	{ "persist", "PERSIST", .help = "bound to vfio-pci at every boot" },
	{ "verdict", "VERDICT", .shown = true, .toned = true,
	  .help = "whether the device can be preserved" },
	{ "reasons", "REASONS", .help = "ids of the checks that fail" },
	{ "device_name", "NAME", .shown = true, .help = "device name" },
	{ 0 }
};

static const char *const kind_words[] = {
	[VLU_ENDPOINT] = "endpoint", [VLU_PF] = "pf", [VLU_VF] = "vf", [VLU_BRIDGE] = "bridge",
};

static int add_reasons(struct json_object *row, struct vlu_device *dev)
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

/* Adds the columns that the plain table hides. Some values need further reads. */
static void add_more(struct json_object *row, struct vlu_device *dev)
{
	out_text(row, "kind", kind_words[vlu_device_kind(dev)]);
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
	out_known(row, "persist", vlu_device_persist(dev));
}

static int add_device(struct cli *cli, struct json_object *rows,
		      struct vlu_device *dev)
{
	struct json_object *row = out_row(rows);
	enum vlu_result verdict;

	out_bdf(row, "bdf", vlu_device_bdf(dev));
	if (cli->g.json || cli->g.columns) {
		add_more(row, dev);
		return add_reasons(row, dev);
	}
	out_text(row, "driver", vlu_device_driver(dev));
	out_number(row, "iommu_group", vlu_device_iommu_group(dev));
	out_text(row, "device_name", vlu_device_device_name(dev));
	if (vlu_judge_device(dev, &verdict) < 0)
		return -1;
	out_text(row, "verdict", cli_verdict(verdict));
	return 0;
}

/* ------------------------------------------------------------------ tree */

/* Counts the functions above the device, those in another domain (VMD), too. */
static int depth(const struct vlu_device *dev)
{
	const char *p = vlu_device_path(dev);
	char name[VLU_BDF_SIZE];
	int above = -1;
	size_t len;

	for (; p && *p; p += len + (p[len] == '/')) {
		len = strcspn(p, "/");
		above += text_bdf(p, len, name) != NULL;
	}
	return above > 0 ? above : 0;
}

/* Sorts by path, so that a bridge comes right before all that is below it. */
static int by_path(const void *a, const void *b)
{
	const struct vlu_device *x = *(struct vlu_device *const *)a;
	const struct vlu_device *y = *(struct vlu_device *const *)b;
	const char *p = vlu_device_path(x), *q = vlu_device_path(y);

	if (!p || !q)
		return !p != !q ? !p - !q :
		       vlu_bdf_compare(vlu_device_bdf(x), vlu_device_bdf(y));
	/* '/' sorts first, so that "pci0000:00/..." stays together with its children */
	for (; *p && *p == *q; p++, q++)
		;
	return (*p == '/' ? 1 : (unsigned char)*p) - (*q == '/' ? 1 : (unsigned char)*q);
}

static int add_tree(struct cli *cli, struct json_object *rows)
{
	size_t n = vlu_device_count(cli->ctx), i;
	struct vlu_device **devs;
	char text[96], bdf[VLU_BDF_SIZE];
	int ret = 0;

	devs = calloc(n + 1, sizeof(*devs));
	if (!devs)
		return -1;
	for (i = 0; i < n; i++)
		devs[i] = vlu_device_at(cli->ctx, i);
	qsort(devs, n, sizeof(*devs), by_path);
	for (i = 0; i < n && !ret; i++) {
		ret = add_device(cli, rows, devs[i]);
		snprintf(text, sizeof(text), "%*s%s", 2 * (depth(devs[i]) % 32), "",
			 vlu_bdf_format(vlu_device_bdf(devs[i]), bdf));
		out_text(json_object_array_get_idx(rows, i), "bdf", text);
	}
	free(devs);
	return ret;
}

static int add_all(struct cli *cli, struct json_object *rows, bool tree)
{
	size_t i;

	if ((cli->g.json ? vlu_devices_read_whole(cli->ctx) : vlu_devices_read(cli->ctx)) < 0)
		return cli_fail(cli);
	if (tree)
		return add_tree(cli, rows) ? cli_fail(cli) : VLU_OK;
	for (i = 0; i < vlu_device_count(cli->ctx); i++)
		if (add_device(cli, rows, vlu_device_at(cli->ctx, i)) < 0)
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
			status = cli_error("no-device", "%s: no such PCI device",
					   vlu_bdf_format(cli->bdfs[i], name));
		} else if (r < 0 || add_device(cli, rows, dev) < 0) {
			return cli_fail(cli);
		}
	}
	return status;
}

struct list_opts {
	bool tree;
};

static const struct opt list_options[] = {
	{ .name = "tree", .type = OPT_FLAG, .offset = offsetof(struct list_opts, tree),
	  .help = "show each function below its bridge" },
	OPT_END
};

static int run_list(struct cli *cli, const void *opts)
{
	const struct list_opts *o = opts;
	struct json_object *doc, *rows;
	int status;

	if (o->tree && (cli->g.json || cli->argc)) {
		cli_usage("--tree takes no BDF and no --json: it prints the table of all functions");
		return opt_usage(&cmd_list);
	}
	status = cli_select(cli, &(struct vlu_selection){ .bridges = true });
	if (status != VLU_OK)
		return status;
	doc = out_new();
	rows = out_array(doc, "devices");
	status = cli->argc ? add_named(cli, rows) : add_all(cli, rows, o->tree);
	if (status == VLU_OK || status == VLU_NOT_PRESERVABLE) {
		if (!cli->g.json && json_object_array_length(rows))
			out_table(columns, cli->g.columns, !cli->g.no_headings, rows);
	}
	cli_answer(cli, doc);
	return status;
}

const struct command cmd_list = {
	.name = "list",
	.args = "[BDF...]",
	.hint = HINT_BDF,
	.max_args = -1,
	.summary = "list PCI functions and whether each can be preserved",
	.text = "Lists all PCI functions, or the named ones, and whether each can be "
		"preserved. vfio-lu check gives the reasons.\n" PATTERNS ".",
	.answer = "devices[]",
	.opts = list_options,
	.size = sizeof(struct list_opts),
	.columns = columns,
	.run = run_list,
};

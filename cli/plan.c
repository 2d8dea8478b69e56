/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands that change something do with their plan. */
#include "cli.h"
#include "out.h"

static void print(struct cli *cli, struct json_object *doc,
		  struct json_object *sentences)
{
	size_t i;

	if (cli->g.json)
		out_json(doc);
	for (i = 0; !cli->g.json && i < json_object_array_length(sentences); i++)
		out_line("%s", json_object_get_string(
				 json_object_array_get_idx(sentences, i)));
	json_object_put(doc);
}

void cli_step(struct cli *cli, const char *text)
{
	struct json_object *doc = out_new(), *steps = out_array(doc, "steps");

	out_item(steps, text);
	print(cli, doc, steps);
}

static void print_steps(struct cli *cli, struct vlu_plan *plan)
{
	struct json_object *doc = out_new(), *steps = out_array(doc, "steps");
	size_t i;

	for (i = 0; i < vlu_plan_count(plan); i++)
		out_item(steps, vlu_plan_step(plan, i));
	print(cli, doc, steps);
	if (!i)
		cli_info(cli, "nothing to do");
}

static void print_results(struct cli *cli, struct vlu_plan *plan)
{
	struct json_object *doc = out_new(), *results = out_array(doc, "results");
	size_t i;

	for (i = 0; i < vlu_plan_result_count(plan); i++)
		out_item(results, vlu_plan_result(plan, i));
	print(cli, doc, results);
}

int cli_plan(struct cli *cli, struct vlu_plan *plan)
{
	int status = VLU_OK;

	if (cli->g.dry_run) {
		print_steps(cli, plan);
	} else {
		if (vlu_plan_run(plan) < 0)
			status = cli_fail(cli);
		/* of several devices some may be done although others failed */
		if (status == VLU_OK || vlu_plan_result_count(plan))
			print_results(cli, plan);
	}
	vlu_plan_free(plan);
	return status;
}

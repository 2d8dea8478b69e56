/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands that change something do with their plan. */
#include <stdio.h>
#include <time.h>

#include "cli.h"
#include "out.h"

#define MANY	4	/* devices that are worth a line from the start */
#define LONG	2	/* seconds that are, for any number */

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

void cli_steps(struct cli *cli, const char *const *texts, size_t n)
{
	struct json_object *doc = out_new(), *steps = out_array(doc, "steps");
	size_t i;

	for (i = 0; i < n; i++)
		out_item(steps, texts[i]);
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

/* One line on a terminal, written over and over and gone in the end. */
struct progress {
	time_t start;
	int edge;
	bool shown;
};

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void on_progress(void *arg, size_t done, size_t n, const char *waits_for)
{
	struct progress *progress = arg;
	char line[256];
	int cut;

	if (done == n) {
		if (progress->shown)
			fputs("\r\033[K", stderr);
		progress->shown = false;
		return;
	}
	if (n < MANY && seconds() - progress->start < LONG)
		return;
	snprintf(line, sizeof(line), "%zu of %zu done%s%s", done, n,
		 waits_for ? "; " : "", waits_for ? waits_for : "");
	/* in the last column it would begin another line */
	cut = progress->edge < (int)sizeof(line) ? progress->edge - 1 : -1;
	fprintf(stderr, "\r%.*s\033[K", cut, line);
	progress->shown = true;
}

int cli_ran(struct cli *cli, struct vlu_plan *plan, int ret)
{
	int status = ret < 0 ? cli_fail(cli) : VLU_OK;

	/* of several devices some may be done although others failed */
	if (status == VLU_OK || vlu_plan_result_count(plan))
		print_results(cli, plan);
	vlu_plan_free(plan);
	return status;
}

int cli_plan(struct cli *cli, struct vlu_plan *plan)
{
	struct progress progress = { .start = seconds() };

	if (cli->g.dry_run) {
		print_steps(cli, plan);
		vlu_plan_free(plan);
		return VLU_OK;
	}
	/* with --verbose each step has a line of its own */
	if (!cli->g.quiet && !cli->g.verbose)
		progress.edge = out_live();
	if (progress.edge)
		vlu_plan_watch(plan, on_progress, &progress);
	return cli_ran(cli, plan, vlu_plan_run(plan));
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "cmd.h"
#include "out.h"
#include "progress.h"

struct incoming_opts {
	const char *session;
	bool all;
	bool wait;	/* this and discard: for finish only */
	struct opt_list discard;
};

#define IN(field) .offset = offsetof(struct incoming_opts, field)
#define SESSIONS \
	OPT_SESSION(struct incoming_opts), \
	{ .name = "all", .type = OPT_FLAG, IN(all), \
	  .help = "act on every session that was handed over" }

static const struct opt restore_opts[] = {
	SESSIONS,
	OPT_END
};

static const struct opt finish_opts[] = {
	SESSIONS,
	{ .name = "wait", .type = OPT_FLAG, IN(wait),
	  .help = "bind nothing, wait until VMMs have bound every device" },
	{ .name = "discard", .type = OPT_LIST, IN(discard), .arg = "NAME",
	  .help = "lose this file, or 'all', if no VMM has it, and finish" },
	OPT_END
};

/* ---------------------------------------------------------- several sessions */

typedef int (*session_fn)(struct cli *cli, const void *opts);

/* Returns copies of the names, with NULL at the end. */
static char **previous_sessions(const struct vlu_state *state)
{
	char **names = out_need(calloc(state->n_sessions + 2, sizeof(*names)));
	size_t i, n = 0;

	for (i = 0; i < state->n_sessions; i++)
		if (state->sessions[i].direction == VLU_INCOMING)
			names[n++] = out_need(strdup(state->sessions[i].name));
	/* if there is no session, the command for the default session reports the reason */
	if (!n && (state->holder == VLU_HOLDER_SILENT || state->holder == VLU_HOLDER_RESTARTING))
		names[n] = out_need(strdup(DEFAULT_SESSION));
	return names;
}

/* Returns the worst status, or VLU_PARTIAL if some sessions failed and others did not. */
static int each_session(struct cli *cli, session_fn fn, const void *opts)
{
	struct vlu_state *state;
	int status, worst = VLU_OK;
	size_t i, done = 0;
	char **names;

	cli->session = NULL;
	if (vlu_state_read(cli->ctx, NULL, &state) < 0)
		return cli_fail(cli);
	names = previous_sessions(state);
	vlu_state_free(state);
	if (!names[0])
		cli_info(cli, "no session of the previous kernel is left to restore or finish");
	for (i = 0; names[i]; i++) {
		if (!cli_signal()) {
			cli->session = names[i];
			status = fn(cli, opts);
			done += status == VLU_OK;
			worst = vlu_graver(worst, status);
		}
	}
	cli->session = NULL;
	for (i = 0; names[i]; i++)
		free(names[i]);
	free(names);
	return worst != VLU_OK && worst < VLU_PARTIAL && done ? VLU_PARTIAL : worst;
}

static int check_sessions(const void *opts, int argc)
{
	const struct incoming_opts *o = opts;

	(void)argc;
	if (!o->session || !o->all)
		return 0;
	cli_usage("--all and --session exclude each other");
	return -1;
}

/* ------------------------------------------------------------------- restore */

static int restore_one(struct cli *cli, const void *opts)
{
	struct vlu_plan *plan;

	(void)opts;
	return cli_plan(cli, vlu_plan_restore(cli->ctx, cli->session, &plan), &plan);
}

static int run_restore(struct cli *cli, const void *opts)
{
	const struct incoming_opts *o = opts;
	struct vlu_plan *plan;
	char *waiting;
	int ret, status;

	if (o->all)
		return each_session(cli, restore_one, opts);
	ret = vlu_plan_restore(cli->ctx, cli->session, &plan);
	/* A user who named no session may not know that there are more. */
	waiting = out_need(strdup(ret || o->session ? "" : vlu_plan_waiting(plan)));
	status = cli_plan(cli, ret, &plan);
	if (status == VLU_OK && *waiting)
		cli_warn_restore_all(cli, waiting);
	free(waiting);
	return status;
}

/* -------------------------------------------------------------------- finish */

/* Tries again until the timeout. The lock is free between tries, so that VMMs can work. */
static int try_to_finish(struct cli *cli, const struct vlu_finish *how)
{
	static const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	unsigned int tries = cli->g.timeout * 10;
	struct vlu_plan *plan;
	int ret;

	for (;;) {
		if (vlu_plan_finish(cli->ctx, cli->session, how, &plan) < 0)
			return cli_fail(cli);
		if (cli->g.dry_run)
			return cli_plan(cli, 0, &plan);
		ret = vlu_plan_run(plan);
		if (ret == 0 || vlu_status(cli->ctx) != VLU_BUSY || !tries--)
			return cli_ran(cli, plan, ret);
		vlu_plan_free(plan);
		nanosleep(&pause, NULL);
	}
}

static int finish_when_taken(struct cli *cli, const struct vlu_finish *how)
{
	char what[128];
	int status;

	snprintf(what, sizeof(what), "waiting until VMMs have bound all of session %s", cli->session);
	progress_wait(NULL, what, cli->g.timeout);
	status = try_to_finish(cli, how);
	progress_wait(NULL, NULL, 0);
	return status;
}

static int finish_one(struct cli *cli, const void *opts)
{
	const struct incoming_opts *o = opts;
	const struct vlu_finish how = { o->wait, o->discard.n, o->discard.text, o->all };
	struct vlu_plan *plan;

	if (o->wait)
		return finish_when_taken(cli, &how);
	return cli_plan(cli, vlu_plan_finish(cli->ctx, cli->session, &how, &plan), &plan);
}

static int run_finish(struct cli *cli, const void *opts)
{
	const struct incoming_opts *o = opts;

	return o->all ? each_session(cli, finish_one, opts) : finish_one(cli, opts);
}

const struct command cmd_restore = {
	.name = "restore",
	.max_args = 0,
	.changes = true,
	.summary = "restore sessions and devices in the next kernel",
	.text = "Retrieves the session, binds its devices to vfio-pci, retrieves their "
		"files, and has the holder keep these files for a VMM or for finish. Does "
		"not bind the files to an iommufd: this is possible only once, and the VMM "
		"has to do it.",
	.opts = restore_opts,
	.size = sizeof(struct incoming_opts),
	.check = check_sessions,
	.run = run_restore,
};

const struct command cmd_finish = {
	.name = "finish",
	.max_args = 0,
	.changes = true,
	.summary = "end the live update",
	.text = "Ends the live update of a restored session. Afterwards its devices are "
		"ordinary devices bound to vfio-pci. The kernel demands that each device is "
		"bound to an iommufd; finish does this for each device that no VMM has.\nThe "
		"command refuses while a device or file of the session is not retrieved, "
		"while a process has a device open and has not bound it to an iommufd, and "
		"while it would free a memory file that no VMM has; --discard allows "
		"that.\n--wait binds nothing, but waits until VMMs have bound the "
		"devices, at most as long as --timeout allows.",
	.opts = finish_opts,
	.size = sizeof(struct incoming_opts),
	.check = check_sessions,
	.run = run_finish,
};

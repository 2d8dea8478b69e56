/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cmd.h"
#include "out.h"

struct preserve_opts {
	const char *session;
	const char *pid;
	struct opt_list fds;
};

#define IN(field) .offset = offsetof(struct preserve_opts, field)

static const struct opt preserve_opts[] = {
	OPT_SESSION(struct preserve_opts),
	{ .name = "pid", .type = OPT_TEXT, IN(pid), .arg = "PID",
	  .hint = HINT_PID,
	  .help = "preserve the device files that this VMM has open" },
	{ .name = "fd", .type = OPT_LIST, IN(fds), .arg = "N[=NAME]",
	  .help = "also preserve file N of the VMM; may be repeated" },
	OPT_END
};

static int preserve_vmm(struct cli *cli, const struct preserve_opts *o)
{
	struct vlu_vmm_file files[OPT_LIST_MAX];
	struct vlu_vmm_device *has = NULL;
	int pid = opt_pid(o->pid), status;
	struct vlu_plan *plan;
	const char *name;
	size_t i, n = 0;
	bool complete;

	if (pid < 0)
		return opt_usage(&cmd_preserve);
	for (i = 0; i < o->fds.n; i++) {
		name = strchr(o->fds.text[i], '=');
		files[i].name = name ? name + 1 : NULL;
		files[i].fd = opt_number(o->fds.text[i], name ? name : strchr(o->fds.text[i], '\0'));
		if (files[i].fd < 0) {
			cli_usage("--fd: '%s' is neither a number nor NUMBER=NAME",
				  o->fds.text[i]);
			return opt_usage(&cmd_preserve);
		}
	}
	status = cli->argc ? cli_select_of(cli, pid, &has, &n, &complete) : VLU_OK;
	free(has);
	if (status != VLU_OK)
		return status;
	return cli_plan(cli, vlu_plan_preserve_vmm(cli->ctx, cli->session, pid, cli->bdfs,
						   cli->n_bdfs, files, o->fds.n, &plan), &plan);
}

static int run_preserve(struct cli *cli, const void *opts)
{
	const struct preserve_opts *o = opts;
	struct vlu_plan *plan;
	int status;

	if (o->pid)
		return preserve_vmm(cli, o);
	if (o->fds.n)
		cli_usage("--fd needs --pid, the process that has it");
	else if (!cli->argc)
		cli_usage("missing argument BDF..., or --pid");
	if (o->fds.n || !cli->argc)
		return opt_usage(&cmd_preserve);
	status = cli_select(cli, &(struct vlu_selection){ 0 });
	if (status != VLU_OK)
		return status;
	return cli_plan(cli, vlu_plan_preserve(cli->ctx, cli->session, cli->bdfs, cli->n_bdfs,
					       &plan), &plan);
}

struct release_opts {
	const char *session;
	bool abandon;
};

static const struct opt release_opts[] = {
	OPT_SESSION(struct release_opts),
	{ .name = "abandon", .type = OPT_FLAG, .offset = offsetof(struct release_opts, abandon),
	  .help = "give up a session of the previous kernel for good" },
	OPT_END
};

/* Chooses among the devices of the session: a pattern means only these. */
static int select_members(struct cli *cli)
{
	struct vlu_selection what = { 0 };
	struct vlu_bdf *members = NULL;
	struct vlu_state *state;
	size_t i, j;
	int status;

	if (vlu_state_read(cli->ctx, cli->session, &state) < 0)
		return cli_fail(cli);
	for (i = 0; i < state->n_sessions; i++) {
		if (strcmp(state->sessions[i].name, cli->session))
			continue;
		what.n_of = state->sessions[i].n_devices;
		what.of = members = out_need(calloc(what.n_of + 1, sizeof(*members)));
		for (j = 0; j < what.n_of; j++)
			members[j] = state->sessions[i].devices[j].bdf;
	}
	vlu_state_free(state);
	status = cli_select(cli, &what);
	free(members);
	return status;
}

static int check_release(const void *opts, int argc)
{
	const struct release_opts *o = opts;

	if (!o->abandon || !argc)
		return 0;
	cli_usage("--abandon gives up the whole session, and takes no BDF");
	return -1;
}

static int run_release(struct cli *cli, const void *opts)
{
	const struct release_opts *o = opts;
	struct vlu_plan *plan;
	int status = cli->argc ? select_members(cli) : VLU_OK;

	if (status != VLU_OK)
		return status;
	return cli_plan(cli, vlu_plan_release(cli->ctx, cli->session, cli->bdfs, cli->n_bdfs,
					      o->abandon ? VLU_ABANDON : 0, &plan), &plan);
}

const struct command cmd_preserve = {
	.name = "preserve",
	.args = "[BDF...]",
	.hint = HINT_BDF,
	.max_args = -1,
	.changes = true,
	.summary = "preserve devices in a session",
	.text = "Opens the files of the devices, puts them into a session and starts the "
		"holder, which keeps the session open: a session that no process has open is "
		"lost. Devices can be added to a session later.\n--pid takes the files "
		"from a running VMM: those of all its devices, or of the named ones. The VMM "
		"keeps running; end it before the kexec. --fd also preserves another file of "
		"the VMM, such as a memfd with the memory of the guest.\n"
		PATTERNS "; with --pid, only devices that the VMM has open.",
	.opts = preserve_opts,
	.size = sizeof(struct preserve_opts),
	.run = run_preserve,
};

const struct command cmd_release = {
	.name = "release",
	.args = "[BDF...]",
	.hint = HINT_BDF,
	.offers = "member",
	.max_args = -1,
	.changes = true,
	.summary = "give up the preservation of devices or of a session",
	.text = "Gives up the preservation of the named devices, or of the whole session. "
		"The devices stay bound to vfio-pci. If other devices stay in the session, "
		"it is created again, and for a moment these devices are not preserved.\nA "
		"session of the previous kernel ends with restore and finish. If these are "
		"no longer possible, --abandon gives the session up: its devices cannot be "
		"opened before the next kexec or reboot.\n"
		PATTERNS ", but only devices of the session.",
	.opts = release_opts,
	.size = sizeof(struct release_opts),
	.check = check_release,
	.run = run_release,
};

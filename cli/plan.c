/* SPDX-License-Identifier: GPL-2.0-only */
/* Printing and running the plans of commands that change something. */
#include <signal.h>
#include <stdio.h>

#include "cli.h"
#include "journal.h"
#include "progress.h"

/* Prints the steps of a plan, or its results. */
static void print_plan(struct cli *cli, struct vlu_plan *plan, bool steps)
{
	size_t n = steps ? vlu_plan_count(plan) : vlu_plan_result_count(plan), i;
	const struct vlu_deed *deed;

	for (i = 0; i < n; i++) {
		deed = steps ? NULL : vlu_plan_result(plan, i);
		cli_row(cli, deed, deed ? deed->text : vlu_plan_step(plan, i));
	}
	if (steps && !n)
		cli_info(cli, "nothing to do");
}

/* Returns the signals that end a command, without ignored ones (nohup). */
static void ending(sigset_t *ret_signals)
{
	static const int all[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction now;
	size_t i;

	sigemptyset(ret_signals);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (sigaction(all[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaddset(ret_signals, all[i]);
}

int cli_signal(void)
{
	sigset_t signals, pending;
	int signal;

	ending(&signals);
	if (sigpending(&pending) < 0)
		return 0;
	for (signal = 1; signal < NSIG; signal++)
		if (sigismember(&signals, signal) == 1 && sigismember(&pending, signal) == 1)
			return signal;
	return 0;
}

bool cli_is_stopped(void *arg)
{
	(void)arg;
	return cli_signal() != 0;
}

void cli_stoppable(bool yes)
{
	sigset_t signals;

	ending(&signals);
	sigprocmask(yes ? SIG_BLOCK : SIG_UNBLOCK, &signals, NULL);
}

int cli_ran(struct cli *cli, struct vlu_plan *plan, int ret)
{
	int status = ret < 0 ? cli_fail(cli) : VLU_OK;
	size_t i;

	/* some devices may be done although others failed */
	if (status == VLU_OK || vlu_plan_result_count(plan))
		print_plan(cli, plan, false);
	for (i = 0; i < vlu_plan_result_count(plan); i++)
		journal_done(cli, vlu_plan_result(plan, i)->text);
	vlu_plan_free(plan);
	return status;
}

/* Prints the answer before the kexec, after which this program no longer exists. */
static void on_leave(void *arg, const char *text)
{
	static const struct vlu_deed deed = { .action = "kexec" };
	struct cli *cli = arg;

	cli_row(cli, &deed, text);
	cli_print_answer(cli, VLU_OK);
	cli_flush();
}

int cli_plan(struct cli *cli, int ret, struct vlu_plan **ret_plan)
{
	struct vlu_plan *plan;

	if (ret < 0)
		return cli_fail(cli);
	plan = *ret_plan;
	if (cli->g.dry_run) {
		print_plan(cli, plan, true);
		vlu_plan_free(plan);
		return VLU_OK;
	}
	progress_watch(plan);
	if (cli->g.json)
		vlu_plan_on_leave(plan, on_leave, cli);
	return cli_ran(cli, plan, vlu_plan_run(plan));
}

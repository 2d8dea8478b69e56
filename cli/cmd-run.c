/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cmd.h"
#include "out.h"

struct run_opts {
	const char *session;
	bool finish;
	bool again;
};

#define IN(field) .offset = offsetof(struct run_opts, field)

static const struct opt run_opts[] = {
	OPT_SESSION(struct run_opts),
	{ .name = "finish", .type = OPT_FLAG, IN(finish),
	  .help = "end the live update when all of it is bound" },
	{ .name = "again", .type = OPT_FLAG, IN(again),
	  .help = "even what another command has already" },
	OPT_END
};

/* The words with blanks in between, as one line. */
static char *join(char *const *words)
{
	char *line = NULL;
	size_t size;
	FILE *f = out_need(open_memstream(&line, &size));

	for (; *words; words++)
		fprintf(f, "%s%s", *words, words[1] ? " " : "");
	fclose(f);
	return out_need(line);
}

static int show(struct cli *cli, const struct vlu_loan *loan, bool finish)
{
	char *line = join(vlu_loan_argv(loan)), *finisher;
	const char *steps[2];

	if (asprintf(&finisher, "vfio-lu finish --wait --session %s", cli->session) < 0)
		out_need(NULL);
	steps[0] = line;
	steps[1] = finisher;
	cli_steps(cli, steps, finish ? 2 : 1);
	free(finisher);
	free(line);
	return VLU_OK;
}

/*
 * What sd_listen_fds(3) reads. A name there has no colon, so that of a device
 * has '+' in its place.
 */
static void announce(const struct vlu_loan *loan)
{
	char *names = NULL, number[16];
	size_t size, i;
	FILE *f = out_need(open_memstream(&names, &size));
	const char *p;

	for (i = 0; i < vlu_loan_count(loan); i++) {
		if (i)
			fputc(':', f);
		for (p = vlu_loan_at(loan, i)->name; *p; p++)
			fputc(*p == ':' ? '+' : *p, f);
	}
	fclose(f);
	setenv("LISTEN_FDNAMES", out_need(names), 1);
	snprintf(number, sizeof(number), "%zu", i);
	setenv("LISTEN_FDS", number, 1);
	snprintf(number, sizeof(number), "%d", (int)getpid());
	setenv("LISTEN_PID", number, 1);
	free(names);
}

/* Comes back only on failure. */
static int become(struct cli *cli, struct vlu_loan *loan, bool finish)
{
	char *const *argv = vlu_loan_argv(loan);

	if (vlu_loan_pass(loan) < 0 || (finish && vlu_loan_finish(loan) < 0))
		return cli_fail(cli);
	announce(loan);
	fflush(NULL);
	signal(SIGPIPE, SIG_DFL);	/* that we ignore it is our affair */
	execvp(argv[0], argv);
	if (errno == ENOENT)
		cli_error("%s: command not found; nothing was handed out", argv[0]);
	else
		cli_error("cannot execute %s: %s; nothing was handed out", argv[0],
			  strerror(errno));
	return VLU_FAILED;
}

static int run_run(struct cli *cli, const void *opts, int argc, char **argv)
{
	const struct run_opts *o = opts;
	struct vlu_loan *loan;
	int status;

	(void)argc;
	if (vlu_loan_new(cli->ctx, cli->session, argv, o->again, &loan) < 0)
		return cli_fail(cli);
	if (cli->g.dry_run) {
		status = show(cli, loan, o->finish);
	} else {
		status = become(cli, loan, o->finish);
		if (vlu_loan_return(loan) < 0)
			cli_fail(cli);
	}
	vlu_loan_free(loan);
	return status;
}

const struct command cmd_run = {
	.name = "run",
	.args = "COMMAND...",
	.hint = HINT_COMMAND,
	.min_args = 1,
	.max_args = -1,
	.changes = true,
	.summary = "start a VMM with what was restored",
	.text = "Becomes COMMAND, with the files of the restored session that its words "
		"name: {BDF} for a device, {NAME} for another file and {iommufd} for a "
		"fresh iommufd become the numbers that they are open as, from 3 on. A "
		"command that names none gets all but the iommufd. LISTEN_FDS and "
		"LISTEN_FDNAMES tell of them too. {{ stands for a brace.\n"
		"A device is given to one command at a time. It must bind the device "
		"before finish does; --finish waits for that in the background, as long "
		"as --timeout says, and ends the live update then.",
	.opts = run_opts,
	.size = sizeof(struct run_opts),
	.run = run_run,
};

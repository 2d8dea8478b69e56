/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "cmd.h"
#include "journal.h"
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
	  .help = "end the live update when every device is bound" },
	{ .name = "again", .type = OPT_FLAG, IN(again),
	  .help = "also give files that another command has already" },
	OPT_END
};

/* Joins the words with blanks to a line. */
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
	char finisher[128];
	char *line = join(vlu_loan_argv(loan));

	cli_row(cli, NULL, line);
	if (finish) {
		snprintf(finisher, sizeof(finisher), "vfio-lu finish --wait --session %s",
			 cli->session);
		cli_row(cli, NULL, finisher);
	}
	free(line);
	return VLU_OK;
}

/*
 * Sets the variables of sd_listen_fds(3). A name there must not have a colon, so the
 * name of a device has '+' instead.
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

/* Writes to the journal, before exec replaces this program. */
static void record(struct cli *cli, const struct vlu_loan *loan)
{
	char text[512];
	size_t i;

	for (i = 0; i < vlu_loan_count(loan); i++) {
		snprintf(text, sizeof(text), "%s  given to process %d, %s", vlu_loan_at(loan, i)->name,
			 (int)getpid(), vlu_loan_argv(loan)[0]);
		journal_done(cli, text);
	}
}

static bool is_executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Searches like execvp(), which later reports the error. */
static bool can_execute(const char *name)
{
	char *path = out_need(strdup(getenv("PATH") ? getenv("PATH") : "/bin:/usr/bin")), *save;
	bool found = strchr(name, '/') && is_executable(name);
	const char *dir;
	char *file;

	for (dir = strtok_r(path, ":", &save); !found && dir && !strchr(name, '/');
	     dir = strtok_r(NULL, ":", &save)) {
		if (asprintf(&file, "%s/%s", dir, name) < 0)
			out_need(NULL);
		found = is_executable(file);
		free(file);
	}
	free(path);
	return found;
}

/* Prints the lent files. From then on stdout belongs to the command. */
static void answer(struct cli *cli, const struct vlu_loan *loan)
{
	struct vlu_deed deed = { .action = "lend" };
	char text[128];
	size_t i;

	for (i = 0; i < vlu_loan_count(loan); i++) {
		snprintf(text, sizeof(text), "%s  given to the command, as file %d", vlu_loan_at(loan, i)->name,
			 vlu_loan_at(loan, i)->fd);
		cli_row(cli, &deed, text);
	}
	cli_print_answer(cli, VLU_OK);
}

/* Returns only on failure. */
static int become(struct cli *cli, struct vlu_loan *loan, bool finish)
{
	char *const *argv = vlu_loan_argv(loan);
	bool can = can_execute(argv[0]);

	if (cli_signal())
		return cli_error("stopped", "stopped by a signal; nothing was handed out");
	if (vlu_loan_pass(loan) < 0 || (finish && vlu_loan_finish(loan) < 0))
		return cli_fail(cli);
	announce(loan);
	if (can && cli->g.json)
		answer(cli, loan);
	record(cli, loan);
	fflush(NULL);
	signal(SIGPIPE, SIG_DFL);	/* only this program ignores it */
	cli_stoppable(false);
	execvp(argv[0], argv);
	cli_stoppable(true);
	if (errno == ENOENT) {
		cli_error("no-command", "%s: command not found; nothing was handed out", argv[0]);
		return 127;
	}
	cli_error("no-command", "cannot execute %s: %s; nothing was handed out", argv[0],
		  strerror(errno));
	return 126;
}

static int run_run(struct cli *cli, const void *opts)
{
	const struct run_opts *o = opts;
	struct vlu_loan *loan;
	int status;

	if (vlu_loan_new(cli->ctx, cli->session, cli->argv, o->again, &loan) < 0)
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
	.summary = "start a VMM with the restored files",
	.text = "Executes COMMAND with files of the restored session. A descriptor number "
		"replaces each of these words of COMMAND: {BDF} (the file of a device), {NAME} "
		"(another file) and {iommufd} (a new iommufd); {{ stands for a brace. A COMMAND "
		"that names no file gets all files, but no iommufd. LISTEN_FDS and "
		"LISTEN_FDNAMES describe the files too.\nOnly one process at a time gets a "
		"device, and it must bind the device before finish does. --finish waits in "
		"the background until all devices are bound, at most as long as --timeout "
		"allows, and then ends the live update.",
	.opts = run_opts,
	.size = sizeof(struct run_opts),
	.run = run_run,
};

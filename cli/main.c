/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cmd.h"
#include "offer.h"
#include "opt.h"
#include "out.h"
#include "progress.h"
#include "suggest.h"

static const struct command *const commands[] = {
	&cmd_list, &cmd_check, &cmd_bind, &cmd_unbind, &cmd_preserve, &cmd_release,
	&cmd_load, &cmd_kexec, &cmd_rehearse, &cmd_status, &cmd_inspect, &cmd_restore,
	&cmd_run, &cmd_finish, &cmd_timeline, &cmd_hold, NULL
};

#define TIMEOUT		10
#define NO_TIMEOUT	(~0u)	/* not given */

#define IN(field) .offset = offsetof(struct globals, field)

static const struct opt global_opts[] = {
	{ .name = "json", .type = OPT_FLAG, IN(json), .help = "print JSON" },
	{ .name = "columns", .type = OPT_TEXT, IN(columns), .arg = "LIST",
	  .hint = HINT_COLUMNS, .scope = FOR_TABLES,
	  .help = "print only these columns of the table, separated by commas" },
	{ .name = "no-headings", .type = OPT_FLAG, IN(no_headings),
	  .help = "print the table without its heading line" },
	{ .name = "color", .type = OPT_CHOICE, IN(color), .arg = "WHEN",
	  .choices = "auto|always|never",
	  .help = "auto (colour on a terminal), always or never" },
	{ .name = "quiet", .letter = 'q', .type = OPT_FLAG, IN(quiet),
	  .help = "on standard error, print only errors" },
	{ .name = "verbose", .letter = 'v', .type = OPT_FLAG, IN(verbose),
	  .help = "print more: every check, and internal steps" },
	{ .name = "dry-run", .letter = 'n', .type = OPT_FLAG, IN(dry_run),
	  .scope = FOR_CHANGES, .help = "print the steps but take none of them" },
	{ .name = "timeout", .type = OPT_UINT, IN(timeout), .arg = "SECONDS",
	  .help = "wait at most this long for a lock or device (default 10; rehearse: 120 a step)" },
	{ .name = "sysroot", .type = OPT_TEXT, IN(sysroot), .arg = "DIR",
	  .hint = HINT_DIR, .scope = FOR_LOOKS,
	  .help = "look at the captured machine below DIR" },
	{ .name = "help", .letter = 'h', .type = OPT_FLAG, IN(help),
	  .help = "print this text" },
	{ .name = "version", .letter = 'V', .type = OPT_FLAG, IN(version),
	  .help = "print the version" },
	{ .name = "dump-commands", .type = OPT_FLAG, IN(dump) },
	{ .name = "offer", .type = OPT_TEXT, IN(offer), .arg = "WHAT" },
	OPT_END
};

const struct model cli_model = { commands, global_opts };

static int read_session(struct cli *cli, const struct invocation *run)
{
	const struct opt *opt = run->command->opts;
	const char *name;

	for (; opt && opt->name; opt++) {
		if (opt->hint != HINT_SESSION)
			continue;
		/* a command that only looks is about all sessions */
		cli->session = run->command->changes ? DEFAULT_SESSION : NULL;
		name = *(const char **)((char *)run->opts + opt->offset);
		if (!name)
			continue;
		if (vlu_session_name_check(cli->ctx, name) < 0) {
			cli->session = NULL;
			cli_usage("%s", vlu_error(cli->ctx));
			return opt_usage(run->command);
		}
		cli->session = name;
	}
	return OPT_RUN;
}

static int read_columns(struct cli *cli, const struct invocation *run)
{
	struct suggestion suggestion = { .typed = NULL };
	const struct column *column;
	char *word;

	if (!cli->g.columns)
		return OPT_RUN;
	word = out_unknown_column(cli->g.columns, run->command->columns);
	if (!word)
		return OPT_RUN;
	suggestion.typed = word;
	for (column = run->command->columns; column->key; column++)
		suggest_offer(&suggestion, column->key);
	cli_usage("--columns: no column '%s'%s%s%s", word, suggestion.best ? "; did you mean '" : "",
		  suggestion.best ? suggestion.best : "", suggestion.best ? "'?" : "");
	free(word);
	return opt_usage(run->command);
}

/* Sets the directory by the XDG specification. root uses that of the host. */
static int set_rehearsals(struct cli *cli)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char dir[512] = "/var/lib/vfio-lu/rehearsals";

	if (geteuid() == 0)
		return vlu_set_rehearsals(cli->ctx, dir);
	if (state && state[0] == '/')
		snprintf(dir, sizeof(dir), "%s/vfio-lu/rehearsals", state);
	else if (home && home[0] == '/')
		snprintf(dir, sizeof(dir), "%s/.local/state/vfio-lu/rehearsals", home);
	else
		return 0;
	return vlu_set_rehearsals(cli->ctx, dir);
}

static int context(struct cli *cli, const struct command *command, const struct sys_ops *ops,
		   const char *root)
{
	int r = ops ? vlu_new_sys(ops, root, &cli->ctx) : vlu_new(&cli->ctx);

	if (r < 0)
		return cli_error("failed", "cannot look at this machine: %s", strerror(-r));
	vlu_set_log(cli->ctx, cli_log, cli);
	vlu_set_stop(cli->ctx, cli_is_stopped, NULL);
	if (cli->g.timeout == NO_TIMEOUT)
		cli->g.timeout = command->timeout ? command->timeout : TIMEOUT;
	vlu_set_timeout(cli->ctx, cli->g.timeout);
	if (vlu_set_holder(cli->ctx, NULL) < 0 || set_rehearsals(cli) < 0)
		return cli_fail(cli);
	return OPT_RUN;
}

/* Prints help, the version or the rows, when an option asks for them instead of a command. */
static int print_words(int what, const struct command *command)
{
	if (what == OPT_HELP)
		help_print(&cli_model, command);
	else if (what == OPT_VERSION)
		help_version();
	else
		help_dump(&cli_model);
	return VLU_OK;
}

static int offer(struct cli *cli, const struct sys_ops *ops, const char *root)
{
	static const struct command none = { .name = NULL };
	int r = context(cli, &none, ops, root);

	return r == OPT_RUN ? offer_print(cli, cli->g.offer) : r;
}

static int invoke(struct cli *cli, const struct invocation *run,
		  const struct sys_ops *ops, const char *root)
{
	const struct command *command = run->command;
	int r;

	cli->command = command;
	if (command->changes || command->works)
		cli_stoppable(true);
	r = context(cli, command, ops, root);
	if (r == OPT_RUN && command->hint == HINT_BDF)
		r = cli_check_patterns(cli, run->argc, run->argv);
	if (r == OPT_RUN)
		r = read_session(cli, run);
	if (r == OPT_RUN)
		r = read_columns(cli, run);
	if (r != OPT_RUN)
		return r;
	if ((!command->changes && !command->works) || cli->g.dry_run)
		vlu_set_read_only(cli->ctx);
	else if (command->changes && !ops && geteuid() != 0)
		return cli_error("no-root", "must be run as root");
	if (cli->g.sysroot && vlu_set_root(cli->ctx, cli->g.sysroot) < 0)
		return cli_fail(cli);
	cli->argc = run->argc;
	cli->argv = run->argv;
	progress_start(cli);
	return command->run(cli, run->opts);
}

/* Looks for --json in a command line that could not be parsed. */
static bool is_json_asked(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--json"))
			return true;
	return false;
}

int cli_main(int argc, char **argv, const struct sys_ops *ops, const char *root)
{
	struct cli cli = { .g = { .color = "auto", .timeout = NO_TIMEOUT } };
	struct invocation invocation = { 0 };
	int status, flushed;

	cli_prefix(NULL);
	cli_about(&cli);
	out_start();
	status = opt_parse(argc, argv, &cli_model, &cli.g, &invocation);
	cli.command = invocation.command;
	if (status == OPT_RUN) {
		out_colour(cli.g.color);
		status = invoke(&cli, &invocation, ops, root);
		status = cli_signal() ? 128 + cli_signal() : status;
		cli_print_answer(&cli, status);
	} else if (status == OPT_OFFER) {
		status = offer(&cli, ops, root);
	} else if (status < 0) {
		status = print_words(status, invocation.command);
	} else {
		cli.g.json |= is_json_asked(argc, argv);
		cli_print_answer(&cli, status);
	}
	flushed = cli_flush();
	json_object_put(cli.doc);
	vlu_free(cli.ctx);
	free(cli.bdfs);
	free(invocation.opts);
	return status == VLU_OK ? flushed : status;
}

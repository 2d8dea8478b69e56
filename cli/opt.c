/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "opt.h"
#include "opt-rows.h"
#include "suggest.h"

int opt_number(const char *text, const char *end)
{
	char *rest;
	long n = strtol(text, &rest, 10);

	return *text >= '0' && *text <= '9' && rest == end && n <= INT_MAX ? (int)n : -1;
}

int opt_pid(const char *text)
{
	int pid = opt_number(text, text + strlen(text));

	if (pid > 0)
		return pid;
	cli_usage("--pid: '%s' is not a process id", text);
	return -1;
}

bool opt_is_for(const struct opt *opt, const struct command *command)
{
	switch (opt->scope) {
	case FOR_CHANGES:
		return command->changes;
	case FOR_TABLES:
		return command->columns;
	case FOR_LOOKS:
		return !command->works;
	case FOR_ALL:
		break;
	}
	return true;
}

/* Refuses global options that have no meaning for the command. */
static int check_scopes(const struct model *model, const struct globals *globals,
			const struct command *command)
{
	static const char *const why[] = {
		[FOR_CHANGES] = "this command changes nothing",
		[FOR_LOOKS] = "this command does more than read files (without --dry-run)",
		[FOR_TABLES] = "this command prints no table",
	};
	const struct opt *opt;
	const char *field;

	for (opt = model->globals; opt->name; opt++) {
		field = (const char *)globals + opt->offset;
		if (opt_is_for(opt, command) &&
		    (opt->scope != FOR_LOOKS || !command->changes || globals->dry_run))
			continue;
		if (opt->type == OPT_FLAG ? *(const bool *)field :
		    *(const char *const *)field != NULL) {
			cli_usage("--%s makes no sense here: %s", opt->name, why[opt->scope]);
			return -1;
		}
	}
	if (globals->quiet && globals->verbose) {
		cli_usage("--quiet and --verbose exclude each other");
		return -1;
	}
	if (globals->json && globals->columns) {
		cli_usage("--columns is for the table, and --json prints every key");
		return -1;
	}
	return 0;
}

static int too_many(const char *word)
{
	cli_usage("one argument too many: '%s'", word);
	return opt_usage(NULL);
}

static int check_args(const struct command *command, int argc, char **argv)
{
	if (argc < command->min_args) {
		cli_usage("missing argument %s", command->args);
		return -1;
	}
	/* perhaps an unset variable of a script; addresses are checked later, the words of a VMM never */
	if (argc && !*argv[0] && command->hint != HINT_BDF) {
		cli_usage("argument %s is empty", command->args);
		return -1;
	}
	if (command->max_args >= 0 && argc > command->max_args) {
		cli_usage("one argument too many: '%s'", argv[command->max_args]);
		return -1;
	}
	return 0;
}

static const struct command *find_command(const struct model *model, const char *name)
{
	struct suggestion suggestion = { .typed = name };
	const struct command *const *command;

	for (command = model->commands; *command; command++) {
		if (!strcmp((*command)->name, name))
			return *command;
		suggest_offer(&suggestion, (*command)->name);
	}
	suggest_offer(&suggestion, "help");
	if (suggestion.best)
		cli_usage("unknown command '%s'; did you mean '%s'?", name, suggestion.best);
	else
		cli_usage("unknown command '%s'", name);
	return NULL;
}

/*
 * After a wrong option before the command: finds the command all the same, so that the answer has
 * its keys.
 */
static const struct command *named_later(const struct model *model, int argc, char **argv)
{
	const struct command *const *command;
	int i;

	for (i = optind; i < argc; i++)
		for (command = model->commands; *command; command++)
			if (!strcmp((*command)->name, argv[i]))
				return *command;
	return NULL;
}

static int no_command(void)
{
	cli_usage("missing COMMAND: vfio-lu [OPTION...] COMMAND [ARGUMENT...]");
	return opt_usage(NULL);
}

/* Returns the result for --version, --dump-commands or --offer. */
static int was_told(const struct globals *globals)
{
	return globals->version ? OPT_VERSION : globals->dump ? OPT_DUMP :
	       globals->offer ? OPT_OFFER : OPT_RUN;
}

/* Parses the words after the command: its own options and global ones, in any order. */
static int parse_command(int argc, char **argv, const struct model *model, struct rows *rows,
			 struct globals *globals, struct invocation *invocation)
{
	const struct command *command = invocation->command;

	cli_prefix(command->name);
	invocation->opts = calloc(1, command->size + 1);
	if (!invocation->opts)
		return cli_error("failed", "out of memory");
	rows->command = command;
	rows_add(rows, command->opts, invocation->opts);
	/* the arguments of a command to be run are not parsed */
	if (rows_parse(rows, argc, argv, command->hint == HINT_COMMAND) < 0)
		return opt_usage(command);
	invocation->argc = argc - optind;
	invocation->argv = argv + optind;
	if (globals->help)
		return OPT_HELP;
	if (was_told(globals) != OPT_RUN)
		return was_told(globals);
	if (check_scopes(model, globals, command) < 0 ||
	    check_args(command, invocation->argc, invocation->argv) < 0 ||
	    (command->check && command->check(invocation->opts, invocation->argc) < 0))
		return opt_usage(command);
	return OPT_RUN;
}

int opt_parse(int argc, char **argv, const struct model *model,
	      struct globals *globals, struct invocation *ret_invocation)
{
	struct rows rows = { .shorts = "+:", .model = model };
	bool by_word = false;
	int first, ret;

	rows_add(&rows, model->globals, globals);
	if (rows_parse(&rows, argc, argv, true) < 0) {
		ret_invocation->command = named_later(model, argc, argv);
		return opt_usage(NULL);
	}
	first = optind;
	while (first < argc && !strcmp(argv[first], "help")) {
		globals->help = by_word = true;
		argc -= first;
		argv += first;
		if (rows_parse(&rows, argc, argv, true) < 0)
			return opt_usage(NULL);
		first = optind;
	}
	if (was_told(globals) != OPT_RUN)
		return was_told(globals);
	if (first >= argc)
		return globals->help ? OPT_HELP : no_command();
	ret_invocation->command = find_command(model, argv[first]);
	if (!ret_invocation->command)
		return opt_usage(NULL);
	ret = parse_command(argc - first, argv + first, model, &rows, globals, ret_invocation);
	return ret == OPT_HELP && by_word && ret_invocation->argc ? too_many(ret_invocation->argv[0]) : ret;
}

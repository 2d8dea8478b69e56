/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "opt.h"
#include "suggest.h"

#define MAX_OPTS 32
#define MAX_NUMBER 1000000	/* in ms it still fits an int */
#define FIRST_VAL 256	/* above all letters; the row number is added */

const struct opt session_opts[] = {
	OPT_SESSION(struct session_opts),
	OPT_END
};

/* The arguments of getopt_long(), built from the rows. */
struct rows {
	size_t n;
	const struct opt *opt[MAX_OPTS];
	void *into[MAX_OPTS];
	bool given[MAX_OPTS];
	struct option longs[MAX_OPTS + 1];
	char shorts[2 * MAX_OPTS + 3];
};

static void rows_add(struct rows *rows, const struct opt *opt, void *into)
{
	char *s = rows->shorts + strlen(rows->shorts);

	for (; opt && opt->name && rows->n < MAX_OPTS; opt++, rows->n++) {
		rows->opt[rows->n] = opt;
		rows->into[rows->n] = into;
		rows->longs[rows->n] = (struct option){
			.name = opt->name,
			.has_arg = opt->arg ? required_argument : no_argument,
			.val = FIRST_VAL + (int)rows->n,
		};
		if (!opt->letter)
			continue;
		*s++ = opt->letter;
		if (opt->arg)
			*s++ = ':';
	}
}

static int rows_find(const struct rows *rows, int val)
{
	size_t i;

	for (i = 0; i < rows->n; i++)
		if (val == FIRST_VAL + (int)i || val == rows->opt[i]->letter)
			return (int)i;
	return -1;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t n = strlen(text), len;

	for (; *choices; choices += len + (choices[len] == '|')) {
		len = strcspn(choices, "|");
		if (len == n && !memcmp(choices, text, n))
			return true;
	}
	return false;
}

static int store_one_more(const struct opt *opt, struct numbers *numbers,
			  unsigned int number)
{
	if (numbers->n == sizeof(numbers->at) / sizeof(numbers->at[0])) {
		cli_usage("--%s: more than %zu times", opt->name, numbers->n);
		return -1;
	}
	numbers->at[numbers->n++] = number;
	return 0;
}

static int store(const struct opt *opt, void *into, const char *text)
{
	void *field = (char *)into + opt->offset;
	struct opt_list *list = field;
	unsigned long number;
	char *end;

	switch (opt->type) {
	case OPT_FLAG:
		*(bool *)field = true;
		return 0;
	case OPT_UINT:
	case OPT_UINTS:
		errno = 0;
		number = strtoul(text, &end, 10);
		if (*text < '0' || *text > '9' || *end || errno ||
		    number > MAX_NUMBER) {
			cli_usage("--%s: '%s' is not a number from 0 to %d",
				  opt->name, text, MAX_NUMBER);
			return -1;
		}
		if (opt->type == OPT_UINTS)
			return store_one_more(opt, field, (unsigned int)number);
		*(unsigned int *)field = (unsigned int)number;
		return 0;
	case OPT_CHOICE:
		if (!is_choice(opt->choices, text)) {
			cli_usage("--%s: '%s' is not one of %s", opt->name, text,
				  opt->choices);
			return -1;
		}
		break;
	case OPT_LIST:
		if (list->n == OPT_LIST_MAX) {
			cli_usage("--%s was given more than %d times", opt->name, OPT_LIST_MAX);
			return -1;
		}
		list->text[list->n++] = text;
		return 0;
	case OPT_TEXT:
		if (!*text && !opt->empty) {
			cli_usage("--%s: %s is empty", opt->name, opt->arg);
			return -1;
		}
		break;
	}
	*(const char **)field = text;
	return 0;
}

/*
 * Returns the word that getopt_long() has read. getopt_long() accepts abbreviations. We refuse
 * them, because a later option could make an abbreviation in a runbook ambiguous.
 */
static const char *current_word(char **argv)
{
	const char *word = argv[optind - 1];

	return optarg == word ? argv[optind - 2] : word;
}

static bool is_whole(const struct opt *opt, const char *word)
{
	size_t n = strlen(opt->name);

	return strncmp(word, "--", 2) || (!strncmp(word + 2, opt->name, n) &&
	       (word[2 + n] == '\0' || word[2 + n] == '='));
}

/* Reports an unknown option such as "--sesion", with a suggestion. */
static void unknown_long(const struct rows *rows, const char *word)
{
	struct suggestion suggestion = { .typed = strndupa(word + 2, strcspn(word + 2, "=")) };
	size_t i;

	for (i = 0; i < rows->n; i++)
		if (rows->opt[i]->help)
			suggest_offer(&suggestion, rows->opt[i]->name);
	if (suggestion.best)
		cli_usage("unknown option '--%s'; did you mean '--%s'?", suggestion.typed,
			  suggestion.best);
	else
		cli_usage("unknown option '--%s'", suggestion.typed);
}

/* Refuses a second value: one of the two would be ignored, perhaps the right one. */
static int check_once(struct rows *rows, int i)
{
	const struct opt *opt = rows->opt[i];

	if (rows->given[i] && opt->arg && opt->type != OPT_LIST && opt->type != OPT_UINTS) {
		cli_usage("--%s was given twice", opt->name);
		return -1;
	}
	rows->given[i] = true;
	return 0;
}

static int unknown(const struct rows *rows, int val, const char *word)
{
	int i = val ? rows_find(rows, val) : -1;

	if (i >= 0)
		cli_usage("--%s takes no argument", rows->opt[i]->name);
	else if (!strncmp(word, "--", 2))
		unknown_long(rows, word);
	else
		cli_usage("unknown option '-%c'", val);
	return -1;
}

/* Parses to the end, or to the first argument. */
static int rows_parse(struct rows *rows, int argc, char **argv, bool to_first)
{
	const char *shorts = rows->shorts + (to_first ? 0 : strlen("+"));
	int val, i, r;

	opterr = 0;
	optind = 0;	/* glibc: reset the parser */
	while ((val = getopt_long(argc, argv, shorts, rows->longs, NULL)) != -1) {
		if (val == '?')
			return unknown(rows, optopt, argv[optind - 1]);
		i = rows_find(rows, val == ':' ? optopt : val);
		if (val == ':') {
			cli_usage("--%s needs %s", rows->opt[i]->name,
				  rows->opt[i]->arg);
			return -1;
		}
		if (val >= FIRST_VAL && !is_whole(rows->opt[i], current_word(argv)))
			return unknown(rows, 0, current_word(argv));
		r = check_once(rows, i);
		if (!r)
			r = store(rows->opt[i], rows->into[i], optarg);
		if (r < 0)
			return r;
	}
	return 0;
}

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
		[FOR_LOOKS] = "this command does more than look (without --dry-run)",
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
			cli_usage("--%s makes no sense here: %s", opt->name,
				  why[opt->scope]);
			return -1;
		}
	}
	if (globals->quiet && globals->verbose) {
		cli_usage("--quiet and --verbose exclude each other");
		return -1;
	}
	if (globals->json && globals->columns) {
		cli_usage("--columns chooses for the table, --json prints every key");
		return -1;
	}
	return 0;
}

static int check_args(const struct command *command, int argc, char **argv)
{
	if (argc < command->min_args) {
		cli_usage("missing argument %s", command->args);
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
	struct rows rows = { .shorts = "+:" };
	int first;

	rows_add(&rows, model->globals, globals);
	if (rows_parse(&rows, argc, argv, true) < 0)
		return opt_usage(NULL);
	first = optind;
	if (first < argc && !strcmp(argv[first], "help")) {
		globals->help = true;
		if (argc > ++first + 1) {
			cli_usage("one argument too many: '%s'", argv[first + 1]);
			return opt_usage(NULL);
		}
	}
	if (was_told(globals) != OPT_RUN)
		return was_told(globals);
	if (first >= argc)
		return globals->help ? OPT_HELP : no_command();
	ret_invocation->command = find_command(model, argv[first]);
	if (!ret_invocation->command)
		return opt_usage(NULL);
	return parse_command(argc - first, argv + first, model, &rows, globals, ret_invocation);
}

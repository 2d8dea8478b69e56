/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "opt.h"

#define MAX_OPTS 32
#define MAX_NUMBER 1000000	/* in ms it still fits an int */
#define FIRST_VAL 256	/* above every letter; the row number is added */

const struct opt session_opts[] = {
	OPT_SESSION(struct session_opts),
	OPT_END
};

/* What getopt_long() wants to see, built from the rows. */
struct rows {
	size_t n;
	const struct opt *opt[MAX_OPTS];
	void *into[MAX_OPTS];
	struct option longs[MAX_OPTS + 1];
	char shorts[2 * MAX_OPTS + 3];
};

static void rows_start(struct rows *rows, const char *mode)
{
	memset(rows, 0, sizeof(*rows));
	strcpy(rows->shorts, mode);
}

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
		cli_error("--%s: more than %zu times", opt->name, numbers->n);
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
			cli_error("--%s: '%s' is not a number from 0 to %d",
				  opt->name, text, MAX_NUMBER);
			return -1;
		}
		if (opt->type == OPT_UINTS)
			return store_one_more(opt, field, (unsigned int)number);
		*(unsigned int *)field = (unsigned int)number;
		return 0;
	case OPT_CHOICE:
		if (!is_choice(opt->choices, text)) {
			cli_error("--%s: '%s' is not one of %s", opt->name, text,
				  opt->choices);
			return -1;
		}
		break;
	case OPT_LIST:
		if (list->n == OPT_LIST_MAX) {
			cli_error("--%s was given more than %d times", opt->name, OPT_LIST_MAX);
			return -1;
		}
		list->text[list->n++] = text;
		return 0;
	case OPT_TEXT:
		if (!*text && !opt->empty) {
			cli_error("--%s: %s is empty", opt->name, opt->arg);
			return -1;
		}
		break;
	}
	*(const char **)field = text;
	return 0;
}

/*
 * The word of argv that getopt_long() is at. It takes abbreviations; a runbook
 * with one in it would break with the next option, so we do not.
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

static int unknown(const struct rows *rows, int val, const char *word)
{
	int i = val ? rows_find(rows, val) : -1;

	if (i >= 0)
		cli_error("--%s takes no argument", rows->opt[i]->name);
	else if (!strncmp(word, "--", 2))
		cli_error("unknown option '%.*s'", (int)strcspn(word, "="), word);
	else
		cli_error("unknown option '-%c'", val);
	return -1;
}

/* Up to the end, or to the first argument when rows say so ("+"). */
static int rows_parse(const struct rows *rows, int argc, char **argv)
{
	int val, i, r;

	opterr = 0;
	optind = 0;	/* glibc: forget what was parsed before */
	while ((val = getopt_long(argc, argv, rows->shorts, rows->longs,
				  NULL)) != -1) {
		if (val == '?')
			return unknown(rows, optopt, argv[optind - 1]);
		i = rows_find(rows, val == ':' ? optopt : val);
		if (val == ':') {
			cli_error("--%s needs %s", rows->opt[i]->name,
				  rows->opt[i]->arg);
			return -1;
		}
		if (val >= FIRST_VAL && !is_whole(rows->opt[i], current_word(argv)))
			return unknown(rows, 0, current_word(argv));
		r = store(rows->opt[i], rows->into[i], optarg);
		if (r < 0)
			return r;
	}
	return 0;
}

bool opt_applies(const struct opt *opt, const struct command *command)
{
	switch (opt->scope) {
	case FOR_CHANGES:
		return command->changes;
	case FOR_TABLES:
		return command->columns;
	case FOR_LOOKS:
	case FOR_ALL:
		break;
	}
	return true;
}

/* Global options that the command has no use for: refused, not ignored. */
static int check_scopes(const struct globals *globals,
			const struct command *command)
{
	static const char *const why[] = {
		[FOR_CHANGES] = "it changes nothing",
		[FOR_LOOKS] = "it changes the machine (without --dry-run)",
		[FOR_TABLES] = "it prints no table",
	};
	const struct opt *opt;
	const char *field;

	for (opt = global_opts; opt->name; opt++) {
		field = (const char *)globals + opt->offset;
		if (opt_applies(opt, command) &&
		    (opt->scope != FOR_LOOKS || !command->changes || globals->dry_run))
			continue;
		if (opt->type == OPT_FLAG ? *(const bool *)field :
		    *(const char *const *)field != NULL) {
			cli_error("--%s makes no sense here: %s", opt->name,
				  why[opt->scope]);
			return -1;
		}
	}
	if (globals->quiet && globals->verbose) {
		cli_error("--quiet and --verbose exclude each other");
		return -1;
	}
	if (globals->json && globals->columns) {
		cli_error("--columns chooses for the table, --json prints every key");
		return -1;
	}
	return 0;
}

static int check_args(const struct command *command, int argc, char **argv)
{
	if (argc < command->min_args) {
		cli_error("missing argument %s", command->args);
		return -1;
	}
	if (command->max_args >= 0 && argc > command->max_args) {
		cli_error("one argument too many: '%s'", argv[command->max_args]);
		return -1;
	}
	return 0;
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	cli_error("unknown command '%s'", name);
	return NULL;
}

int opt_usage(const struct command *command)
{
	if (command)
		fprintf(stderr, "try 'vfio-lu %s --help'\n", command->name);
	else
		fputs("try 'vfio-lu --help'\n", stderr);
	return VLU_USAGE;
}

static int no_command(void)
{
	fputs("usage: vfio-lu [OPTION...] COMMAND [ARGUMENT...]\n", stderr);
	return opt_usage(NULL);
}

/* --version and --dump-commands, wherever they stood. */
static bool was_told(const struct globals *globals)
{
	if (globals->version)
		help_version();
	else if (globals->dump)
		help_dump();
	return globals->version || globals->dump;
}

/* The words after the command: its options and global ones, in any order. */
static int parse_command(int argc, char **argv, struct globals *globals,
			 struct invocation *invocation)
{
	const struct command *command = invocation->command;
	struct rows rows;

	cli_prefix(command->name);
	invocation->opts = calloc(1, command->size + 1);
	if (!invocation->opts) {
		cli_error("out of memory");
		return VLU_FAILED;
	}
	/* What follows a command to be run is not looked into. */
	rows_start(&rows, command->hint == HINT_COMMAND ? "+:" : ":");
	rows_add(&rows, global_opts, globals);
	rows_add(&rows, command->opts, invocation->opts);
	if (rows_parse(&rows, argc, argv) < 0)
		return opt_usage(command);
	invocation->argc = argc - optind;
	invocation->argv = argv + optind;
	if (globals->help) {
		help_print(command);
		return VLU_OK;
	}
	if (was_told(globals))
		return VLU_OK;
	if (check_scopes(globals, command) < 0 ||
	    check_args(command, invocation->argc, invocation->argv) < 0 ||
	    (command->check && command->check(invocation->opts, invocation->argc) < 0))
		return opt_usage(command);
	return OPT_RUN;
}

int opt_parse(int argc, char **argv, struct globals *globals,
	      struct invocation *ret_invocation)
{
	struct invocation invocation = { 0 };
	struct rows rows;
	int first, r;

	rows_start(&rows, "+:");
	rows_add(&rows, global_opts, globals);
	if (rows_parse(&rows, argc, argv) < 0)
		return opt_usage(NULL);
	first = optind;
	if (first < argc && !strcmp(argv[first], "help")) {
		globals->help = true;
		first++;
	}
	if (was_told(globals))
		return VLU_OK;
	if (first >= argc) {
		if (!globals->help)
			return no_command();
		help_print(NULL);
		return VLU_OK;
	}
	invocation.command = find_command(argv[first]);
	if (!invocation.command)
		return opt_usage(NULL);
	r = parse_command(argc - first, argv + first, globals, &invocation);
	if (r == OPT_RUN)
		*ret_invocation = invocation;
	else
		free(invocation.opts);
	return r;
}

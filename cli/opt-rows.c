/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "opt.h"
#include "opt-rows.h"
#include "suggest.h"

#define MAX_NUMBER 1000000	/* in ms it still fits an int */
#define FIRST_VAL 256	/* above all letters; the row number is added */

void rows_add(struct rows *rows, const struct opt *opt, void *into)
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
			cli_usage("--%s: '%s' is not one of %s", opt->name, text, opt->choices);
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

static bool is_of_another(const struct model *model, const char *name)
{
	const struct command *const *command;
	const struct opt *opt;

	for (command = model->commands; *command; command++)
		for (opt = (*command)->opts; opt && opt->name; opt++)
			if (!strcmp(opt->name, name))
				return true;
	return false;
}

/* Reports an unknown option such as "--sesion", with a suggestion. */
static void unknown_long(const struct rows *rows, const char *word)
{
	struct suggestion suggestion = { .typed = strndupa(word + 2, strcspn(word + 2, "=")) };
	size_t i;

	if (is_of_another(rows->model, suggestion.typed)) {
		cli_usage(rows->command ? "this command has no option --%s" :
			  "--%s belongs after the command", suggestion.typed);
		return;
	}
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

/* Returns whether the word is an option, or the end of the options. */
static bool is_option(const struct rows *rows, const char *word)
{
	size_t i;

	if (!strcmp(word, "--"))
		return true;
	for (i = 0; i < rows->n; i++)
		if (!strncmp(word, "--", 2) ? is_whole(rows->opt[i], word) :
		    word[0] == '-' && word[1] && word[1] == rows->opt[i]->letter && !word[2])
			return true;
	return false;
}

/*
 * A script with an empty variable forgets the value, and getopt_long() takes the next option for
 * it: "--session --json". "--json" would be a valid name of a session.
 */
static int check_value(const struct rows *rows, const struct opt *opt, char **argv)
{
	if (!opt->arg || optarg != argv[optind - 1] || !is_option(rows, optarg))
		return 0;
	cli_usage("--%s needs %s, and '%s' is an option; if it is the value: --%s=%s", opt->name,
		  opt->arg, optarg, opt->name, optarg);
	return -1;
}

int rows_parse(struct rows *rows, int argc, char **argv, bool to_first)
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
			cli_usage("--%s needs %s", rows->opt[i]->name, rows->opt[i]->arg);
			return -1;
		}
		if (val >= FIRST_VAL && !is_whole(rows->opt[i], current_word(argv)))
			return unknown(rows, 0, current_word(argv));
		r = check_value(rows, rows->opt[i], argv);
		if (!r)
			r = check_once(rows, i);
		if (!r)
			r = store(rows->opt[i], rows->into[i], optarg);
		if (r < 0)
			return r;
	}
	return 0;
}

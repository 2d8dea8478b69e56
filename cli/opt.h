/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One row per command, one row per option. Parsing, --help, the completions and the check of the
 * man page read only these rows.
 */
#ifndef CLI_OPT_H
#define CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>

struct cli;
struct column;
struct globals;

enum opt_type {
	OPT_FLAG,	/* bool */
	OPT_TEXT,	/* const char *, not empty */
	OPT_UINT,	/* unsigned int */
	OPT_UINTS,	/* struct numbers: each use adds one */
	OPT_CHOICE,	/* const char *, one of .choices ("auto|always|never") */
	OPT_LIST,	/* struct opt_list: may be given more than once */
};

#define OPT_LIST_MAX 32

struct opt_list {
	size_t n;
	const char *text[OPT_LIST_MAX];
};

struct numbers {
	size_t n;
	unsigned int at[64];
};

/* How a shell completes an argument. */
enum opt_hint {
	HINT_NONE,
	HINT_COMMAND,	/* a command; all later words are its arguments */
	HINT_BDF,	/* or a pattern of BDFs; checked, and chosen by cli_select() */
	HINT_FILE,
	HINT_DIR,
	HINT_COLUMNS,
	HINT_SESSION,	/* stored in cli->session */
	HINT_PID,
};

/*
 * The commands that accept a global option. FOR_LOOKS: read-only commands, and with --dry-run those
 * that change something.
 */
enum opt_scope { FOR_ALL, FOR_CHANGES, FOR_LOOKS, FOR_TABLES };

struct opt {
	const char *name;	/* "dry-run" */
	char letter;		/* 'n', or 0 */
	enum opt_type type;
	size_t offset;		/* offset of the field in the options struct */
	const char *arg;	/* "SECONDS"; NULL: the option takes no value */
	const char *choices;
	enum opt_hint hint;
	enum opt_scope scope;
	bool empty;		/* an empty text is allowed */
	const char *help;	/* one line without full stop; NULL: hidden */
};

#define OPT_END { .name = NULL }

struct command {
	const char *name;
	const char *args;	/* "BDF..." as in the synopsis, NULL for none */
	enum opt_hint hint;	/* the kind of its arguments */
	const char *offers;	/* completions of its arguments (offer.c); NULL: any */
	int min_args, max_args;	/* max_args < 0: no limit */
	const char *summary;	/* one line, for the list of commands */
	const char *text;	/* paragraphs for --help, lines of any length */
	bool changes;		/* needs root, accepts --dry-run */
	bool works;		/* for any user: runs programs, writes the user's files */
	unsigned int timeout;	/* default of --timeout; 0: the common one */
	const struct opt *opts;	/* NULL for none */
	size_t size;		/* size of its options struct, which is zeroed at the start */
	/*
	 * Keys of its JSON object, arrays with "[]". NULL: "results[]", or "steps[]" with
	 * --dry-run.
	 */
	const char *answer;
	const struct column *columns; /* columns of its table; NULL: no table */
	/* checks conditions that rows cannot express: returns 0, or -1 after cli_usage() */
	int (*check)(const void *opts, int argc);
	int (*run)(struct cli *cli, const void *opts);
};

/* The whole program, as opt_parse() and help.c know it. */
struct model {
	const struct command *const *commands;	/* NULL-terminated */
	const struct opt *globals;		/* options in struct globals */
};

struct invocation {
	const struct command *command;
	void *opts;		/* the caller frees it */
	int argc;		/* the command's arguments, without options */
	char **argv;
};

/*
 * Parses argv, and reorders it: options may stand anywhere, "--" ends them. Returns OPT_RUN;
 * or another OPT_: what to print, about ret_invocation->command or, if that is NULL, about the
 * program; or the exit status after an error.
 */
#define OPT_RUN (-1)
#define OPT_HELP (-2)
#define OPT_VERSION (-3)
#define OPT_DUMP (-4)
#define OPT_OFFER (-5)
int opt_parse(int argc, char **argv, const struct model *model,
	      struct globals *globals, struct invocation *ret_invocation);
bool opt_is_for(const struct opt *opt, const struct command *command);

/* Returns the unsigned number between text and end, or -1. */
int opt_number(const char *text, const char *end);
/* Returns the argument of --pid, or -1 after cli_usage(). */
int opt_pid(const char *text);

/* Defines the --session row of a command with this options type. main.c reads and checks it. */
#define OPT_SESSION(options)							\
	{ .name = "session", .type = OPT_TEXT, .arg = "NAME", .empty = true,	\
	  .offset = offsetof(options, session), .hint = HINT_SESSION,		\
	  .help = "the session (default " DEFAULT_SESSION ")" }

/* help.c: prints help to stdout. command NULL: of the program. */
void help_print(const struct model *model, const struct command *command);
void help_version(void);
/* Prints the model as tab-separated lines for completions/ and the tests. */
void help_dump(const struct model *model);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One row a command, one row an option. Parsing, --help, the completions and
 * the check of the man page all read these rows and nothing else.
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
	OPT_UINTS,	/* struct numbers, one more each time it is given */
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

/* What completes an argument. HINT_BDF arguments are read into cli->bdfs. */
enum opt_hint {
	HINT_NONE,
	HINT_COMMAND,	/* and its arguments: all behind it is its own */
	HINT_BDF,
	HINT_PATTERN,	/* or of several; the command chooses them */
	HINT_FILE,
	HINT_DIR,
	HINT_COLUMNS,
	HINT_SESSION,	/* read into cli->session */
};

/*
 * The commands for which a global option makes sense. FOR_LOOKS: all, but those
 * that change something only with --dry-run.
 */
enum opt_scope { FOR_ALL, FOR_CHANGES, FOR_LOOKS, FOR_TABLES };

struct opt {
	const char *name;	/* "dry-run" */
	char letter;		/* 'n', or 0 */
	enum opt_type type;
	size_t offset;		/* of the field in the options struct */
	const char *arg;	/* "SECONDS", NULL for a flag */
	const char *choices;
	enum opt_hint hint;
	enum opt_scope scope;
	bool empty;		/* an empty text means something */
	const char *help;	/* one line, no full stop; NULL: hidden */
};

#define OPT_END { .name = NULL }

struct command {
	const char *name;
	const char *args;	/* "BDF..." as in the synopsis, NULL for none */
	enum opt_hint hint;	/* of its arguments */
	int min_args, max_args;	/* max_args < 0: no limit */
	const char *summary;	/* one line, for the list of commands */
	const char *text;	/* paragraphs for --help, lines of any length */
	bool changes;		/* needs root, knows --dry-run */
	const struct opt *opts;	/* NULL for none */
	size_t size;		/* of its options struct, which starts at zero */
	const struct column *columns; /* of its table, NULL: prints none */
	/* what the rows cannot say of its words: 0, or -1 after cli_error() */
	int (*check)(const void *opts, int argc);
	int (*run)(struct cli *cli, const void *opts, int argc, char **argv);
};

extern const struct command *const commands[];	/* NULL-terminated, main.c */
extern const struct opt global_opts[];		/* into struct globals */

struct invocation {
	const struct command *command;
	void *opts;		/* freed by the caller */
	int argc;		/* what is left: the command's arguments */
	char **argv;
};

/*
 * Splits argv: options may stand anywhere, "--" ends them. argv is reordered.
 * OPT_RUN, or the exit status to end with: help, the version or an error has
 * been printed.
 */
#define OPT_RUN (-1)
int opt_parse(int argc, char **argv, struct globals *globals,
	      struct invocation *ret_invocation);

/*
 * The --session row of a command whose options are of this type; main.c reads
 * and checks it.
 */
#define OPT_SESSION(options)							\
	{ .name = "session", .type = OPT_TEXT, .arg = "NAME", .empty = true,	\
	  .offset = offsetof(options, session), .hint = HINT_SESSION,		\
	  .help = "the session (default " DEFAULT_SESSION ")" }

struct session_opts {
	const char *session;
};
extern const struct opt session_opts[];

/* Second line of a usage error, after cli_error(): what to try. Returns 2. */
int opt_usage(const struct command *command);

/* help.c: to stdout. NULL: of the program. */
void help_print(const struct command *command);
void help_version(void);
/* The whole model as tab-separated lines: what completions/ and tests read. */
void help_dump(void);
bool opt_applies(const struct opt *opt, const struct command *command);

#endif

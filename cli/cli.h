/* SPDX-License-Identifier: GPL-2.0-only */
/* What every command gets, and what they share. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "vfio-lu.h"

struct command;
struct json_object;

/* The global options; their rows are in main.c. */
struct globals {
	bool json;
	const char *columns;
	bool no_headings;
	const char *color;
	bool quiet;
	bool verbose;
	bool dry_run;
	unsigned int timeout;
	const char *sysroot;
	bool help;
	bool version;
	bool dump;
};

struct cli {
	struct vlu_ctx *ctx;
	struct globals g;
	const char *session;	/* checked; the default when none was given */
	struct vlu_bdf *bdfs;	/* the arguments of a command that takes BDFs, */
	size_t n_bdfs;		/* without repetitions */
};

/*
 * "vfio-lu COMMAND: text" on stderr, without COMMAND as long as none is known.
 * --quiet silences the second one.
 */
void cli_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cli_info(struct cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void cli_prefix(const char *command);

/* Prints the context's last failure and returns its exit status. */
int cli_fail(struct cli *cli);

/* Prints the steps (--dry-run), or takes them and prints the results; frees plan. */
int cli_plan(struct cli *cli, struct vlu_plan *plan);

/* The second half of it, for a plan that was run and returned ret. */
int cli_ran(struct cli *cli, struct vlu_plan *plan, int ret);

/* Prints the steps of a command that has no plan. */
void cli_steps(struct cli *cli, const char *const *texts, size_t n);

/* "preservable", "not-preservable" or "unknown". */
const char *cli_verdict(enum vlu_result result);

#define DEFAULT_SESSION "vfio-lu"

/*
 * main() of the program. ops and root: another boundary than the real kernel
 * (lib/sys.h), or NULL. Then root rights are not asked for.
 */
struct sys_ops;
int cli_main(int argc, char **argv, const struct sys_ops *ops, const char *root);

#endif

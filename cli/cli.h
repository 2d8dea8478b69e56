/* SPDX-License-Identifier: GPL-2.0-only */
/* The context that all commands share. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "message.h"
#include "vfio-lu.h"

struct command;
struct json_object;
struct vlu_deed;

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
	const char *offer;
};

struct cli {
	struct vlu_ctx *ctx;
	const struct command *command;	/* NULL until it is known */
	struct globals g;
	const char *session;	/* a valid name; NULL: all, or none */
	int argc;		/* arguments without options */
	char **argv;
	struct vlu_bdf *bdfs;	/* the devices that cli_select() chose, each once */
	size_t n_bdfs;
	struct json_object *doc;	/* the answer, NULL: none yet */
};

/*
 * Sets the answer of the command. With --json the program prints it as one object, with any errors
 * added. cli owns doc from now on.
 */
void cli_answer(struct cli *cli, struct json_object *doc);
/* Prints the object with --json. status is the exit status of the program. */
void cli_print_answer(struct cli *cli, int status);

/* Checks that all are addresses or patterns of them. Returns OPT_RUN, or the exit status. */
int cli_check_patterns(struct cli *cli, int argc, char **argv);
/* Chooses cli->bdfs according to the arguments and how. Returns VLU_OK, or the exit status. */
int cli_select(struct cli *cli, const struct vlu_selection *how);
/*
 * Chooses among the devices that process pid (0: any) has open; without arguments, chooses none.
 * *ret_has lists all these devices; the caller frees it even after a failure. *ret_complete: this
 * user could see all devices.
 */
int cli_select_of(struct cli *cli, int pid, struct vlu_vmm_device **ret_has, size_t *ret_n,
		  bool *ret_complete);

/* For the texts of commands that take patterns. */
#define PATTERNS \
	"BDF is an address or a pattern: 0000:81:00.* is every function of a slot, " \
	"0000:81:* is every function on a bus"

/*
 * Prints the steps of a plan (--dry-run), or runs it and prints the results. Frees the plan. ret is
 * the result of vlu_plan_...(); reports it if that failed.
 */
int cli_plan(struct cli *cli, int ret, struct vlu_plan **ret_plan);

/* Does the rest of cli_plan() for a plan that was run and returned ret. */
int cli_ran(struct cli *cli, struct vlu_plan *plan, int ret);

/*
 * Adds a result, or a step (deed NULL). The text names its subject first, before two blanks or a
 * colon.
 */
void cli_row(struct cli *cli, const struct vlu_deed *deed, const char *text);
/*
 * Blocks the signals that end this program, or unblocks them. While they are blocked, cli_signal()
 * returns the signal that came (0: none), and cli_is_stopped() makes the library stop its work.
 */
void cli_stoppable(bool yes);
int cli_signal(void);
bool cli_is_stopped(void *arg);

#define DEFAULT_SESSION "vfio-lu"

/*
 * main() of the program. ops and root replace the real kernel (lib/sys/sys.h); both may be NULL.
 * With ops, root rights are not required.
 */
struct sys_ops;
int cli_main(int argc, char **argv, const struct sys_ops *ops, const char *root);

#endif

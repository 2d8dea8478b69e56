/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages go to stderr. With --json, failures and warnings are in "error" and "warnings", too.
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include "vfio-lu.h"

struct cli;
struct command;
struct json_object;

/* Sets the command that later messages name; NULL: not known. */
void cli_prefix(const char *command);
/* Sets the struct cli of later messages: its session is named in --json and in the journal. */
void cli_about(struct cli *cli);

/* Prints "vfio-lu COMMAND: text" for a wrong command line. opt_usage() follows. */
void cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/*
 * Works like cli_usage(), but for any other failure. code is one of vlu_code_at(). Returns
 * its status.
 */
int cli_error(const char *code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Warns, although nothing failed. --quiet hides the text. */
void cli_warn(struct cli *cli, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Warns that these sessions, joined by commas, wait for restore. */
void cli_warn_restore_all(struct cli *cli, const char *sessions);
/* Reports progress, only to people. --quiet hides it. */
void cli_info(struct cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Reports the context's last failure, which ends a command. Returns the exit status. */
int cli_fail(struct cli *cli);

/* Reports a log message of the library: a vlu_log_fn whose arg is the struct cli. */
void cli_log(void *arg, enum vlu_level level, const struct vlu_problem *problem);

/* Returns whether the command has reported a warning or an error so far. */
bool cli_has_warned(void);

/* Flushes stdout. Returns VLU_OK, or the exit status after a message if output was lost. */
int cli_flush(void);

/*
 * Adds "error", which is the last failure with the exit status, and "warnings", which are all
 * earlier messages.
 */
void message_answer(struct json_object *doc, int status);

/* "preservable", "not-preservable" or "unknown". */
const char *cli_verdict(enum vlu_result result);

/* Prints the second line of a usage error, which names --help. Returns 2. */
int opt_usage(const struct command *command);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "journal.h"
#include "opt.h"
#include "out.h"
#include "progress.h"
#include "suggest.h"
#include "text.h"

static struct {
	struct cli *cli;
	const char *command;
	struct json_object *error, *warnings;	/* rows; NULL: none */
} told;

void cli_prefix(const char *command)
{
	told.command = command;
}

void cli_about(struct cli *cli)
{
	told.cli = cli;
}

static void print(const char *text)
{
	char *copy = out_need(strdup(text));

	out_clean(copy);
	progress_pause();
	/* stdout was printed first */
	fflush(stdout);
	fprintf(stderr, "vfio-lu%s%s: %s\n", told.command ? " " : "",
		told.command ? told.command : "", copy);
	progress_resume();
	free(copy);
}

/*
 * The session that the sentence begins with, or the session of the command, or else the session in
 * which the sentence says that a device is.
 */
static const char *session_of(const struct vlu_problem *problem, char name[64])
{
	const char *in = strstr(problem->text, " in session ");

	if (problem->status == VLU_USAGE)
		return told.cli ? told.cli->session : NULL;
	if (sscanf(problem->text, "session %63[^ :,;]", name) == 1)
		return name;
	if (told.cli && told.cli->session)
		return told.cli->session;
	return in && sscanf(in, " in session %63[^ :,;]", name) == 1 ? name : NULL;
}

/* The device of the problem, or else the address with which the text begins. */
static const char *bdf_of(const struct vlu_problem *problem, char name[VLU_BDF_SIZE])
{
	size_t n = strcspn(problem->text, " ");

	if (problem->bdf)
		return problem->bdf;
	return n && problem->text[n - 1] == ':' ? text_bdf(problem->text, n - 1, name) : NULL;
}

static struct json_object *row_of(const struct vlu_problem *problem)
{
	struct json_object *row = out_need(json_object_new_object());
	char session[64], bdf[VLU_BDF_SIZE];

	out_number(row, "status", problem->status);
	out_text(row, "code", problem->code);
	out_text(row, "message", problem->text);
	out_text(row, "bdf", bdf_of(problem, bdf));
	out_text(row, "session", session_of(problem, session));
	out_text(row, "fix", problem->fix);
	out_words(row, "fix_argv", problem->fix_argv);
	return row;
}

bool cli_has_warned(void)
{
	return told.warnings;
}

static void add_warning(struct json_object *row)
{
	if (!told.warnings)
		told.warnings = out_need(json_object_new_array());
	json_object_array_add(told.warnings, row);
}

/* Writes a record. Returns true if stderr goes to the journal, so that the record is enough. */
static bool is_recorded(const struct vlu_problem *problem, bool failed)
{
	if (!told.cli || problem->status == VLU_USAGE)
		return false;
	return failed ? journal_failed(told.cli, problem->status, problem->code, problem->text) :
	       journal_note(told.cli, problem->status ? VLU_LOG_ERROR : VLU_LOG_WARNING,
			    problem->code, problem->text);
}

/*
 * Handles every failure and every warning. The last failure becomes "error", and earlier ones move
 * to "warnings".
 */
static void message_tell(const struct vlu_problem *problem, bool failed, bool shown)
{
	struct json_object *row = row_of(problem);

	if (!failed) {
		add_warning(row);
	} else {
		if (told.error)
			add_warning(told.error);
		told.error = row;
	}
	if (!is_recorded(problem, failed) && shown)
		print(problem->text);
}

static char *format(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
static char *format(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		out_need(NULL);
	return text;
}

void cli_usage(const char *fmt, ...)
{
	struct vlu_problem problem = { .status = VLU_USAGE, .code = "usage" };
	va_list ap;
	char *text;

	va_start(ap, fmt);
	problem.text = text = format(fmt, ap);
	va_end(ap);
	message_tell(&problem, true, true);
	free(text);
}

int cli_error(const char *code, const char *fmt, ...)
{
	struct vlu_problem problem = { .code = code };
	const char *word, *meaning;
	va_list ap;
	char *text;
	size_t i;

	for (i = 0; (word = vlu_code_at(i, &problem.status, &meaning)); i++)
		if (!strcmp(word, code))
			break;
	va_start(ap, fmt);
	problem.text = text = format(fmt, ap);
	va_end(ap);
	message_tell(&problem, true, true);
	free(text);
	return problem.status;
}

void cli_warn(struct cli *cli, const char *code, const char *fmt, ...)
{
	struct vlu_problem problem = { .code = code };
	va_list ap;
	char *text;

	va_start(ap, fmt);
	problem.text = text = format(fmt, ap);
	va_end(ap);
	message_tell(&problem, false, !cli->g.quiet);
	free(text);
}

void cli_warn_restore_all(struct cli *cli, const char *sessions)
{
	static const char *const fix[] = { "vfio-lu", "restore", "--all", NULL };
	struct vlu_problem problem = { .code = "unfinished", .fix = "vfio-lu restore --all", .fix_argv = fix };
	char *text;

	if (asprintf(&text, "session %s: not restored yet; fix: %s", sessions, problem.fix) < 0)
		out_need(NULL);
	problem.text = text;
	message_tell(&problem, false, !cli->g.quiet);
	free(text);
}

void cli_info(struct cli *cli, const char *fmt, ...)
{
	va_list ap;
	char *text;

	if (cli->g.quiet)
		return;
	va_start(ap, fmt);
	text = format(fmt, ap);
	va_end(ap);
	print(text);
	free(text);
}

void cli_log(void *arg, enum vlu_level level, const struct vlu_problem *problem)
{
	struct vlu_problem warning = *problem;
	struct cli *cli = arg;

	switch (level) {
	case VLU_LOG_ERROR:
		/* the failure of the whole command follows as the last */
		message_tell(problem, false, true);
		break;
	case VLU_LOG_WARNING:
		warning.status = VLU_OK;
		message_tell(&warning, false, !cli->g.quiet);
		break;
	case VLU_LOG_INFO:
		if (!journal_note(cli, level, NULL, problem->text))
			cli_info(cli, "%s", problem->text);
		break;
	case VLU_LOG_DEBUG:
		/* the library logs failures when they happen, and the last one is printed later */
		if (cli->g.verbose && strcmp(problem->text, vlu_error(cli->ctx)))
			print(problem->text);
		break;
	}
}

int cli_fail(struct cli *cli)
{
	struct vlu_problem problem = *vlu_problem(cli->ctx);
	char *text = suggest_after(cli, &problem);

	if (problem.status == VLU_OK)
		problem.status = VLU_FAILED;
	if (text)
		problem.text = text;
	message_tell(&problem, true, true);
	free(text);
	return (int)problem.status;
}

int cli_flush(void)
{
	static bool failed;
	int ret = out_flush();

	/* once: --watch flushes after each look */
	if (ret < 0 && failed)
		return VLU_FAILED;
	failed = ret < 0;
	/* nobody reads a message about a closed pipe */
	if (ret < 0 && ret != -EPIPE)
		cli_error("output", "cannot write to standard output: %s",
			  ret == -EIO ? "a part of the output was lost" : strerror(-ret));
	return ret < 0 ? VLU_FAILED : VLU_OK;
}

void message_answer(struct json_object *doc, int status)
{
	struct vlu_problem stopped = { .code = "stopped", .text = "a signal ended the command" };

	if (!told.error && status > 128)
		message_tell(&stopped, true, false);
	/* the status after several failures, or a signal, is known only now */
	if (told.error && status)
		out_number(told.error, "status", status);
	json_object_object_add(doc, "error", told.error);
	json_object_object_add(doc, "warnings", told.warnings ? told.warnings :
			       out_need(json_object_new_array()));
	told.error = told.warnings = NULL;
}

const char *cli_verdict(enum vlu_result result)
{
	return result == VLU_UNKNOWN ? "unknown" :
	       result == VLU_FAIL ? "not-preservable" : "preservable";
}

int opt_usage(const struct command *command)
{
	if (command)
		fprintf(stderr, "try 'vfio-lu %s --help'\n", command->name);
	else
		fputs("try 'vfio-lu --help'\n", stderr);
	return VLU_USAGE;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cmd.h"
#include "opt.h"
#include "out.h"

const struct command *const commands[] = {
	&cmd_list, &cmd_check, &cmd_bind, &cmd_unbind, &cmd_preserve, &cmd_release,
	&cmd_load, &cmd_kexec, &cmd_status, &cmd_inspect, &cmd_restore, &cmd_run,
	&cmd_finish, &cmd_hold, NULL
};

#define IN(field) .offset = offsetof(struct globals, field)

const struct opt global_opts[] = {
	{ .name = "json", .type = OPT_FLAG, IN(json), .help = "print JSON" },
	{ .name = "columns", .type = OPT_TEXT, IN(columns), .arg = "LIST",
	  .hint = HINT_COLUMNS, .scope = FOR_TABLES,
	  .help = "print these columns of the table, joined by commas" },
	{ .name = "no-headings", .type = OPT_FLAG, IN(no_headings),
	  .help = "print no line of headings" },
	{ .name = "color", .type = OPT_CHOICE, IN(color), .arg = "WHEN",
	  .choices = "auto|always|never",
	  .help = "auto (colour on a terminal), always or never" },
	{ .name = "quiet", .letter = 'q', .type = OPT_FLAG, IN(quiet),
	  .help = "say nothing on standard error but what went wrong" },
	{ .name = "verbose", .letter = 'v', .type = OPT_FLAG, IN(verbose),
	  .help = "say more: every check, and what goes on inside" },
	{ .name = "dry-run", .letter = 'n', .type = OPT_FLAG, IN(dry_run),
	  .scope = FOR_CHANGES, .help = "print the steps and do none" },
	{ .name = "timeout", .type = OPT_UINT, IN(timeout), .arg = "SECONDS",
	  .help = "wait so long for a lock or a device (default 10)" },
	{ .name = "sysroot", .type = OPT_TEXT, IN(sysroot), .arg = "DIR",
	  .hint = HINT_DIR, .scope = FOR_LOOKS,
	  .help = "look at the captured machine below DIR" },
	{ .name = "help", .letter = 'h', .type = OPT_FLAG, IN(help),
	  .help = "print this text" },
	{ .name = "version", .letter = 'V', .type = OPT_FLAG, IN(version),
	  .help = "print the version" },
	{ .name = "dump-commands", .type = OPT_FLAG, IN(dump) },
	OPT_END
};

/* -------------------------------------------------------------- messages */

static const char *prefix;

void cli_prefix(const char *command)
{
	prefix = command;
}

static void __attribute__((format(printf, 1, 0))) say(const char *fmt, va_list ap)
{
	char *text;

	/* what is on stdout was said first */
	fflush(stdout);
	if (vasprintf(&text, fmt, ap) < 0) {
		fputs("vfio-lu: out of memory\n", stderr);
		return;
	}
	out_clean(text);
	fprintf(stderr, "vfio-lu%s%s: %s\n", prefix ? " " : "",
		prefix ? prefix : "", text);
	free(text);
}

void cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void cli_info(struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	if (cli->g.quiet)
		return;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

static void on_log(void *arg, enum vlu_level level, const char *text)
{
	struct cli *cli = arg;

	if (level == VLU_LOG_ERROR)
		cli_error("%s", text);
	else if (level < VLU_LOG_DEBUG)
		cli_info(cli, "%s", text);
	/* failures are logged when they happen; the last one is printed later */
	else if (cli->g.verbose && strcmp(text, vlu_error(cli->ctx)))
		cli_error("%s", text);
}

int cli_fail(struct cli *cli)
{
	enum vlu_status status = vlu_status(cli->ctx);

	cli_error("%s", vlu_error(cli->ctx));
	return status == VLU_OK ? VLU_FAILED : (int)status;
}

const char *cli_verdict(enum vlu_result result)
{
	switch (result) {
	case VLU_PASS:
	case VLU_WARN:
		return "preservable";
	case VLU_FAIL:
		return "not-preservable";
	case VLU_UNKNOWN:
		break;
	}
	return "unknown";
}

/* ------------------------------------------------------------ invocation */

static int read_bdfs(struct cli *cli, const struct invocation *run)
{
	struct vlu_bdf bdf;
	size_t j;
	int i;

	cli->bdfs = calloc((size_t)run->argc + 1, sizeof(*cli->bdfs));
	if (!cli->bdfs) {
		cli_error("out of memory");
		return VLU_FAILED;
	}
	for (i = 0; i < run->argc; i++) {
		if (vlu_bdf_parse(run->argv[i], &bdf) < 0) {
			cli_error("'%s' is not a PCI address (DDDD:BB:DD.F)",
				  run->argv[i]);
			return opt_usage(run->command);
		}
		for (j = 0; j < cli->n_bdfs; j++)
			if (!vlu_bdf_compare(cli->bdfs[j], bdf))
				break;
		if (j == cli->n_bdfs)
			cli->bdfs[cli->n_bdfs++] = bdf;
	}
	return OPT_RUN;
}

/* What they choose is for the command to find out. */
static int read_patterns(struct cli *cli, const struct invocation *run)
{
	int i;

	for (i = 0; i < run->argc; i++) {
		if (vlu_pattern_check(cli->ctx, run->argv[i]) < 0) {
			cli_error("%s", vlu_error(cli->ctx));
			return opt_usage(run->command);
		}
	}
	return OPT_RUN;
}

static int read_session(struct cli *cli, const struct invocation *run)
{
	const struct opt *opt = run->command->opts;
	const char *name;

	cli->session = DEFAULT_SESSION;
	for (; opt && opt->name; opt++) {
		if (opt->hint != HINT_SESSION)
			continue;
		name = *(const char **)((char *)run->opts + opt->offset);
		if (!name)
			continue;
		if (vlu_session_name_check(cli->ctx, name) < 0) {
			cli_error("%s", vlu_error(cli->ctx));
			return opt_usage(run->command);
		}
		cli->session = name;
	}
	return OPT_RUN;
}

static int read_columns(struct cli *cli, const struct invocation *run)
{
	char *word;

	if (!cli->g.columns)
		return OPT_RUN;
	word = out_unknown_column(cli->g.columns, run->command->columns);
	if (!word)
		return OPT_RUN;
	cli_error("--columns: no column '%s'", word);
	free(word);
	return opt_usage(run->command);
}

static int context(struct cli *cli, const struct sys_ops *ops, const char *root)
{
	int r = ops ? vlu_new_sys(ops, root, &cli->ctx) : vlu_new(&cli->ctx);

	if (r < 0) {
		cli_error("cannot look at this machine: %s", strerror(-r));
		return VLU_FAILED;
	}
	vlu_set_log(cli->ctx, on_log, cli);
	vlu_set_timeout(cli->ctx, cli->g.timeout);
	if (vlu_set_holder(cli->ctx, NULL) < 0)
		return cli_fail(cli);
	return OPT_RUN;
}

static int invoke(struct cli *cli, const struct invocation *run,
		  const struct sys_ops *ops, const char *root)
{
	const struct command *command = run->command;
	int r;

	r = context(cli, ops, root);
	if (r == OPT_RUN && command->hint == HINT_BDF)
		r = read_bdfs(cli, run);
	if (r == OPT_RUN && command->hint == HINT_PATTERN)
		r = read_patterns(cli, run);
	if (r == OPT_RUN)
		r = read_session(cli, run);
	if (r == OPT_RUN)
		r = read_columns(cli, run);
	if (r != OPT_RUN)
		return r;
	if (!command->changes || cli->g.dry_run)
		vlu_set_read_only(cli->ctx);
	else if (!ops && geteuid() != 0) {
		cli_error("must be run as root");
		return VLU_FAILED;
	}
	if (cli->g.sysroot && vlu_set_root(cli->ctx, cli->g.sysroot) < 0)
		return cli_fail(cli);
	return command->run(cli, run->opts, run->argc, run->argv);
}

int cli_main(int argc, char **argv, const struct sys_ops *ops, const char *root)
{
	struct cli cli = { .g = { .color = "auto", .timeout = 10 } };
	struct invocation invocation = { 0 };
	int status;

	cli_prefix(NULL);
	out_start();
	status = opt_parse(argc, argv, &cli.g, &invocation);
	if (status == OPT_RUN) {
		out_colour(cli.g.color);
		status = invoke(&cli, &invocation, ops, root);
	}
	vlu_free(cli.ctx);
	free(cli.bdfs);
	free(invocation.opts);
	if (out_flush() < 0 && status == VLU_OK)
		status = VLU_FAILED;
	return status;
}

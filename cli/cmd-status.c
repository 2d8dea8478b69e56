/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cmd.h"
#include "out.h"
#include "status.h"
#include "suggest.h"
#include "template.h"

static const char *phrase(struct json_object *session, const char *state)
{
	const char *of_session = out_get(session, "state");

	if (!strcmp(state, "preserved") && of_session && !strcmp(of_session, "waiting"))
		return "preserved by the previous kernel";
	if (!strcmp(state, "bound"))
		return "bound to an iommufd, which cannot be undone";
	if (!strcmp(state, "mismatch"))
		return "another device than the one preserved";
	return state;
}

/* Prints the devices, or the files, of a session. */
static void print_members(struct json_object *session, const char *what, const char *name,
			  const char *more)
{
	struct json_object *row;
	const char *state;
	char *text;

	out_each(row, out_member(session, what)) {
		state = out_get(row, "state");
		state = state ? state : "unknown";
		text = template_text(more, &(struct scope){ row, NULL });
		out_print("  %s", out_get(row, name));
		out_tab(16);
		out_word(state, phrase(session, state));
		out_fill(16, 0, text);
		free(text);
	}
}

static void print_session(struct cli *cli, struct json_object *session)
{
	const char *detail = out_get(session, "detail"), *way = out_get(session, "way");
	const char *command = out_get(session, "command");

	template_print("session  {name}   {direction}, ", session);
	out_word(out_get(session, "state"), NULL);
	if (way && strlen(way) < 60) {
		out_line("   next: %s", way);
	} else if (way) {
		out_line("%s", "");
		out_print("  next: ");
		out_fill(8, 0, way);
	} else {
		out_line("%s", "");
	}
	if (detail) {
		out_print("  ");
		out_fill(2, 0, detail);
	}
	if (cli->g.verbose) {
		out_print("  known from    ");
		template_print("{known_from}\n", session);
	}
	if (strcmp(out_get(session, "manifest"), "ok") &&
	    strcmp(out_get(session, "direction"), "unknown"))
		template_print("  manifest {manifest}\n", session);
	print_members(session, "devices", "bdf", "; [now with {driver}|no driver][; {detail}]");
	print_members(session, "files", "name", "; a file of the VMM[; {detail}]");
	if (command && cli->g.verbose) {
		out_print("  taken from    ");
		out_fill(16, 0, command);
	}
}

static void print_report(struct cli *cli, struct json_object *doc)
{
	struct json_object *row;

	template_print("kernel   [{release}|unknown]"
		       "[{kho_boot:yes}, by kexec[ from {previous_release}]"
		       "[ ({kexec_count:th} since cold boot)][, live update {liveupdate_number}]|"
		       "{kho_boot:no}, booted with nothing handed over to it; no live update yet|"
		       "{liveupdate_number}, live update {liveupdate_number}]\n", out_member(doc, "kernel"));
	if (out_member(doc, "loaded"))
		template_print("image    the next kernel is loaded: {image}[ and {initrd}]"
			       "[; {missing} does not exist any more|"
			       "{judged:no}, not checked for all that is preserved now]\n",
			       out_member(doc, "loaded"));
	else
		template_print("[{kexec_loaded:yes}image    the next kernel is loaded\n]", doc);
	template_print("[holder   process {pid}[, managed by {managed_by}]\n]",
		       out_member(doc, "holder"));
	out_each(row, out_member(doc, "sessions"))
		print_session(cli, row);
	out_each(row, out_member(doc, "others"))
		template_print("{kind}   {bdf}  preserved by the previous kernel, {place}\n", row);
	template_print("[{sessions:empty}no sessions[{complete:no} that this user can see]\n]", doc);
}

struct status_opts {
	const char *session;
	bool check;
	bool watch;
	bool metrics;
};

static bool is_listed(const struct vlu_state *state, const char *session)
{
	size_t i;

	for (i = 0; i < state->n_sessions; i++)
		if (!strcmp(state->sessions[i].name, session))
			return true;
	return false;
}

static int no_session(struct cli *cli, const struct vlu_state *state)
{
	struct suggestion suggestion = { .typed = cli->session };
	size_t i;

	for (i = 0; i < state->n_sessions; i++)
		suggest_offer(&suggestion, state->sessions[i].name);
	return cli_error("no-session", "there is no session %s%s%s%s%s", cli->session,
			 state->complete ? "" : " that this user can see",
			 suggestion.best ? "; did you mean " : "",
			 suggestion.best ? suggestion.best : "", suggestion.best ? "?" : "");
}

/* Warns that this user could not see some facts. */
static void tell_unseen(struct cli *cli, const struct vlu_state *state)
{
	if (state->holder_detail)
		cli_warn(cli, "unseen", "%s", state->holder_detail);
	else if (!state->complete)
		cli_warn(cli, "unseen", "this user cannot see everything: sessions and devices "
			 "that are not listed are unknown");
	if (state->incoming_known == VLU_NO)
		cli_warn(cli, "unseen", "the kernel log could not be read: incoming devices "
			 "may be missing");
}

static int run_status(struct cli *cli, const void *opts)
{
	const struct status_opts *o = opts;
	int status = VLU_OK;
	struct json_object *doc;
	struct vlu_state *state;

	if ((o->watch || o->metrics) && cli->g.json) {
		cli_usage("--%s prints lines, --json one object", o->watch ? "watch" : "metrics");
		return opt_usage(&cmd_status);
	}
	if (vlu_state_read(cli->ctx, cli->session, &state) < 0)
		return cli_fail(cli);
	if (o->watch) {
		status = o->session && !is_listed(state, o->session) ? no_session(cli, state) : VLU_OK;
		vlu_state_free(state);
		return status == VLU_OK ? status_watch(cli) : status;
	}
	doc = status_doc(cli, state);
	if (o->metrics)
		status_metrics(cli, state);
	else if (!cli->g.json)
		print_report(cli, doc);
	cli_answer(cli, doc);
	tell_unseen(cli, state);
	if (o->check)
		status = status_verdict(state);
	if (o->session && !is_listed(state, o->session))
		status = no_session(cli, state);
	vlu_state_free(state);
	return status;
}

static int check_options(const void *opts, int argc)
{
	const struct status_opts *o = opts;

	(void)argc;
	if (o->watch + o->check + o->metrics <= 1)
		return 0;
	cli_usage("--check, --watch and --metrics exclude each other");
	return -1;
}

#define IN(field) .offset = offsetof(struct status_opts, field)

static const struct opt status_opts[] = {
	OPT_SESSION(struct status_opts),
	{ .name = "check", .type = OPT_FLAG, IN(check),
	  .help = "report by the exit status whether something remains to be done" },
	{ .name = "watch", .type = OPT_FLAG, IN(watch),
	  .help = "print a line for each change, until a signal ends the command" },
	{ .name = "metrics", .type = OPT_FLAG, IN(metrics),
	  .help = "print metrics, for the node exporter of Prometheus" },
	OPT_END
};

const struct command cmd_status = {
	.name = "status",
	.max_args = 0,
	.summary = "show sessions, devices, the holder and the next command",
	.text = "Shows which devices are preserved, which process holds them, what was "
		"handed over, and the next command for each session. Opens nothing that "
		"could disturb a live update. --session gives the name of the session "
		"for incoming devices that no manifest names; if no such session exists, "
		"the exit status is 3.\nWith --check the exit status is 0 if every session is "
		"held or there is none, 3 if something waits for a command, 5 if the holder "
		"does not answer, and 6 if something is lost, incomplete, partly restored "
		"or unknown.\n--watch looks once a second and prints changes. --metrics prints "
		"OpenMetrics text; vfio-lu-metrics.timer writes it for the node exporter.",
	.answer = "complete kernel kexec_loaded loaded holder sessions[] incoming_devices[]",
	.opts = status_opts,
	.size = sizeof(struct status_opts),
	.check = check_options,
	.run = run_status,
};

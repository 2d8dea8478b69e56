/* SPDX-License-Identifier: GPL-2.0-only */
/* --check reports the state as an exit status, --watch reports its changes. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "out.h"
#include "status.h"
#include "template.h"

static enum vlu_status verdict_of(enum vlu_standing standing)
{
	switch (standing) {
	case VLU_STANDING_HELD:
		return VLU_OK;
	case VLU_STANDING_WAITING:
	case VLU_STANDING_RESTORED:
	case VLU_STANDING_FINISHED:
		return VLU_NOT_PRESERVABLE;
	case VLU_STANDING_INCOMPLETE:
	case VLU_STANDING_PARTLY_RESTORED:
	case VLU_STANDING_LOST:
	case VLU_STANDING_UNKNOWN:
		break;
	}
	return VLU_PARTIAL;
}

int status_verdict(const struct vlu_state *state)
{
	enum vlu_status worst = VLU_OK, verdict;
	size_t i;

	if (state->holder == VLU_HOLDER_SILENT || state->holder == VLU_HOLDER_RESTARTING)
		return VLU_BUSY;
	/* the kernel log, which is missing, may be the only source of a handover */
	if (!state->complete || (state->incoming_known == VLU_NO && state->kho_boot != VLU_NO &&
				 !state->named && !state->n_sessions))
		worst = VLU_PARTIAL;
	for (i = 0; i < state->n_sessions; i++) {
		verdict = verdict_of(state->sessions[i].standing);
		if (verdict > worst)
			worst = verdict;
	}
	return (int)worst;
}

/* ----------------------------------------------------------------- watch */

/* Adds a line of text about a thing, under its kind and name. name NULL: there is only one. */
static void add(struct json_object *lines, const char *kind, const char *name,
		const char *template, struct json_object *row)
{
	char *text = template_text(template, &(struct scope){ row, NULL }), *key;

	if (asprintf(&key, "%s%s%s", kind, name ? " " : "", name ? name : "") < 0)
		out_need(NULL);
	out_text(lines, key, text);
	free(text);
	free(key);
}

static struct json_object *lines_of(struct json_object *doc)
{
	struct json_object *lines = out_need(json_object_new_object()), *session, *row;
	struct json_object *loaded = out_member(doc, "loaded"), *holder = out_member(doc, "holder");

	add(lines, "image", NULL, "[{kexec_loaded:yes}the next kernel is loaded|"
	    "{kexec_loaded:no}no kernel is loaded|not known]", doc);
	if (loaded)
		add(lines, "image", out_get(loaded, "image"), "[{missing} does not exist any more|"
		    "{judged:yes}checked for what is preserved|not checked for all that is preserved]", loaded);
	if (holder)
		add(lines, "holder", NULL, "[process {pid}, ]{health}", holder);
	out_each(session, out_member(doc, "sessions")) {
		add(lines, "session", out_get(session, "name"), "{direction}, {state}[; next: "
		    "{way}]", session);
		out_each(row, out_member(session, "devices"))
			add(lines, "device", out_get(row, "bdf"), "{state}; [now with {driver}|no "
			    "driver][; {detail}]", row);
		out_each(row, out_member(session, "files"))
			add(lines, "file", out_get(row, "name"), "{state}[; {detail}]", row);
	}
	return lines;
}

static void print_change(const char *key, const char *text)
{
	char moment[32];
	time_t now = time(NULL);
	struct tm tm;

	strftime(moment, sizeof(moment), "%Y-%m-%dT%H:%M:%S%z", localtime_r(&now, &tm));
	out_line("%s  %s  %s", moment, key, text);
}

/* Prints the lines that are new or changed, and those that have disappeared. */
static void print_changes(struct json_object *before, struct json_object *now)
{
	const char *was;

	json_object_object_foreach(now, key, text) {
		was = out_get(before, key);
		if (!was || strcmp(was, json_object_get_string(text)))
			print_change(key, json_object_get_string(text));
	}
	json_object_object_foreach(before, old, gone) {
		(void)gone;
		if (!out_get(now, old))
			print_change(old, "gone");
	}
}

/* Waits a second. As long as nothing changes, nothing is written, so poll() tells if the reader left. */
static bool has_reader_left(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 1000) > 0;
}

/*
 * Polls, because some changes cannot be waited for: a driver binds a device, a holder is killed, a
 * line appears in the kernel log.
 */
int status_watch(struct cli *cli)
{
	struct json_object *before = out_need(json_object_new_object()), *doc, *now;
	struct vlu_state *state;
	int status = VLU_OK;

	do {
		if (vlu_state_read(cli->ctx, cli->session, &state) < 0)
			status = cli_fail(cli);
		if (status != VLU_OK)
			break;
		doc = status_doc(cli, state);
		now = lines_of(doc);
		print_changes(before, now);
		json_object_put(doc);
		json_object_put(before);
		vlu_state_free(state);
		before = now;
		status = cli_flush();
	} while (status == VLU_OK && !has_reader_left());
	json_object_put(before);
	return status == VLU_OK ? VLU_FAILED : status;
}

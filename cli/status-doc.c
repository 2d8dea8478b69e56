/* SPDX-License-Identifier: GPL-2.0-only */
/* Builds the answer of "status". */
#include <stdio.h>

#include "cli.h"
#include "out.h"
#include "status.h"

static void add_kernel(struct json_object *doc, const struct vlu_state *state)
{
	struct json_object *kernel = out_object(doc, "kernel");

	out_text(kernel, "release", state->release);
	out_text(kernel, "previous_release", state->previous_release);
	out_number(kernel, "kexec_count", state->kexec_count);
	out_number(kernel, "liveupdate_number", state->liveupdate_number);
	out_known(kernel, "kho_boot", state->kho_boot);
	out_text(kernel, "boot_id", state->boot_id[0] ? state->boot_id : NULL);
}

static void add_loaded(struct json_object *doc, const struct vlu_state *state)
{
	struct json_object *loaded;

	out_known(doc, "kexec_loaded", state->kexec_loaded);
	if (!state->loaded) {
		out_null(doc, "loaded");
		return;
	}
	loaded = out_object(doc, "loaded");
	out_text(loaded, "image", state->loaded->image);
	out_text(loaded, "initrd", state->loaded->initrd);
	out_text(loaded, "cmdline", state->loaded->cmdline);
	out_known(loaded, "judged", state->loaded->judged ? VLU_YES : VLU_NO);
	out_text(loaded, "missing", state->loaded->missing);
}

static void add_holder(struct json_object *doc, const struct vlu_state *state)
{
	static const char *const health[] = {
		[VLU_HOLDER_ANSWERS] = "answers", [VLU_HOLDER_RESTARTING] = "restarting",
		[VLU_HOLDER_SILENT] = "silent", [VLU_HOLDER_UNSEEN] = NULL,
	};
	struct json_object *holder;

	if (state->holder == VLU_HOLDER_NONE || state->holder == VLU_HOLDER_UNSEEN) {
		out_null(doc, "holder");
		return;
	}
	holder = out_object(doc, "holder");
	out_number(holder, "pid", state->holder_pid);
	out_text(holder, "managed_by", state->holder_managed_by);
	out_text(holder, "health", health[state->holder]);
}

/* Adds a device or a file. The first key differs. */
static void add_member(struct json_object *row, const struct vlu_member *member, bool is_device)
{
	struct json_object *lent;

	if (is_device)
		out_bdf(row, "bdf", member->bdf);
	else
		out_text(row, "name", member->name);
	out_token(row, "token", member->token);
	out_text(row, "state", member->state == VLU_MEMBER_UNKNOWN ? NULL :
		 vlu_member_word(member->state));
	if (is_device)
		out_text(row, "driver", member->driver);
	if (member->lent_pid < 0) {
		out_null(row, "lent_to");
	} else {
		lent = out_object(row, "lent_to");
		out_number(lent, "pid", member->lent_pid);
		out_text(lent, "command", member->lent_command);
	}
	out_text(row, "detail", member->detail);
}

/* Adds the moments, named as in timeline; times are those of the kernel at that moment. */
static void add_moments(struct json_object *row, const struct vlu_session *session)
{
	struct json_object *array = out_array(row, "moments"), *at;
	size_t i;

	for (i = 0; i < session->n_moments; i++) {
		const struct vlu_moment *moment = &session->moments[i];

		at = out_row(array);
		out_text(at, "moment", moment->name);
		if (moment->of_device)
			out_bdf(at, "bdf", moment->bdf);
		else
			out_null(at, "bdf");
		out_time(at, "time", moment->wall);
		out_seconds(at, "boot_s", true, moment->boot);
	}
}

static void add_session(struct json_object *row, const struct vlu_session *session)
{
	static const char *const sources[] = {
		"command line", "holder", "promise", "disk", "kernel", "processes",
	};
	static const char *const none[] = { NULL };
	struct json_object *array;
	size_t i;

	out_text(row, "name", session->name);
	out_text(row, "direction", direction_words[session->direction]);
	out_text(row, "state", vlu_standing_word(session->standing));
	out_words(row, "next", session->next);
	out_words(row, "blocked_by", session->blocked_by ? session->blocked_by : none);
	out_number(row, "holder_pid", session->holder_pid);
	out_text(row, "manifest", session->manifest);
	out_text(row, "created", session->created[0] ? session->created : NULL);
	array = out_array(row, "known_from");
	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (session->sources & 1u << i)
			out_item(array, sources[i]);
	array = out_array(row, "devices");
	for (i = 0; i < session->n_devices; i++)
		add_member(out_row(array), &session->devices[i], true);
	array = out_array(row, "files");
	for (i = 0; i < session->n_files; i++)
		add_member(out_row(array), &session->files[i], false);
	out_text(row, "detail", session->detail);
	out_text(row, "command", session->command);
	add_moments(row, session);
}

/* Adds, for the report: "process 7 (qemu) has 0000:01:00.0 open: end it; then vfio-lu kexec". */
static void add_way(struct json_object *row, const struct vlu_session *session)
{
	char text[1024] = "";
	size_t i, used = 0;

	for (i = 0; session->blocked_by && session->blocked_by[i] && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? "; " : "",
					 session->blocked_by[i]);
	for (i = 0; session->next && session->next[i] && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
					 i ? " " : used ? "; then " : "", session->next[i]);
	if (used)
		out_text(row, "way", text);
}

static bool is_in_session(const struct vlu_state *state, struct vlu_bdf bdf)
{
	size_t i, j;

	for (i = 0; i < state->n_sessions; i++)
		for (j = 0; j < state->sessions[i].n_devices; j++)
			if (!vlu_bdf_compare(state->sessions[i].devices[j].bdf, bdf))
				return true;
	return false;
}

/* Adds devices that were handed over in no known session: mostly the bridges above the others. */
static void add_others(struct cli *cli, struct json_object *doc, const struct vlu_state *state)
{
	struct json_object *others = out_array(doc, "others"), *row;
	struct vlu_device *dev;
	bool bridge;
	size_t i;

	for (i = 0; i < state->n_incoming; i++) {
		if (is_in_session(state, state->incoming[i]))
			continue;
		bridge = !vlu_device_find(cli->ctx, state->incoming[i], &dev) &&
			 vlu_device_kind(dev) == VLU_BRIDGE;
		row = out_row(others);
		out_bdf(row, "bdf", state->incoming[i]);
		out_text(row, "kind", bridge ? "bridge" : "device");
		out_text(row, "place", bridge ? "above a device" : "in no known session");
	}
}

struct json_object *status_doc(struct cli *cli, const struct vlu_state *state)
{
	struct json_object *doc = out_new(), *array, *row;
	char bdf[VLU_BDF_SIZE];
	size_t i;

	json_object_object_add(doc, "complete", json_object_new_boolean(state->complete));
	add_kernel(doc, state);
	add_loaded(doc, state);
	add_holder(doc, state);
	array = out_array(doc, "sessions");
	for (i = 0; i < state->n_sessions; i++) {
		row = out_row(array);
		add_session(row, &state->sessions[i]);
		if (!cli->g.json)
			add_way(row, &state->sessions[i]);
	}
	array = out_array(doc, "incoming_devices");
	for (i = 0; i < state->n_incoming; i++)
		out_item(array, vlu_bdf_format(state->incoming[i], bdf));
	if (!cli->g.json)
		add_others(cli, doc, state);
	return doc;
}

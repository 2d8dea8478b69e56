/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cmd.h"
#include "out.h"

/* ------------------------------------------------------------------ data */

static const char *direction_word(enum vlu_direction direction)
{
	switch (direction) {
	case VLU_OUTGOING:
		return "outgoing";
	case VLU_INCOMING:
		return "incoming";
	case VLU_DIRECTION_UNKNOWN:
		break;
	}
	return "unknown";
}

static void add_kernel(struct json_object *doc, const struct vlu_state *state)
{
	struct json_object *kernel = out_object(doc, "kernel");

	out_text(kernel, "release", state->release);
	out_text(kernel, "previous_release", state->previous_release);
	out_number(kernel, "kexec_count", state->kexec_count);
	out_number(kernel, "liveupdate_number", state->liveupdate_number);
	out_known(kernel, "kho_boot", state->kho_boot);
}

static void add_holder(struct json_object *doc, const struct vlu_state *state)
{
	struct json_object *holder;

	if (state->holder_pid < 0) {
		out_null(doc, "holder");
		return;
	}
	holder = out_object(doc, "holder");
	out_number(holder, "pid", state->holder_pid);
	out_text(holder, "managed_by", state->holder_managed_by);
}

static void add_session(struct json_object *sessions,
			const struct vlu_session *session)
{
	struct json_object *row = out_row(sessions), *devices, *device, *files, *file;
	const struct vlu_session_device *dev;
	size_t i;

	out_text(row, "name", session->name);
	out_text(row, "direction", direction_word(session->direction));
	out_text(row, "state", session->state);
	out_number(row, "holder_pid", session->holder_pid);
	out_text(row, "manifest", session->manifest);
	devices = out_array(row, "devices");
	for (i = 0; i < session->n_devices; i++) {
		dev = &session->devices[i];
		device = out_row(devices);
		out_bdf(device, "bdf", dev->bdf);
		out_token(device, "token", dev->token);
		out_text(device, "state", dev->state);
		out_text(device, "driver", dev->driver);
		out_text(device, "detail", dev->detail);
	}
	files = out_array(row, "files");
	for (i = 0; i < session->n_files; i++) {
		file = out_row(files);
		out_text(file, "name", session->files[i].name);
		out_token(file, "token", session->files[i].token);
		out_text(file, "state", session->files[i].state);
		out_text(file, "detail", session->files[i].detail);
	}
	out_text(row, "command", session->command);
}

static struct json_object *build(const struct vlu_state *state)
{
	struct json_object *doc = out_new(), *array;
	char bdf[VLU_BDF_SIZE];
	size_t i;

	add_kernel(doc, state);
	out_known(doc, "kexec_loaded", state->kexec_loaded);
	add_holder(doc, state);
	array = out_array(doc, "sessions");
	for (i = 0; i < state->n_sessions; i++)
		add_session(array, &state->sessions[i]);
	array = out_array(doc, "incoming_devices");
	for (i = 0; i < state->n_incoming; i++)
		out_item(array, vlu_bdf_format(state->incoming[i], bdf));
	return doc;
}

/* ---------------------------------------------------------------- report */

static const char *ordinal(int64_t n)
{
	if (n % 100 >= 11 && n % 100 <= 13)
		return "th";
	return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

static void print_kernel(const struct vlu_state *state)
{
	out_print("kernel   %s", state->release ? state->release : "unknown");
	if (state->kho_boot == VLU_YES) {
		out_print(", by kexec");
		if (state->previous_release)
			out_print(" from %s", state->previous_release);
		if (state->kexec_count > 0)
			out_print(" (%lld%s since cold boot)",
				  (long long)state->kexec_count,
				  ordinal(state->kexec_count));
	} else if (state->kho_boot == VLU_NO) {
		out_print(", nothing handed over to it");
	}
	if (state->liveupdate_number >= 0)
		out_print(", live update %lld", (long long)state->liveupdate_number);
	out_line("%s", "");
}

static const char *state_of(const struct vlu_session *session)
{
	return session->state ? session->state : "unknown";
}

/* What to do about a session in this state; NULL: nothing. */
static char *next_step(const struct vlu_state *state,
		       const struct vlu_session *session)
{
	bool ours = strcmp(session->name, DEFAULT_SESSION) == 0;
	const char *verb;
	char *text;

	/* of the sessions of others it is not known what to do with them */
	if (session->direction == VLU_DIRECTION_UNKNOWN)
		return NULL;
	if (!strcmp(state_of(session), "held"))
		verb = state->kexec_loaded == VLU_YES ? "kexec" : "load KERNEL";
	else if (!strcmp(state_of(session), "waiting"))
		verb = "restore";
	else if (!strcmp(state_of(session), "restored"))
		verb = "finish";
	else
		return NULL;
	/* load and kexec know no session */
	if (!strcmp(state_of(session), "held"))
		ours = true;
	if (asprintf(&text, "vfio-lu %s%s%s", verb, ours ? "" : " --session ",
		     ours ? "" : session->name) < 0)
		return NULL;
	return text;
}

/* What a state means that no single command leads out of. */
static const char *meaning(const struct vlu_session *session)
{
	if (!strcmp(state_of(session), "lost"))
		return session->direction == VLU_INCOMING ?
		       "nothing of it can be restored" :
		       "its holder is gone, nothing of it is preserved any more: "
		       "preserve the devices again";
	if (!strcmp(state_of(session), "restored"))
		return "a VMM may have its devices now";
	return NULL;
}

static const char *device_phrase(const struct vlu_session *session,
				 const struct vlu_session_device *dev)
{
	if (!strcmp(dev->state, "preserved") && !strcmp(state_of(session), "waiting"))
		return "preserved by the previous kernel";
	if (!strcmp(dev->state, "bound"))
		return "retrieved and bound to an iommufd";
	if (!strcmp(dev->state, "mismatch"))
		return "another device than the one preserved";
	return dev->state;
}

static void print_device(const struct vlu_session *session,
			 const struct vlu_session_device *dev)
{
	char bdf[VLU_BDF_SIZE], *text;

	if (asprintf(&text, "; %s%s%s%s",
		     dev->driver ? "now with " : "no driver",
		     dev->driver ? dev->driver : "",
		     dev->detail ? "; " : "", dev->detail ? dev->detail : "") < 0)
		return;
	out_print("  %s", vlu_bdf_format(dev->bdf, bdf));
	out_tab(16);
	out_word(dev->state, device_phrase(session, dev));
	out_fill(16, 0, text);
	free(text);
}

static void print_file(const struct vlu_session *session,
		       const struct vlu_session_file *file)
{
	out_print("  %s", file->name);
	out_tab(16);
	out_word(file->state, !strcmp(file->state, "preserved") &&
		 !strcmp(state_of(session), "waiting") ?
		 "preserved by the previous kernel" : file->state);
	out_line("; a file of the VMM%s%s", file->detail ? "; " : "",
		 file->detail ? file->detail : "");
}

static void print_session(struct cli *cli, const struct vlu_state *state,
			  const struct vlu_session *session)
{
	char *next = next_step(state, session);
	const char *means = meaning(session);
	size_t i;

	out_print("session  %s   %s, ", session->name,
		  direction_word(session->direction));
	out_word(state_of(session), NULL);
	if (next)
		out_print("   next: %s", next);
	out_line("%s", "");
	free(next);
	if (means || session->detail) {
		out_print("  ");
		out_fill(2, 0, session->detail ? session->detail : means);
	}
	if (strcmp(session->manifest, "ok") && session->direction != VLU_DIRECTION_UNKNOWN)
		out_line("  manifest %s", session->manifest);
	for (i = 0; i < session->n_devices; i++)
		print_device(session, &session->devices[i]);
	for (i = 0; i < session->n_files; i++)
		print_file(session, &session->files[i]);
	if (session->command && cli->g.verbose) {
		out_print("  taken from    ");
		out_fill(16, 0, session->command);
	}
}

static bool in_a_session(const struct vlu_state *state, struct vlu_bdf bdf)
{
	size_t i, j;

	for (i = 0; i < state->n_sessions; i++)
		for (j = 0; j < state->sessions[i].n_devices; j++)
			if (!vlu_bdf_compare(state->sessions[i].devices[j].bdf, bdf))
				return true;
	return false;
}

/* What came over and is in no session: the bridges above the devices that are. */
static void print_others(struct cli *cli, const struct vlu_state *state)
{
	struct vlu_device *dev;
	char bdf[VLU_BDF_SIZE];
	bool bridge;
	size_t i;

	for (i = 0; i < state->n_incoming; i++) {
		if (in_a_session(state, state->incoming[i]))
			continue;
		bridge = !vlu_device_find(cli->ctx, state->incoming[i], &dev) &&
			 vlu_device_kind(dev) == VLU_BRIDGE;
		out_line("%s   %s  preserved by the previous kernel%s",
			 bridge ? "bridge" : "device",
			 vlu_bdf_format(state->incoming[i], bdf),
			 bridge ? ", above a device" : ", of no known session");
	}
}

static void print_report(struct cli *cli, const struct vlu_state *state)
{
	size_t i;

	print_kernel(state);
	if (state->kexec_loaded == VLU_YES)
		out_line("image    the next kernel is loaded");
	if (state->holder_pid >= 0)
		out_line("holder   process %lld%s%s", (long long)state->holder_pid,
			 state->holder_managed_by ? ", managed by " : "",
			 state->holder_managed_by ? state->holder_managed_by : "");
	for (i = 0; i < state->n_sessions; i++)
		print_session(cli, state, &state->sessions[i]);
	print_others(cli, state);
	if (!state->n_sessions)
		out_line("no sessions");
}

static int run_status(struct cli *cli, const void *opts, int argc, char **argv)
{
	struct json_object *doc;
	struct vlu_state *state;

	(void)opts, (void)argc, (void)argv;
	if (vlu_state_read(cli->ctx, cli->session, &state) < 0)
		return cli_fail(cli);
	doc = build(state);
	if (cli->g.json)
		out_json(doc);
	else
		print_report(cli, state);
	if (state->holder_detail)
		cli_info(cli, "%s", state->holder_detail);
	if (state->incoming_known == VLU_NO)
		cli_info(cli, "the kernel log could not be read: incoming devices "
			 "may be missing");
	json_object_put(doc);
	vlu_state_free(state);
	return VLU_OK;
}

const struct command cmd_status = {
	.name = "status",
	.max_args = 0,
	.summary = "sessions and devices, before and after the jump",
	.text = "Shows what is preserved, who holds it and what came over, with the "
		"next command for each session. It opens nothing that could disturb "
		"a live update. --session names the session of incoming devices of "
		"which no manifest speaks.",
	.opts = session_opts,
	.size = sizeof(struct session_opts),
	.run = run_status,
};

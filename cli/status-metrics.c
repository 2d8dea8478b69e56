/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prints the state for a monitoring system, as text that the textfile collector of the node exporter
 * and readers of OpenMetrics accept. So all metrics are gauges. Unknown values have no line.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli.h"
#include "out.h"
#include "status.h"

static void head(const char *name, const char *help)
{
	out_line("# HELP vfio_lu_%s %s", name, help);
	out_line("# TYPE vfio_lu_%s gauge", name);
}

static void gauge(const char *name, const char *help, int64_t value)
{
	if (value < 0)
		return;
	head(name, help);
	out_line("vfio_lu_%s %" PRId64, name, value);
}

static int64_t known(enum vlu_known known)
{
	return known == VLU_DONT_KNOW ? -1 : known == VLU_YES;
}

/* Escapes a label's value, which stands between quotes. */
static const char *label(const char *text, char buf[128])
{
	size_t n = 0;

	for (; *text && n < 126; text++) {
		if (*text == '"' || *text == '\\')
			buf[n++] = '\\';
		buf[n++] = *text;
	}
	buf[n] = '\0';
	return buf;
}

static void print_sessions(const struct vlu_state *state)
{
	size_t i, counts[VLU_STANDING_LOST + 1] = { 0 };

	for (i = 0; i < state->n_sessions; i++)
		counts[state->sessions[i].standing]++;
	head("sessions", "Sessions, by the state that vfio-lu status has for them.");
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		out_line("vfio_lu_sessions{state=\"%s\"} %zu",
			 vlu_standing_word((enum vlu_standing)i), counts[i]);
}

static void print_devices(const struct vlu_state *state)
{
	size_t i, j, counts[VLU_MEMBER_UNKNOWN + 1] = { 0 };

	for (i = 0; i < state->n_sessions; i++)
		for (j = 0; j < state->sessions[i].n_devices; j++)
			counts[state->sessions[i].devices[j].state]++;
	head("devices", "Devices of sessions, by the state that vfio-lu status has for them.");
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		out_line("vfio_lu_devices{state=\"%s\"} %zu", i == VLU_MEMBER_UNKNOWN ? "unknown" :
			 vlu_member_word((enum vlu_member_state)i), counts[i]);
}

static void seconds(const char *name, const char *help, int64_t nanoseconds)
{
	if (nanoseconds < 0)
		return;
	head(name, help);
	out_line("vfio_lu_%s %" PRId64 ".%03" PRId64, name, nanoseconds / 1000000000,
		 nanoseconds % 1000000000 / 1000000);
}

static void print_update(const struct vlu_update *last)
{
	char session[128], from[128], to[128];

	head("last_update_info", "The session and the kernels of the last finished live update.");
	out_line("vfio_lu_last_update_info{session=\"%s\",from=\"%s\",to=\"%s\"} 1",
		 label(last->session, session), label(last->from_release ? last->from_release : "", from),
		 label(last->to_release ? last->to_release : "", to));
	seconds("last_update_timestamp_seconds", "When the last live update was finished.",
		last->started + last->length + last->jump);
	seconds("last_update_duration_seconds", "From the first known moment of the last live update to its end.",
		last->length);
	seconds("last_update_away_seconds", "The longest time that a device was away in the last live update.", last->away);
	gauge("last_update_devices", "How many devices the last live update had.", (int64_t)last->n_devices);
	gauge("last_update_complete", "Whether all moments of the last live update are known.", last->n_missing == 0);
}

/* An update that is not finished is one of the sessions. */
static void print_last_update(struct cli *cli)
{
	struct vlu_update *updates;
	size_t n;

	if (vlu_updates_read(cli->ctx, &updates, &n) < 0)
		return;
	if (n)
		print_update(&updates[0]);
	vlu_updates_free(updates);
}

void status_metrics(struct cli *cli, const struct vlu_state *state)
{
	char version[128], kernel[128];

	head("info", "The version of vfio-lu, and the release of the running kernel.");
	out_line("vfio_lu_info{version=\"%s\",kernel=\"%s\"} 1", label(VLU_VERSION, version),
		 label(state->release ? state->release : "", kernel));
	gauge("complete", "Whether this user could see all sessions.", state->complete);
	gauge("check_status", "The exit status of vfio-lu status --check: 0 none or held, 3 waits "
	      "for a command, 5 the holder does not answer, 6 lost, incomplete or unknown.",
	      status_verdict(state));
	if (state->holder != VLU_HOLDER_UNSEEN)
		gauge("holder_up", "Whether the holder runs and answers; without sessions there is no "
		      "holder.", state->holder == VLU_HOLDER_ANSWERS);
	/* a user who cannot see all of them would count too few */
	if (state->complete) {
		print_sessions(state);
		print_devices(state);
	}
	gauge("kexec_loaded", "Whether a next kernel is loaded.", known(state->kexec_loaded));
	gauge("live_update_number", "How many live updates there were since the last cold boot.",
	      state->liveupdate_number);
	print_last_update(cli);
	out_line("# EOF");
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "timeline.h"

/* Shares of all busy time: waiting phases above LONGEST are cut, and drawn as SHOWN. */
#define LONGEST	0.5
#define SHOWN	0.2

double timeline_number(struct json_object *row, const char *key)
{
	struct json_object *value = out_member(row, key);

	return value ? json_object_get_double(value) : NAN;
}

bool timeline_is_joined(const char *phase)
{
	return strchr(phase, '+');
}

/* Does the phase end when the user calls a command? */
static bool is_waiting(const char *phase)
{
	return !strcmp(phase, "held") || !strcmp(phase, "to-vmm") || !strcmp(phase, "to-finish");
}

void scale_make(struct json_object *update, struct scale *ret_scale)
{
	struct json_object *phases = out_member(update, "phases"), *phase;
	double at = 0, busy = 0;
	struct scale scale = { 0 };
	struct scale_part *part;

	scale.parts = out_need(calloc(json_object_array_length(phases) + 1, sizeof(*scale.parts)));
	out_each(phase, phases) {
		part = &scale.parts[scale.n++];
		part->start = timeline_number(phase, "start");
		part->seconds = part->shown = timeline_number(phase, "seconds");
		part->cut = is_waiting(out_get(phase, "name"));
		busy += part->cut ? 0 : part->seconds;
	}
	for (part = scale.parts; part < scale.parts + scale.n; part++) {
		part->cut = part->cut && busy > 0 && part->seconds > busy * LONGEST;
		part->shown = part->cut ? busy * SHOWN : part->seconds;
		part->at = at;
		at += part->shown;
	}
	for (part = scale.parts; at > 0 && part < scale.parts + scale.n; part++) {
		part->at /= at;
		part->shown /= at;
	}
	*ret_scale = scale;
}

void scale_free(struct scale *scale)
{
	free(scale->parts);
}

double scale_at(const struct scale *scale, double seconds)
{
	const struct scale_part *part, *end = scale->parts + scale->n;
	double into;

	for (part = scale->parts; part < end; part++) {
		into = seconds - part->start;
		if (into <= part->seconds || part + 1 == end) {
			into = into < 0 || !(part->seconds > 0) ? 0 : into / part->seconds;
			return part->at + (into > 1 ? 1 : into) * part->shown;
		}
	}
	return 0;
}

char *timeline_date(struct json_object *update)
{
	const char *started = out_get(update, "started");
	char *text;

	return asprintf(&text, "%.10s %.8s UTC", started, started + 11) < 0 ? out_need(NULL) : text;
}

/* Is no moment of the previous kernel known? */
static bool has_lost_previous(struct json_object *update)
{
	static const char *const words[] = { "preserved", "loaded", "interrupts-disabled", "kexec-called" };
	struct json_object *missing = out_member(update, "missing");
	size_t i, j, found = 0;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (j = 0; j < json_object_array_length(missing); j++)
			found += !strcmp(words[i],
					 json_object_get_string(json_object_array_get_idx(missing, j)));
	return found == sizeof(words) / sizeof(words[0]);
}

char *timeline_clock(struct json_object *update)
{
	const char *clock = out_get(update, "clock");
	double jump = timeline_number(update, "clock_jump_s");
	char *text = NULL;
	int n = 0;

	if (!clock)
		n = asprintf(&text, "No time of the %s kernel is known.",
			     has_lost_previous(update) ? "previous" : "next");
	else if (isnan(jump))
		n = asprintf(&text, "It is not known whether the wall clock stepped; if it did not, the time "
			     "of the kexec is exact to a second.");
	else if (jump != 0)
		n = asprintf(&text, "The wall clock stepped by %+.1f s after the last known moment of the "
			     "previous kernel; these times exclude that step%s.", jump,
			     strcmp(clock, "counter") ? ", and are exact to a second" : "");
	else if (strcmp(clock, "counter"))
		n = asprintf(&text, "The time of the kexec is exact to a second: it was measured by the %s.",
			     strcmp(clock, "rtc") ? "wall clock" : "hardware clock");
	return n < 0 ? out_need(NULL) : text;
}

static const char *phrase(const char *moment)
{
	static const struct { const char *moment, *phrase; } phrases[] = {
		{ "interrupts-disabled", "kexec began to disable its interrupts" },
		{ "loaded", "kexec loaded the next kernel" },
		{ "given", "a VMM got it" },
		{ "bound", "finish had bound it" },
		{ "finished", "its session was finished" },
	};
	size_t i;

	for (i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (!strcmp(phrases[i].moment, moment))
			return phrases[i].phrase;
	return moment;
}

char *timeline_away(struct json_object *update)
{
	const char *from = NULL, *to = NULL, *is_from, *is_to;
	struct json_object *device;
	char *text;

	out_each(device, out_member(update, "devices")) {
		is_from = out_get(device, "from_moment");
		is_to = out_get(device, "to_moment");
		if (!is_from || !is_to || (from && (strcmp(from, is_from) || strcmp(to, is_to))))
			return NULL;
		from = is_from;
		to = is_to;
	}
	if (!from)
		return NULL;
	return asprintf(&text, "away from when %s until %s", phrase(from), phrase(to)) < 0 ?
	       out_need(NULL) : text;
}

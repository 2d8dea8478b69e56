/* SPDX-License-Identifier: GPL-2.0-only */
/* Pictures of a live update, which is a row of "updates" in timeline's answer. */
#ifndef CLI_TIMELINE_H
#define CLI_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;

/*
 * A scale that cuts long phases in which vfio-lu waits for a command. Otherwise an hour of waiting
 * would hide the phases of seconds.
 */
struct scale_part {
	double start, seconds;	/* of a phase */
	double at, shown;	/* on the scale, whose length is 1 */
	bool cut;
};
struct scale {
	size_t n;
	struct scale_part *parts;
};
void scale_make(struct json_object *update, struct scale *ret_scale);
void scale_free(struct scale *scale);
/* Returns the place on the scale, 0 to 1, of a time in seconds since the update's start. */
double scale_at(const struct scale *scale, double seconds);

/* Returns the start as "2026-11-29 16:22:04 UTC". The caller frees it. */
char *timeline_date(struct json_object *update);
/* Returns a number, or NaN for null or a missing key. */
double timeline_number(struct json_object *row, const char *key);
/* Does the name stand for several phases whose times are not known separately? */
bool timeline_is_joined(const char *phase);
/* Returns a sentence about the clocks, or NULL if there is nothing to say. The caller frees it. */
char *timeline_clock(struct json_object *update);
/* Returns from when to when devices are away, or NULL if they differ. The caller frees it. */
char *timeline_away(struct json_object *update);

/* Prints a picture of 80 columns. */
void timeline_chart(struct json_object *update);
/* Returns an SVG file. The caller frees it. */
char *timeline_svg(struct json_object *update);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Draws an update on a terminal: a bar for each phase, a line for each device. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "timeline.h"

#define WIDTH	79
#define LONGEST	40	/* A longer name has a line of its own. */
#define SHORTEST 7	/* "999.999" */

struct chart {
	const struct scale *scale;
	int name, number;	/* widths of these columns */
	int left, width;	/* first column of the bars, and their width */
};

/* Marks where the bar continues beyond a cut of the scale. */
static void mark_cuts(const struct chart *chart, char *bar, int from, int to)
{
	const struct scale_part *part;
	int at;

	for (part = chart->scale->parts; part < chart->scale->parts + chart->scale->n; part++) {
		at = (int)((part->at + part->shown / 2) * chart->width);
		if (part->cut && at > from && at + 1 < to)
			memcpy(bar + at - from, "//", 2);
	}
}

static void print_bar(const struct chart *chart, double start, double end, char with)
{
	int from = (int)(scale_at(chart->scale, start) * chart->width);
	int to = (int)(scale_at(chart->scale, end) * chart->width + 0.999), i;
	char bar[WIDTH + 1];

	to = to > chart->width ? chart->width : to;
	from = from >= chart->width ? chart->width - 1 : from;
	to = to <= from ? from + 1 : to;
	for (i = 0; i < to - from; i++)
		bar[i] = with;
	bar[i] = '\0';
	mark_cuts(chart, bar, from, to);
	out_tab(chart->left + from);
	out_line("%s", bar);
}

static void print_row(const struct chart *chart, const char *name, double start, double seconds, char with)
{
	if (out_width(name) > chart->name) {
		out_line("%s", name);
		name = "";
	}
	out_print("%-*s", chart->name, name);
	if (isnan(seconds)) {
		out_line("  %*s", chart->number + 2, "unknown");
		return;
	}
	out_print("  %*.3f s", chart->number, seconds);
	if (isnan(start))
		out_line("%s", "");
	else
		print_bar(chart, start, start + seconds, with);
}

static void widen(struct chart *chart, const char *name, double seconds)
{
	int width = out_width(name), number = isnan(seconds) ? 0 : snprintf(NULL, 0, "%.3f", seconds);

	if (width <= LONGEST && width > chart->name)
		chart->name = width;
	if (number > chart->number)
		chart->number = number;
}

static void make_columns(struct json_object *update, struct chart *chart)
{
	struct json_object *row;

	chart->number = SHORTEST;
	out_each(row, out_member(update, "phases"))
		widen(chart, out_get(row, "name"), timeline_number(row, "seconds"));
	out_each(row, out_member(update, "devices"))
		widen(chart, out_get(row, "bdf"), timeline_number(row, "away_s"));
	/* two blanks, the number, " s", two blanks */
	chart->left = chart->name + chart->number + 6;
	chart->width = WIDTH - chart->left;
}

static void print_head(struct json_object *update)
{
	const char *from = out_get(update, "from_release"), *to = out_get(update, "to_release");
	double away = timeline_number(update, "away_s");
	char *date = timeline_date(update), text[512];

	snprintf(text, sizeof(text), "session %s, %s to %s, %s", out_get(update, "session"),
		 from ? from : "an unknown kernel", to ? to : "an unknown kernel", date);
	out_fill(0, WIDTH, text);
	free(date);
	if (isnan(away))
		out_line("%.3f s in all; it is not known how long its devices were away",
			 timeline_number(update, "seconds"));
	else
		out_line("%.3f s in all; its devices were away for %.3f s", timeline_number(update, "seconds"),
			 away);
}

/* Prints the facts that the picture does not show. */
static void print_notes(struct json_object *update)
{
	struct json_object *missing = out_member(update, "missing");
	char *clock = timeline_clock(update), text[300];
	size_t i, n = 0;

	if (json_object_array_length(missing)) {
		for (i = 0; i < json_object_array_length(missing); i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s", i ? "," : "not known:",
					      json_object_get_string(json_object_array_get_idx(missing, i)));
		out_fill(0, WIDTH, text);
	}
	if (clock)
		out_fill(0, WIDTH, clock);
	free(clock);
}

void timeline_chart(struct json_object *update)
{
	struct json_object *row;
	struct scale scale;
	struct chart chart = { .scale = &scale };
	char *away;

	scale_make(update, &scale);
	make_columns(update, &chart);
	print_head(update);
	out_line("%s", "");
	out_each(row, out_member(update, "phases"))
		print_row(&chart, out_get(row, "name"), timeline_number(row, "start"),
			  timeline_number(row, "seconds"),
			  timeline_is_joined(out_get(row, "name")) ? '.' : '=');
	away = timeline_away(update);
	out_line("%s", "");
	out_each(row, out_member(update, "devices"))
		print_row(&chart, out_get(row, "bdf"), timeline_number(row, "from"),
			  timeline_number(row, "away_s"), '#');
	if (away)
		out_fill(0, WIDTH, away);
	free(away);
	print_notes(update);
	scale_free(&scale);
}

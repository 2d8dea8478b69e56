/* SPDX-License-Identifier: GPL-2.0-only */
/* Draws an update for a browser, as systemd-analyze plot draws a boot, without scripts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "timeline.h"

/* Pixels */
#define WIDTH	1040
#define EDGE	24
#define NAME	152	/* least width of the names */
#define NUMBER	68	/* least width of the times */
#define LEGEND	256	/* x of the legend */
#define LETTER	7	/* width of a letter; in most fonts no letter is wider */
#define TOP	112	/* y of the first row */
#define ROW	22
#define SLIM	16	/* height of a device's row */
#define GAP	14	/* between phases and devices */
#define NEAREST	56	/* least distance of two numbers on the scale */

struct plot {
	FILE *out;
	struct scale scale;
	double origin;	/* zero of the scale: kexec, or the start */
	int names, left, width;	/* where names end, where the scale begins, and its width */
	int bottom;
};

/* How phases are drawn. The legend keeps this order. */
static const struct kind {
	const char *class, *colour, *legend;
	const char *phases;
} kinds[] = {
	{ "tool", "#2a78b5", "vfio-lu at work", " load interrupts restore bind finish " },
	{ "kexec", "#c8453c", "from the kexec to the next kernel", " kexec " },
	{ "kernel", "#e6a323", "the next kernel starts", " kernel " },
	{ "init", "#5c9e6b", "programs that start before restore", " init " },
	{ "wait", "#b9c0c8", "vfio-lu waits for a command", " preserve held to-vmm to-finish " },
	{ "joined", "#9c8ab0", "phases not known separately", "" },
	{ "away", "#6a4b93", "a device is away", "" },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void print_text(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&': fputs("&amp;", out); break;
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '"': fputs("&quot;", out); break;
		default: fputc(*text, out);
		}
}

static void text_at(FILE *out, double x, double y, const char *class, const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	print_text(out, text);
	fputs("</text>\n", out);
}

static const char *class_of(const char *phase)
{
	char word[80];
	size_t i;

	if (timeline_is_joined(phase))
		return "joined";
	snprintf(word, sizeof(word), " %s ", phase);
	for (i = 0; i < N_KINDS; i++)
		if (strstr(kinds[i].phases, word))
			return kinds[i].class;
	return "wait";
}

static double place(const struct plot *plot, double seconds)
{
	return plot->left + scale_at(&plot->scale, seconds) * plot->width;
}

/* Draws a name, a time and a bar. A browser shows the title when the pointer is on the bar. */
static void draw_row(struct plot *plot, int y, int height, const char *name, const char *class,
		     double start, double seconds, const char *more)
{
	double from = place(plot, start), to = place(plot, start + seconds);
	char number[40];

	text_at(plot->out, plot->names, y + height / 2.0 + 4, "name", name);
	snprintf(number, sizeof(number), isnan(seconds) ? "unknown" : "%.3f s", seconds);
	text_at(plot->out, plot->left - 12, y + height / 2.0 + 4, "number", number);
	if (isnan(seconds) || isnan(start))
		return;
	fprintf(plot->out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" class=\"%s\"><title>", from,
		y + 2, to - from < 1 ? 1 : to - from, height - 4, class);
	print_text(plot->out, name);
	fprintf(plot->out, ": %.3f s, from %.3f s to %.3f s", seconds, start - plot->origin,
		start + seconds - plot->origin);
	print_text(plot->out, more);
	fputs("</title></rect>\n", plot->out);
}

/* Returns 1, 2 or 5 times a power of ten, so that the scale has at most ten lines. */
static double step_of(const struct scale *scale)
{
	static const double steps[] = { 1, 2, 5 };
	double visible = 0, power = 1e-3;
	size_t i;

	for (i = 0; i < scale->n; i++)
		visible += scale->parts[i].cut ? 0 : scale->parts[i].seconds;
	for (i = 0; steps[i] * power * 10 < visible && power < 1e9; i = (i + 1) % 3)
		power *= i == 2 ? 10 : 1;
	return steps[i] * power;
}

static void draw_line(struct plot *plot, double seconds, double step, double *last)
{
	double x = place(plot, seconds + plot->origin);
	char number[40];

	fprintf(plot->out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"grid\"/>\n", x, TOP - 6, x,
		plot->bottom);
	if (x - *last < NEAREST)
		return;
	*last = x;
	snprintf(number, sizeof(number), "%.*f s", step < 0.01 ? 3 : step < 0.1 ? 2 : step < 1 ? 1 : 0, seconds);
	text_at(plot->out, x, TOP - 12, "tick", number);
}

/* Draws the lines of the scale, but none in a cut. */
static void draw_scale(struct plot *plot)
{
	double step = step_of(&plot->scale), last = -NEAREST, from, to;
	const struct scale_part *part;
	long long i;

	if (plot->origin > 0)
		text_at(plot->out, plot->left - 12, TOP - 12, "since", "since kexec");
	for (part = plot->scale.parts; part < plot->scale.parts + plot->scale.n; part++) {
		from = (part->start - plot->origin) / step;
		to = from + part->seconds / step;
		for (i = (long long)from - 1; !part->cut && (double)i <= to + 1e-9; i++)
			if ((double)i >= from - 1e-9)
				draw_line(plot, (double)i * step, step, &last);
	}
}

static void draw_cuts(struct plot *plot)
{
	const struct scale_part *part;
	double x;

	for (part = plot->scale.parts; part < plot->scale.parts + plot->scale.n; part++) {
		x = plot->left + (part->at + part->shown / 2) * plot->width;
		if (part->cut)
			fprintf(plot->out, "<rect x=\"%.1f\" y=\"%d\" width=\"7\" height=\"%d\" class=\"cut\">"
				"<title>cut here: %.3f s</title></rect>\n", x - 3.5, TOP - 6,
				plot->bottom - TOP + 6, part->seconds);
	}
}

static void draw_rows(struct plot *plot, struct json_object *update)
{
	struct json_object *row;
	char more[100];
	int y = TOP, n = 0;

	out_each(row, out_member(update, "phases")) {
		snprintf(more, sizeof(more), "; the time of its end is from %s",
			 out_get(row, "source"));
		draw_row(plot, y, ROW, out_get(row, "name"), class_of(out_get(row, "name")),
			 timeline_number(row, "start"), timeline_number(row, "seconds"), more);
		y += ROW;
	}
	y += GAP;
	out_each(row, out_member(update, "devices")) {
		if (n++ % 2 == 0)
			fprintf(plot->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"stripe\"/>\n",
				EDGE, y, WIDTH - 2 * EDGE, SLIM);
		draw_row(plot, y, SLIM, out_get(row, "bdf"), "away", timeline_number(row, "from"),
			 timeline_number(row, "away_s"), "");
		y += SLIM;
	}
}

static void draw_head(FILE *out, struct json_object *update)
{
	const char *from = out_get(update, "from_release"), *to = out_get(update, "to_release");
	double away = timeline_number(update, "away_s");
	char text[400], *clock = timeline_clock(update), *date = timeline_date(update);

	snprintf(text, sizeof(text), "Live update of session %s", out_get(update, "session"));
	text_at(out, EDGE, 34, "title", text);
	snprintf(text, sizeof(text), "%s to %s, %s, %.3f s in all", from ? from : "an unknown kernel",
		 to ? to : "an unknown kernel", date, timeline_number(update, "seconds"));
	text_at(out, EDGE, 56, "head", text);
	snprintf(text, sizeof(text), isnan(away) ? "time away of the devices: not known" :
		 "devices away for %.3f s", away);
	text_at(out, WIDTH - EDGE, 34, "away-head", text);
	if (clock)
		text_at(out, EDGE, 74, "note", clock);
	free(clock);
	free(date);
}

static bool has_class(struct json_object *update, const char *class)
{
	struct json_object *phase;

	out_each(phase, out_member(update, "phases"))
		if (!strcmp(class_of(out_get(phase, "name")), class))
			return true;
	return !strcmp(class, "away");
}

/* Draws the legend of the kinds in the picture, three in a line, and the notes. */
static void draw_foot(struct plot *plot, struct json_object *update)
{
	char *away = timeline_away(update), text[300];
	size_t i, n = 0;
	int x, y;

	for (i = 0; i < N_KINDS; i++) {
		if (!has_class(update, kinds[i].class))
			continue;
		x = LEGEND + (int)(n % 3) * 255;
		y = plot->bottom + 30 + (int)(n / 3) * 20;
		fprintf(plot->out, "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" class=\"%s\"/>\n", x, y - 10,
			kinds[i].class);
		snprintf(text, sizeof(text), "%s", kinds[i].legend);
		text_at(plot->out, x + 18, y, "note", text);
		n++;
	}
	if (away) {
		snprintf(text, sizeof(text), "A device is %s.", away);
		text_at(plot->out, LEGEND, plot->bottom + 36 + (double)((n + 2) / 3) * 20, "note", text);
	}
	free(away);
}

static void draw_start(FILE *out, int height)
{
	size_t i;

	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
		"width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n<style>\n"
		"text { font-family: system-ui, sans-serif; font-size: 12px; fill: #24292f;"
		" font-variant-numeric: tabular-nums }\n"
		".title { font-size: 19px; font-weight: 600 }\n"
		".away-head { font-size: 15px; font-weight: 600; text-anchor: end }\n"
		".head { font-size: 13px }\n.note, .tick, .since { fill: #57606a }\n"
		".name, .number, .since { text-anchor: end }\n.tick { text-anchor: middle }\n"
		".grid { stroke: #d8dee4; stroke-width: 1 }\n.stripe { fill: #f4f6f8 }\n.page { fill: #ffffff }\n"
		".cut { fill: #ffffff; stroke: #8c959f; stroke-width: 1; stroke-dasharray: 3 3 }\n",
		WIDTH, height, WIDTH, height);
	for (i = 0; i < N_KINDS; i++)
		fprintf(out, ".%s { fill: %s }\n", kinds[i].class, kinds[i].colour);
	fprintf(out, "</style>\n<rect width=\"%d\" height=\"%d\" class=\"page\"/>\n", WIDTH, height);
}

static void make_columns(struct plot *plot, struct json_object *update)
{
	static const struct { const char *rows, *name, *number; } lists[] = {
		{ "phases", "name", "seconds" }, { "devices", "bdf", "away_s" },
	};
	int names = NAME, numbers = NUMBER, width;
	struct json_object *row;
	size_t i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		out_each(row, out_member(update, lists[i].rows)) {
			width = LETTER * out_width(out_get(row, lists[i].name));
			names = width > names ? width : names;
			width = LETTER * snprintf(NULL, 0, "%.3f s", timeline_number(row, lists[i].number)) + 5;
			numbers = width > numbers ? width : numbers;
		}
	plot->names = EDGE + names;
	plot->left = plot->names + numbers + 12;
	plot->width = WIDTH - EDGE - plot->left;
}

char *timeline_svg(struct json_object *update)
{
	struct json_object *phase;
	struct plot plot = { .origin = 0 };
	char *text = NULL;
	size_t size;

	plot.out = out_need(open_memstream(&text, &size));
	plot.bottom = TOP + GAP + 4 + ROW * (int)json_object_array_length(out_member(update, "phases")) +
		      SLIM * (int)json_object_array_length(out_member(update, "devices"));
	out_each(phase, out_member(update, "phases"))
		if (!strcmp(out_get(phase, "name"), "held"))
			plot.origin = timeline_number(phase, "start") + timeline_number(phase, "seconds");
	make_columns(&plot, update);
	scale_make(update, &plot.scale);
	draw_start(plot.out, plot.bottom + 96);
	draw_head(plot.out, update);
	draw_scale(&plot);
	draw_rows(&plot, update);
	draw_cuts(&plot);
	draw_foot(&plot, update);
	fputs("</svg>\n", plot.out);
	scale_free(&plot.scale);
	if (fclose(plot.out) != 0)
		out_need(NULL);
	return out_need(text);
}

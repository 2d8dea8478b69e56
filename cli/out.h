/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one printer of data. A command builds its answer as a json-c object
 * once; --json prints it, and tables and reports read the same object, so the
 * two can never differ.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <json-c/json.h>

#include "vfio-lu.h"

/* A column of a table is a key of the row objects. */
struct column {
	const char *key;	/* "iommu_group": the JSON key and the --columns name */
	const char *head;	/* "GROUP" */
	bool shown;		/* without --columns */
	bool right;		/* numbers */
	bool toned;		/* its words have a tone */
	const char *help;
};

/* Before anything is printed: finds out how wide the terminal is. */
void out_start(void);
/* Columns of a terminal on stderr whose lines can be written anew, or 0. */
int out_live(void);
/* "auto", "always" or "never"; never until it is called. */
void out_colour(const char *when);

/* Control bytes and invalid UTF-8 become '?', in place. */
void out_clean(char *text);
/* Characters of a clean text. */
int out_width(const char *text);

/* Ends the program if p is NULL: memory is short. */
void *out_need(void *p);

/* doc.c: {"schema":1}, to be filled; freed with json_object_put(). */
struct json_object *out_new(void);

/* Members. NULL text or a number below 0 becomes null. Text is cleaned. */
void out_text(struct json_object *obj, const char *key, const char *text);
void out_number(struct json_object *obj, const char *key, int64_t number);
void out_known(struct json_object *obj, const char *key, enum vlu_known known);
/* "0x8086": a PCI id of so many digits, and a 64-bit token */
void out_id(struct json_object *obj, const char *key, int64_t id, int digits);
void out_token(struct json_object *obj, const char *key, uint64_t token);
void out_bdf(struct json_object *obj, const char *key, struct vlu_bdf bdf);
void out_null(struct json_object *obj, const char *key);
struct json_object *out_array(struct json_object *obj, const char *key);
struct json_object *out_object(struct json_object *obj, const char *key);
/* Elements of an array */
struct json_object *out_row(struct json_object *array);
void out_item(struct json_object *array, const char *text);

/* Reading back: NULL for null, or for no such key. */
const char *out_get(struct json_object *obj, const char *key);
struct json_object *out_member(struct json_object *obj, const char *key);

/* Prints obj as JSON and a newline. */
void out_json(struct json_object *obj);

/* table.c: the first word of list (NULL: none) that is not a column, or NULL. Freed by
 * the caller. */
char *out_unknown_column(const char *list, const struct column *columns);
/*
 * columns ends with a NULL key; list chooses among them, NULL: those shown.
 * On a terminal the last one is cut at the edge.
 */
void out_table(const struct column *columns, const char *list, bool headings,
	       struct json_object *rows);

/*
 * Reports. What is printed is cleaned first, so a newline comes from out_line()
 * alone.
 */
void out_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The rest of a line; what passes the terminal's edge is left out. */
void out_cut(const char *text);
/* The rest of a paragraph, broken between words at width, or at the terminal's
 * edge (0). Its other lines begin at column indent. */
void out_fill(int indent, int width, const char *text);
/*
 * A word in the colour of what it says ("preservable", "lost"). shown, if not
 * NULL, is printed in its place.
 */
void out_word(const char *word, const char *shown);
/* Blanks up to this column, one at least. */
void out_tab(int column);

/* Flushes stdout; -1 after a message if anything printed was lost. */
int out_flush(void);

#endif

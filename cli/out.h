/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one printer of data. A command builds its answer once, as a json-c object. --json prints that
 * object, and tables and reports are made from it, so that they never differ.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <json-c/json.h>

#include "text.h"
#include "vfio-lu.h"

/* A column of a table: a key of the row objects. */
struct column {
	const char *key;	/* "iommu_group": JSON key and name for --columns */
	const char *head;	/* "GROUP" */
	bool shown;		/* without --columns */
	bool right;		/* align right: numbers */
	bool toned;		/* its words have a colour */
	const char *help;
};

/* Finds the width of the terminal. Call it before anything is printed. */
void out_start(void);
/* when: "auto", "always" or "never". Without this call there are no colours. */
void out_colour(const char *when);

/* Returns p. Ends the program if p is NULL, because there is no memory. */
void *out_need(void *p);

/* doc.c: returns {"schema":1}, to which members are added. Free it with json_object_put(). */
struct json_object *out_new(void);

/* The words of "result" and "direction", by enum vlu_result and enum vlu_direction */
extern const char *const result_words[], *const direction_words[];

/* Add members. NULL text or a number below 0 becomes null. Text is cleaned. */
void out_text(struct json_object *obj, const char *key, const char *text);
void out_number(struct json_object *obj, const char *key, int64_t number);
void out_known(struct json_object *obj, const char *key, enum vlu_known known);
/* Adds nanoseconds as seconds. An unknown value becomes null. */
void out_seconds(struct json_object *obj, const char *key, bool known, int64_t nanoseconds);
/* Adds nanoseconds since 1970 as the UTC time, with milliseconds. */
void out_time(struct json_object *obj, const char *key, int64_t nanoseconds);
/* Add "0x8086": a PCI id with this number of digits, and a 64-bit token */
void out_id(struct json_object *obj, const char *key, int64_t id, int digits);
void out_token(struct json_object *obj, const char *key, uint64_t token);
void out_bdf(struct json_object *obj, const char *key, struct vlu_bdf bdf);
void out_null(struct json_object *obj, const char *key);
struct json_object *out_array(struct json_object *obj, const char *key);
struct json_object *out_object(struct json_object *obj, const char *key);
/* Add elements to an array. */
struct json_object *out_row(struct json_object *array);
void out_item(struct json_object *array, const char *text);
/* Adds an array of words, which end with NULL. NULL becomes null. */
void out_words(struct json_object *obj, const char *key, const char *const *words);

/* Read members. NULL for null, or if there is no such key. */
const char *out_get(struct json_object *obj, const char *key);
struct json_object *out_member(struct json_object *obj, const char *key);

/* for each element of an array, which is evaluated once */
#define out_each(row, array)								\
	for (struct { struct json_object *in; size_t i; } row##_at = { (array), 0 };	\
	     row##_at.i < json_object_array_length(row##_at.in) &&			\
	     ((row) = json_object_array_get_idx(row##_at.in, row##_at.i)); row##_at.i++)

/* Prints obj as JSON with a newline. Only answer.c calls it. */
void out_json(struct json_object *obj);

/* table.c: returns the first word of list that is not a column, or NULL. The caller frees it. */
char *out_unknown_column(const char *list, const struct column *columns);
/*
 * Prints a table. columns ends with a NULL key. list chooses columns, NULL: those shown. A terminal
 * cuts the last column at its edge.
 */
void out_table(const struct column *columns, const char *list, bool headings,
	       struct json_object *rows);

/* Print reports. Text is cleaned first, so only out_line() prints a newline. */
void out_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Print a text, and a number of blanks. Tables have thousands of them, and printf() is slow. */
void out_put(const char *text);
void out_blanks(int n);
/* Prints a file as it is, without cleaning. */
void out_text_as_is(const char *text);
/* Prints the rest of a line. Dots replace the text beyond the terminal's edge. */
void out_cut(const char *text);
/*
 * Prints the rest of a paragraph. Breaks it between words at the terminal's edge, or at width if
 * that is less (0: none), and indents its other lines.
 */
void out_fill(int indent, int width, const char *text);
/*
 * Prints a word in the colour of its meaning ("preservable", "lost"). shown, if not NULL, is
 * printed instead.
 */
void out_word(const char *word, const char *shown);
/* Prints blanks up to this column, at least one. */
void out_tab(int column);

/* Flushes stdout. A negative errno means that output was lost: see cli_flush(). */
int out_flush(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Prints rows of JSON objects as a table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

#define MAX_COLUMNS 64

static const struct column *find_column(const struct column *columns,
					const char *key, size_t n)
{
	for (; columns->key; columns++)
		if (strlen(columns->key) == n && !memcmp(columns->key, key, n))
			return columns;
	return NULL;
}

char *out_unknown_column(const char *list, const struct column *columns)
{
	size_t n;

	while (list) {
		n = strcspn(list, ",");
		if (!find_column(columns, list, n))
			return strndup(list, n);
		list = list[n] ? list + n + 1 : NULL;
	}
	return NULL;
}

static size_t choose(const struct column *columns, const char *list,
		     const struct column *ret_chosen[MAX_COLUMNS])
{
	size_t n = 0, len;

	if (!list) {
		for (; columns->key && n < MAX_COLUMNS; columns++)
			if (columns->shown)
				ret_chosen[n++] = columns;
		return n;
	}
	while (list && n < MAX_COLUMNS) {
		len = strcspn(list, ",");
		ret_chosen[n++] = find_column(columns, list, len);
		list = list[len] ? list + len + 1 : NULL;
	}
	return n;
}

/* Returns the text of a cell, which the caller frees. Array elements are joined by commas. */
static char *cell_text(struct json_object *row, const struct column *column)
{
	struct json_object *value = out_member(row, column->key);
	const char *text;
	char *cell, *longer;
	size_t i;

	if (json_object_is_type(value, json_type_boolean))
		return out_need(strdup(json_object_get_boolean(value) ? "yes" : "no"));
	if (!json_object_is_type(value, json_type_array)) {
		text = value ? json_object_get_string(value) : NULL;
		return out_need(strdup(text && *text ? text : "-"));
	}
	cell = out_need(strdup(json_object_array_length(value) ? "" : "-"));
	for (i = 0; i < json_object_array_length(value); i++) {
		text = json_object_get_string(json_object_array_get_idx(value, i));
		if (asprintf(&longer, "%s%s%s", cell, i ? "," : "", text) < 0)
			out_need(NULL);
		free(cell);
		cell = longer;
	}
	return cell;
}

/* Pads a number on the left and a text on the right, but not at the end of a line. */
static void print_cell(const struct column *column, const char *text, int width,
		       bool last, bool heading)
{
	int blanks = width - out_width(text);

	if (column->right)
		out_blanks(blanks);
	if (column->toned && !heading) {
		out_word(text, NULL);
		if (last)
			out_line("%s", "");
	} else if (last) {
		out_cut(text);
	} else {
		out_put(text);
	}
	if (!last)
		out_blanks((column->right ? 0 : blanks) + 2);
}

void out_table(const struct column *columns, const char *list, bool headings,
	       struct json_object *rows)
{
	size_t n_rows = json_object_array_length(rows), n, i, j;
	const struct column *chosen[MAX_COLUMNS];
	int widths[MAX_COLUMNS];
	char **cells;

	n = choose(columns, list, chosen);
	cells = out_need(calloc(n_rows * n + 1, sizeof(*cells)));
	for (i = 0; i < n; i++) {
		widths[i] = headings ? out_width(chosen[i]->head) : 0;
		for (j = 0; j < n_rows; j++) {
			char *cell = cell_text(json_object_array_get_idx(rows, j),
					       chosen[i]);

			cells[j * n + i] = cell;
			if (out_width(cell) > widths[i])
				widths[i] = out_width(cell);
		}
	}
	for (i = 0; headings && i < n; i++)
		print_cell(chosen[i], chosen[i]->head, widths[i], i + 1 == n, true);
	for (j = 0; j < n_rows; j++)
		for (i = 0; i < n; i++)
			print_cell(chosen[i], cells[j * n + i], widths[i], i + 1 == n, false);
	for (i = 0; i < n_rows * n; i++)
		free(cells[i]);
	free(cells);
}

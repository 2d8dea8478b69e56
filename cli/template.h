/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes sentences about a JSON object. In a template
 *
 *   {size}		is a member, {} the object itself if it is a plain word,
 *   {size:bytes}	is a member in a unit,
 *   [with {driver}|no driver]
 *			is the first alternative whose members are all known, or
 *			nothing. Members in an inner bracket do not count.
 *
 * null is not known. Units are bytes, hex, at (an address; 0 is not known), th (an
 * ordinal; 0 is not known) and word ("unknown" is not known). Any other unit is counted:
 * {files:file} is "1 file" or "2 files", where files is a number or an array. Four units
 * print nothing, and are known if they are true: known, empty (no element), yes, no.
 */
#ifndef CLI_TEMPLATE_H
#define CLI_TEMPLATE_H

#include <json-c/json.h>

/* A member that an object lacks is searched in the objects around it. */
struct scope {
	struct json_object *obj;
	const struct scope *up;
};

/* Returns the text, which the caller frees. */
char *template_text(const char *template, const struct scope *scope);
/* Prints the text. The template may end with a newline. */
void template_print(const char *template, struct json_object *obj);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include <stdbool.h>

struct json_object;

/* Prints the object of --json as a report. none: the line if no device was checked. */
void check_print(struct json_object *doc, const char *none, bool verbose);

#endif

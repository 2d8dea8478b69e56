/* SPDX-License-Identifier: GPL-2.0-only */
/* Parses options by their rows. */
#ifndef CLI_OPT_ROWS_H
#define CLI_OPT_ROWS_H

#include <getopt.h>
#include <stdbool.h>

#include "opt.h"

#define MAX_OPTS 32

/* The arguments of getopt_long(). */
struct rows {
	const struct model *model;
	const struct command *command;	/* NULL: not known yet */
	size_t n;
	const struct opt *opt[MAX_OPTS];
	void *into[MAX_OPTS];
	bool given[MAX_OPTS];
	struct option longs[MAX_OPTS + 1];
	char shorts[2 * MAX_OPTS + 3];
};

void rows_add(struct rows *rows, const struct opt *opt, void *into);
/* Parses to the end, or to the first argument. Returns 0, or -1 after a message. */
int rows_parse(struct rows *rows, int argc, char **argv, bool to_first);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* A command as words, in a struct of fixed size that can be copied by assignment. */
#ifndef VLU_BASE_ARGLINE_H
#define VLU_BASE_ARGLINE_H

#include <stdbool.h>
#include <stddef.h>

#define ARGLINE_MAX 31

/* All zeros: no command. */
struct argline {
	size_t n, used;
	bool full;		/* a word did not fit: argline_argv() returns NULL */
	char text[512];		/* the words one after another, each with its NUL */
};

void argline_add(struct argline *line, const char *word);
/* Fills argv, which ends with NULL, and returns it; returns NULL if there is no command. */
const char *const *argline_argv(const struct argline *line, const char *argv[ARGLINE_MAX + 1]);
/* Joins the words with blanks, for people to read. */
void argline_text(const char *const *argv, char *buf, size_t size);

#endif

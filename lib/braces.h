/* SPDX-License-Identifier: GPL-2.0-only */
/* Words with {NAME} in them, where a number is to stand. */
#ifndef VLU_BRACES_H
#define VLU_BRACES_H

/*
 * NAME is of A-Z a-z 0-9 . _ : - and any other brace is left alone, as JSON
 * has them; "{{" is a brace that stands for itself. number says what is to
 * stand for a name: a negative value of its own comes back as it is.
 * *ret_text is freed by the caller.
 */
int braces_expand(const char *text, int (*number)(void *arg, const char *name),
		  void *arg, char **ret_text);

#endif

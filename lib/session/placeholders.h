/* SPDX-License-Identifier: GPL-2.0-only */
/* Replaces each {NAME} in a text by a number. */
#ifndef VLU_SESSION_PLACEHOLDERS_H
#define VLU_SESSION_PLACEHOLDERS_H

/*
 * NAME consists of A-Z a-z 0-9 . _ : and -. Other braces, as in JSON, stay as they are. "{{"
 * stands for a brace. number() returns the number for a name. If it returns a negative value,
 * so does braces_expand(). The caller frees *ret_text.
 */
int braces_expand(const char *text, int (*number)(void *arg, const char *name),
		  void *arg, char **ret_text);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Characters, and which of them may reach a terminal. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

/* Replaces control bytes and invalid UTF-8 by '?', in place. */
void out_clean(char *text);
/* Counts the characters of a clean text. */
int out_width(const char *text);

#endif

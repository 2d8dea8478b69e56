/* SPDX-License-Identifier: GPL-2.0-only */
/* Characters, which of them may reach a terminal, and addresses in a text. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include "vfio-lu.h"

/* Replaces control bytes and invalid UTF-8 by '?', in place. */
void out_clean(char *text);
/* Counts the characters of a clean text. */
int out_width(const char *text);
/* Copies n bytes of text into name. Returns name if they are an address, or else NULL. */
const char *text_bdf(const char *text, size_t n, char name[VLU_BDF_SIZE]);

#endif

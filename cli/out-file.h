/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes a file that the user named. */
#ifndef CLI_OUT_FILE_H
#define CLI_OUT_FILE_H

/* Replaces the content of the file. Returns 0, or a negative errno if not all was written. */
int out_file(const char *path, const char *text);

#endif

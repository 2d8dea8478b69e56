/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that the user named for output. It is written in place, as a shell's > does, so that a
 * device, a pipe or a link stays what it is.
 */
#ifndef CLI_OUT_FILE_H
#define CLI_OUT_FILE_H

struct out_file {
	const char *path;
	int fd;		/* of a pipe or a character device; -1: out_file_end() opens the file */
};

/*
 * Checks that the file can be written. Call this before the work whose result goes into the file.
 * Changes nothing: does not make a missing file yet. Returns 0 or a negative errno, -ENXIO for a
 * FIFO that no process reads within two seconds.
 */
int out_file_begin(struct out_file *file, const char *path);
/* Writes the text and closes the file. Returns 0 or a negative errno. */
int out_file_end(struct out_file *file, const char *text);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "term.h"

#define MEM_MAJOR 1	/* null, full, zero: character devices, not terminals */

/*
 * isatty() is an ioctl, and read-only commands promise no ioctl except on a terminal. So call it
 * only where a terminal is likely.
 */
static bool is_terminal(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode))
		return false;
	return major(st.st_rdev) != MEM_MAJOR && isatty(fd);
}

int term_edge(int fd)
{
	struct winsize size = { 0 };

	if (!is_terminal(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return 80;	/* a serial line does not know its width */
}

bool term_is_smart(void)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "dumb");
}

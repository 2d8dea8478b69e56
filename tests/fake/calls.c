// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes the calls of vfio-lu that change something into the machine's file "calls", one
 * per line: the same lines that tests/vm/calls makes from strace under a real kernel.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel.h"

static FILE *to;

void calls_begin(void)
{
	to = fopen("calls", "ae");
	if (!to)
		die("calls: %s", strerror(errno));
	setvbuf(to, NULL, _IOLBF, 0);
}

/* Returns a word for the caller, or NULL if it is not vfio-lu. */
static const char *role(pid_t pid)
{
	char path[64], words[4096];
	const char *name, *first;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	n = tree_read_bytes(path, words, sizeof(words) - 1);
	words[n] = '\0';
	name = strrchr(words, '/');
	name = name ? name + 1 : words;
	if (strcmp(name, "vfio-lu-fake") && strcmp(name, "vfio-lu") && strcmp(name, "@vfio-lu"))
		return NULL;
	first = words + strlen(words) + 1;
	return first < words + n && strcmp(first, "hold") == 0 ? "holder" : "tool";
}

void calls_note(pid_t pid, int ret, const char *fmt, ...)
{
	const char *who = ret == WIRE_NOT_MINE ? NULL : role(pid);
	char text[512];
	va_list ap;

	if (!who)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *p = text; *p; p++)
		if (*p == '\n')
			*p = '$';
	fprintf(to, "%s %s = %s\n", who, text, ret < 0 ? strerrorname_np(-ret) : "ok");
}

/* The last two names of a path. */
const char *calls_place(const char *path)
{
	const char *p = path + strlen(path);

	for (int n = 0; p > path; p--)
		if (p[-1] == '/' && ++n == 2)
			break;
	return p;
}

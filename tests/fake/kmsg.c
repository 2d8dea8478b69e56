// SPDX-License-Identifier: GPL-2.0-only
/* The kernel log, in the form in which /dev/kmsg gives it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel.h"

/*
 * The part of the log that a kernel shows after a kexec. The file ../kmsg has the whole log, which no
 * program of the machine can read.
 */
static enum { WHOLE, ABSENT, REWORDED, WRAPPED, UNREADABLE } mode;
static bool altered;
static unsigned int sequence;

#define TRUTH "../kmsg"
#define LOG "dev/kmsg"

int kmsg_mode(const char *word)
{
	static const char *const words[] = {
		[WHOLE] = "whole", [ABSENT] = "absent", [REWORDED] = "reworded",
		[WRAPPED] = "wrapped", [UNREADABLE] = "unreadable",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i])) {
			mode = i;
			return 0;
		}
	return -EINVAL;
}

void kmsg_reset(bool by_kexec)
{
	sequence = 0;
	altered = by_kexec && mode != WHOLE;
	tree_remove(LOG);
	tree_write_bytes(TRUTH, "", 0);
	if (!altered || mode != ABSENT)
		tree_write_bytes(LOG, "", 0);
	if (altered && mode == UNREADABLE && chmod(LOG, 0))
		die("%s: cannot change its mode", LOG);
}

/* Rewords the message, as another release of the kernel could. */
static void reword(char *line, size_t size)
{
	static const char *const words[][2] = {
		{ "KHO: ", "kexec handover: " }, { "luo: ", "liveupdate: " },
		{ "preserved", "carried over" }, { "Live Update", "the live update" },
		{ "is finished participating in", "has left" }, { "Retrieved live update data", "Found data" },
		{ "Unable to finish", "Cannot finish" }, { "No registered handler", "Nobody there" },
		{ "No incoming FLB", "No FLB" }, { "exec from", "started by" },
		{ "Freeze failed", "Cannot be frozen" }, { "Linux version", "This is Linux" },
	};
	char copy[2048], *p;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		while ((p = strstr(line, words[i][0]))) {
			snprintf(copy, sizeof(copy), "%s", p + strlen(words[i][0]));
			snprintf(p, size - (size_t)(p - line), "%s%s", words[i][1], copy);
		}
	}
}

static void record(const char *text, const char *more)
{
	char line[2048];

	/* No test reads a time above an hour. */
	snprintf(line, sizeof(line), "6,%u,%u,-;%s\n%s", sequence,
		 100000 + 1000 * sequence, text, more);
	sequence++;
	tree_append(TRUTH, line);
	if (altered && (mode == ABSENT || mode == UNREADABLE))
		return;
	if (altered && mode == REWORDED)
		reword(line, sizeof(line));
	tree_append(LOG, line);
}

void kmsg_booted(void)
{
	if (!altered || mode != WRAPPED)
		return;
	tree_write_bytes(LOG, "", 0);
	kmsg("random: crng init done");
}

void kmsg(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	record(text, "");
}

/* dev_info(): the driver's name comes first, or "pci" for a device without a driver. */
void kmsg_device(const struct device *dev, const char *text)
{
	char line[1024], more[256];

	snprintf(line, sizeof(line), "%s %s: %s",
		 dev->driver ? dev->driver->name : "pci", dev->name, text);
	snprintf(more, sizeof(more), " SUBSYSTEM=pci\n DEVICE=+pci:%s\n", dev->name);
	record(line, more);
}

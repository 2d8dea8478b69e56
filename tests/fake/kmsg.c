// SPDX-License-Identifier: GPL-2.0-only
/* The kernel log, in the form in which /dev/kmsg gives it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel.h"

static unsigned int sequence;

void kmsg_reset(void)
{
	sequence = 0;
	tree_write_bytes("dev/kmsg", "", 0);
}

static void record(const char *text, const char *more)
{
	char line[2048];

	/* An hour's worth of microseconds is not what any test looks at. */
	snprintf(line, sizeof(line), "6,%u,%u,-;%s\n%s", sequence,
		 100000 + 1000 * sequence, text, more);
	sequence++;
	tree_append("dev/kmsg", line);
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

/* dev_info(): the driver's name first, "pci" for a device that has none. */
void kmsg_device(const struct device *dev, const char *text)
{
	char line[1024], more[256];

	snprintf(line, sizeof(line), "%s %s: %s",
		 dev->driver ? dev->driver->name : "pci", dev->name, text);
	snprintf(more, sizeof(more), " SUBSYSTEM=pci\n DEVICE=+pci:%s\n", dev->name);
	record(line, more);
}

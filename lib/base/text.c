/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

void text_add(char *buf, size_t size, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf + len, size - len, fmt, args);
	va_end(args);
}

bool list_has(const char *list, char end, const char *item)
{
	size_t len = strlen(item);
	const char *next;

	for (; (next = strchr(list, end)); list = next + 1)
		if ((size_t)(next - list) == len && memcmp(list, item, len) == 0)
			return true;
	return false;
}

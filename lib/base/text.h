/* SPDX-License-Identifier: GPL-2.0-only */
/* Splits and joins texts. */
#ifndef VLU_BASE_TEXT_H
#define VLU_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Appends to the text in buf. Cuts text that does not fit. */
void text_add(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Returns whether the list has the item. Each item is followed by the character `end`. */
bool list_has(const char *list, char end, const char *item);

/* ASCII in any locale. */
static inline bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_printable(unsigned char c)
{
	return c >= ' ' && c < 0x7f;
}

/* Returns the beginning of the next line, or end. */
static inline const char *next_line(const char *p, const char *end)
{
	p = memchr(p, '\n', (size_t)(end - p));
	return p ? p + 1 : end;
}

static inline bool has_suffix(const char *text, const char *with)
{
	size_t len = strlen(text), n = strlen(with);

	return len >= n && strcmp(text + len - n, with) == 0;
}

/* Copies len bytes and adds a NUL. Returns false and leaves buf alone if they do not fit. */
static inline bool take_text(char *buf, size_t size, const char *from, size_t len)
{
	if (len >= size)
		return false;
	memmove(buf, from, len);
	buf[len] = '\0';
	return true;
}

#endif

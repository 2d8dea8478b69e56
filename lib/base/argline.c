/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/text.h"
#include "base/argline.h"

void argline_add(struct argline *line, const char *word)
{
	size_t size = strlen(word) + 1;

	if (line->n == ARGLINE_MAX || line->used + size > sizeof(line->text)) {
		line->full = true;
		return;
	}
	memcpy(line->text + line->used, word, size);
	line->used += size;
	line->n++;
}

const char *const *argline_argv(const struct argline *line, const char *argv[ARGLINE_MAX + 1])
{
	const char *word = line->text;
	size_t i;

	if (!line->n || line->full)
		return NULL;
	for (i = 0; i < line->n; i++, word += strlen(word) + 1)
		argv[i] = word;
	argv[i] = NULL;
	return argv;
}

void argline_text(const char *const *argv, char *buf, size_t size)
{
	size_t i;

	buf[0] = '\0';
	for (i = 0; argv && argv[i]; i++)
		text_add(buf, size, "%s%s", i ? " " : "", argv[i]);
}

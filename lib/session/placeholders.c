/* SPDX-License-Identifier: GPL-2.0-only */
#include "session/placeholders.h"
#include "base/ctx.h"

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-"

/* Returns the length of the name in braces at the beginning of text; 0: no name. */
static size_t name_at(const char *text)
{
	size_t len = *text == '{' ? strspn(text + 1, NAME_BYTES) : 0;

	return len && text[1 + len] == '}' ? len : 0;
}

int braces_expand(const char *text, int (*number)(void *arg, const char *name),
		  void *arg, char **ret_text)
{
	char *expanded = NULL, name[64];
	size_t size, len;
	FILE *f = open_memstream(&expanded, &size);
	int n = 0;

	if (!f)
		return -ENOMEM;
	while (*text && n >= 0) {
		len = name_at(text);
		if (text[0] == '{' && text[1] == '{') {
			fputc('{', f);
			text += 2;
		} else if (len) {
			/* no file has a longer name */
			snprintf(name, sizeof(name), "%.*s", (int)len, text + 1);
			n = number(arg, name);
			fprintf(f, "%d", n);
			text += len + 2;
		} else {
			fputc(*text++, f);
		}
	}
	if (fclose(f) != 0 && n >= 0)
		n = -ENOMEM;
	if (n < 0) {
		free(expanded);
		return n;
	}
	*ret_text = expanded;
	return 0;
}

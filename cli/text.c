/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "text.h"

/* Returns the length of the well-formed UTF-8 character at s, or 0. */
static int utf8_length(const unsigned char *s)
{
	unsigned int min, c = *s;
	int i, n;

	if (c < 0x80)
		return 1;
	if ((c & 0xe0) == 0xc0)
		n = 2, c &= 0x1f, min = 0x80;
	else if ((c & 0xf0) == 0xe0)
		n = 3, c &= 0x0f, min = 0x800;
	else if ((c & 0xf8) == 0xf0)
		n = 4, c &= 0x07, min = 0x10000;
	else
		return 0;
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return c < 0xa0 ? 0 : n;	/* U+0080 to U+009F are control codes */
}

void out_clean(char *text)
{
	unsigned char *s = (unsigned char *)text;
	int n;

	while (*s) {
		n = utf8_length(s);
		if (n == 0 || *s < ' ' || *s == 0x7f) {
			*s = '?';
			n = 1;
		}
		s += n;
	}
}

int out_width(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

const char *text_bdf(const char *text, size_t n, char name[VLU_BDF_SIZE])
{
	struct vlu_bdf bdf;

	if (n >= VLU_BDF_SIZE)
		return NULL;
	memcpy(name, text, n);
	name[n] = '\0';
	return vlu_bdf_parse(name, &bdf) == 0 ? name : NULL;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cli.h"
#include "out.h"

#define MEM_MAJOR 1	/* null, full, zero: character devices, no terminals */

static struct {
	int edge;	/* columns of the terminal, 0: not one */
	int at;		/* column of the cursor */
	bool colour;
	char buf[1 << 16];
} out;

/*
 * isatty() is an ioctl, and the read-only commands promise none but on a
 * terminal; so ask it only where it is likely to say yes. For the same reason
 * stdio gets a buffer of ours: choosing one itself it would ask too.
 */
static bool is_terminal(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode))
		return false;
	return major(st.st_rdev) != MEM_MAJOR && isatty(fd);
}

static int edge_of(int fd)
{
	struct winsize size = { 0 };

	if (!is_terminal(fd))
		return 0;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return 80;	/* a serial line does not know its width */
}

/* Does the terminal, if there is one, know more than to print? */
static bool is_smart(void)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "dumb");
}

void out_start(void)
{
	setvbuf(stdout, out.buf, _IOFBF, sizeof(out.buf));
	out.at = 0;
	out.edge = edge_of(STDOUT_FILENO);
	out.colour = false;
}

int out_live(void)
{
	return is_smart() ? edge_of(STDERR_FILENO) : 0;
}

void out_colour(const char *when)
{
	const char *no_color = getenv("NO_COLOR");

	if (!strcmp(when, "auto"))
		out.colour = out.edge && (!no_color || !*no_color) && is_smart();
	else
		out.colour = !strcmp(when, "always");
}

/* Length of the well-formed UTF-8 character at s, 0 if there is none. */
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

void *out_need(void *p)
{
	if (!p) {
		cli_error("out of memory");
		exit(VLU_FAILED);
	}
	return p;
}

void out_json(struct json_object *obj)
{
	fputs(out_need((void *)json_object_to_json_string_ext(obj,
			JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
			JSON_C_TO_STRING_NOSLASHESCAPE)), stdout);
	fputc('\n', stdout);
}

static void emit(const char *text, size_t n)
{
	size_t i;

	fwrite(text, 1, n, stdout);
	for (i = 0; i < n; i++)
		out.at += (text[i] & 0xc0) != 0x80;
}

static void end_line(void)
{
	fputc('\n', stdout);
	out.at = 0;
}

static void __attribute__((format(printf, 1, 0))) print(const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0)
		out_need(NULL);
	out_clean(text);
	emit(text, strlen(text));
	free(text);
}

void out_print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(fmt, ap);
	va_end(ap);
}

void out_line(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(fmt, ap);
	va_end(ap);
	end_line();
}

void out_tab(int column)
{
	do
		emit(" ", 1);
	while (out.at < column);
}

void out_cut(const char *text)
{
	char *copy = out_need(strdup(text));
	size_t n = 0;
	int left = out.edge - out.at;

	out_clean(copy);
	/* up to the first byte of the character that is one too many */
	while (copy[n]) {
		if (out.edge && (copy[n] & 0xc0) != 0x80 && left-- <= 0)
			break;
		n++;
	}
	emit(copy, n);
	end_line();
	free(copy);
}

void out_fill(int indent, int width, const char *text)
{
	char *copy = out_need(strdup(text)), *word, *save;
	int edge = width ? width : out.edge;
	bool first = true;

	out_clean(copy);
	for (word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		if (!first && edge && out.at + 1 + out_width(word) > edge) {
			end_line();
			out_print("%*s", indent, "");
		} else if (!first) {
			emit(" ", 1);
		}
		emit(word, strlen(word));
		first = false;
	}
	end_line();
	free(copy);
}

static const char *tone_of(const char *word)
{
	static const struct {
		const char *word, *escape;
	} tones[] = {
		{ "preservable", "\033[32m" },
		{ "ready", "\033[32m" },
		{ "not-preservable", "\033[31m" },
		{ "not-ready", "\033[31m" },
		{ "fail", "\033[31m" },
		{ "lost", "\033[31m" },
		{ "failed", "\033[31m" },
		{ "mismatch", "\033[31m" },
		{ "missing", "\033[31m" },
		{ "unknown", "\033[33m" },
		{ "warn", "\033[33m" },
		{ "waiting", "\033[33m" },
		{ "stale", "\033[33m" },
	};
	size_t i;

	for (i = 0; i < sizeof(tones) / sizeof(tones[0]); i++)
		if (!strcmp(word, tones[i].word))
			return tones[i].escape;
	return NULL;
}

void out_word(const char *word, const char *shown)
{
	const char *tone = out.colour ? tone_of(word) : NULL;

	if (tone)
		fputs(tone, stdout);
	out_print("%s", shown ? shown : word);
	if (tone)
		fputs("\033[0m", stdout);
}

int out_flush(void)
{
	int lost = ferror(stdout);

	errno = 0;
	if (fflush(stdout) != 0)
		lost = 1;
	if (!lost)
		return 0;
	/* a reader that went away knows that it did */
	if (errno != EPIPE)
		cli_error("cannot write to standard output: %s",
			  errno ? strerror(errno) : "some of it was lost");
	return -1;
}

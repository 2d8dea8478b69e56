/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "term.h"

static struct {
	int edge;	/* columns of the terminal, 0: no terminal */
	int at;		/* column of the cursor */
	bool colour;
	char buf[1 << 16];
} out;

void out_start(void)
{
	/* otherwise stdio would choose a buffer by an ioctl on the terminal */
	setvbuf(stdout, out.buf, _IOFBF, sizeof(out.buf));
	out.at = 0;
	out.edge = term_edge(STDOUT_FILENO);
	out.colour = false;
}

void out_colour(const char *when)
{
	const char *no_color = getenv("NO_COLOR");

	if (!strcmp(when, "auto"))
		out.colour = out.edge && (!no_color || !*no_color) && term_is_smart();
	else
		out.colour = !strcmp(when, "always");
}

void *out_need(void *p)
{
	if (!p) {
		fputs("vfio-lu: out of memory\n", stderr);
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

void out_put(const char *text)
{
	char *copy = out_need(strdup(text));

	out_clean(copy);
	emit(copy, strlen(copy));
	free(copy);
}

void out_blanks(int n)
{
	static const char blanks[] = "                ";
	const int most = (int)strlen(blanks);

	for (; n > 0; n -= most)
		emit(blanks, (size_t)(n < most ? n : most));
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

void out_text_as_is(const char *text)
{
	fputs(text, stdout);
}

void out_tab(int column)
{
	out_blanks(out.at < column ? column - out.at : 1);
}

/* In fewer columns nothing is cut, and the terminal wraps the line. */
#define LEAST_CUT 10

void out_cut(const char *text)
{
	static const char dots[] = "...";
	char *copy = out_need(strdup(text));
	int left = out.edge - out.at;
	bool cut = left >= LEAST_CUT && out_width(text) > left;
	size_t n = 0;

	out_clean(copy);
	left -= (int)strlen(dots);
	/* stop at the first byte of the first character that does not fit */
	while (copy[n]) {
		if (cut && (copy[n] & 0xc0) != 0x80 && left-- <= 0)
			break;
		n++;
	}
	emit(copy, n);
	if (cut)
		emit(dots, strlen(dots));
	end_line();
	free(copy);
}

void out_fill(int indent, int width, const char *text)
{
	char *copy = out_need(strdup(text)), *word, *save;
	int edge = width && (!out.edge || out.edge > width) ? width : out.edge;
	size_t n = 0, size;	/* copy[0] to copy[n - 1] is the line so far */
	int at = out.at;

	out_clean(copy);
	for (word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		if (n && edge && at + 1 + out_width(word) > edge) {
			emit(copy, n);
			end_line();
			out_blanks(indent);
			n = 0;
			at = indent;
		} else if (n) {
			copy[n++] = ' ';
			at++;
		}
		size = strlen(word);
		at += out_width(word);
		memmove(copy + n, word, size);
		n += size;
	}
	emit(copy, n);
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
	out_put(shown ? shown : word);
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
	return errno ? -errno : -EIO;
}

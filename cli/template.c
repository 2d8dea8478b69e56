/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "template.h"

struct text {
	char *start;
	size_t n;
};

static void put(struct text *text, const char *what, size_t n)
{
	text->start = out_need(realloc(text->start, text->n + n + 1));
	memcpy(text->start + text->n, what, n);
	text->n += n;
}

static struct json_object *find(const struct scope *scope, const char *key)
{
	struct json_object *value;

	if (!*key)
		return scope->obj;
	for (; scope; scope = scope->up)
		if (json_object_object_get_ex(scope->obj, key, &value))
			return value;
	return NULL;
}

static uint64_t number_of(struct json_object *value)
{
	if (json_object_is_type(value, json_type_array))
		return json_object_array_length(value);
	if (json_object_is_type(value, json_type_string))
		return strtoull(json_object_get_string(value), NULL, 0);
	return (uint64_t)json_object_get_int64(value);
}

/* Puts a size in the largest unit that divides it. */
static void put_bytes(struct text *text, uint64_t n)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB" };
	char buf[32];
	size_t i;

	for (i = 0; i + 1 < sizeof(units) / sizeof(units[0]) && n && n % 1024 == 0; i++)
		n /= 1024;
	put(text, buf, (size_t)snprintf(buf, sizeof(buf), "%llu %s", (unsigned long long)n,
					units[i]));
}

static const char *ordinal(uint64_t n)
{
	if (n % 100 >= 11 && n % 100 <= 13)
		return "th";
	return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

/* Puts a value, and returns whether it is known. */
static bool put_value(struct text *text, struct json_object *value, const char *unit)
{
	unsigned long long n;
	const char *plain;
	char buf[64] = "";

	if (!value)
		return false;
	n = number_of(value);
	plain = json_object_get_string(value);
	if (!strcmp(unit, "yes") || !strcmp(unit, "no"))
		return json_object_get_boolean(value) == !strcmp(unit, "yes");
	if (!strcmp(unit, "empty"))
		return !n;
	if (!*unit || !strcmp(unit, "at") || !strcmp(unit, "word"))
		put(text, plain, strlen(plain));
	else if (!strcmp(unit, "bytes"))
		put_bytes(text, n);
	else if (!strcmp(unit, "hex"))
		snprintf(buf, sizeof(buf), "0x%llx", n);
	else if (!strcmp(unit, "th"))
		snprintf(buf, sizeof(buf), "%llu%s", n, ordinal(n));
	else if (strcmp(unit, "known"))
		snprintf(buf, sizeof(buf), "%llu %s%s", n, unit, n == 1 ? "" : "s");
	put(text, buf, strlen(buf));
	if (!strcmp(unit, "at") || !strcmp(unit, "th"))
		return n;
	return strcmp(unit, "word") || strcmp(plain, "unknown");
}

/* This and put_first() begin after the opening bracket, and return what follows the closing. */
static const char *put_member(struct text *text, const char *p, const struct scope *scope,
			      bool *known)
{
	size_t n = strcspn(p, ":}"), len = strcspn(p, "}");
	char key[32], unit[16] = "";

	snprintf(key, sizeof(key), "%.*s", (int)n, p);
	if (n < len)
		snprintf(unit, sizeof(unit), "%.*s", (int)(len - n - 1), p + n + 1);
	if (!put_value(text, find(scope, key), unit))
		*known = false;
	return p + len + 1;
}

static const char *put_all(struct text *text, const char *p, const struct scope *scope,
			   bool *known);

static const char *put_first(struct text *text, const char *p, const struct scope *scope)
{
	bool done = false, known;
	size_t before;

	for (;; p++) {
		before = text->n;
		known = true;
		p = put_all(text, p, scope, &known);
		if (done || !known)
			text->n = before;
		done |= known;
		if (*p != '|')
			return p + 1;
	}
}

/* Puts text up to the end of an alternative. */
static const char *put_all(struct text *text, const char *p, const struct scope *scope,
			   bool *known)
{
	size_t n;

	while (*p && *p != '|' && *p != ']') {
		n = strcspn(p, "[{|]");
		put(text, p, n);
		p += n;
		if (*p == '[')
			p = put_first(text, p + 1, scope);
		else if (*p == '{')
			p = put_member(text, p + 1, scope, known);
	}
	return p;
}

char *template_text(const char *template, const struct scope *scope)
{
	struct text text = { NULL, 0 };
	bool known = true;

	put_all(&text, template, scope, &known);
	put(&text, "", 0);
	text.start[text.n] = '\0';
	return text.start;
}

void template_print(const char *template, struct json_object *obj)
{
	char *text = template_text(template, &(struct scope){ obj, NULL });
	size_t n = strlen(text);

	/* members are clean, so a newline belongs to the template */
	if (n && text[n - 1] == '\n')
		out_line("%.*s", (int)n - 1, text);
	else
		out_print("%s", text);
	free(text);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "modconf.h"

#define BLANKS	" \t"

/* Two names of modules or parameters, of this length: '-' and '_' are the same. */
static bool same(const char *a, const char *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		char x = a[i] == '-' ? '_' : a[i], y = b[i] == '-' ? '_' : b[i];

		if (x != y || !x)
			return false;
	}
	return true;
}

static bool is_word(const char *word, size_t len, const char *text)
{
	return strlen(text) == len && same(word, text, len);
}

bool cmdline_lists(const char *cmdline, const char *name, const char *module)
{
	size_t len = strlen(name), n;
	const char *p, *end, *item;

	for (p = cmdline; *p; p = end) {
		p += strspn(p, " \t\n");
		end = p + strcspn(p, " \t\n");
		if ((size_t)(end - p) <= len || p[len] != '=' || !same(p, name, len))
			continue;
		for (item = p + len + 1; item < end; item += n + 1) {
			n = strcspn(item, ",\" \t\n");
			if (is_word(item, n, module))
				return true;
		}
	}
	return false;
}

/* A line in words: the next one, its length in *ret_len; NULL at the end. */
static const char *next_word(const char *p, size_t *ret_len)
{
	p += strspn(p, BLANKS);
	*ret_len = strcspn(p, BLANKS "\n");
	return *ret_len ? p : NULL;
}

/* The lines of all files in directories of this name that begin with word. */
struct lines {
	const struct userland *user;
	const char *dir, *word;	/* word NULL: all lines that say something */
	size_t i;
	const char *at;
};

/* What follows the word in the next such line; NULL: no more. */
static const char *next_line(struct lines *lines)
{
	const char *line, *word;
	size_t len;

	for (;;) {
		while (!lines->at || !*lines->at) {
			if (lines->i == lines->user->n_conf)
				return NULL;
			lines->at = strstr(lines->user->conf[lines->i].name, lines->dir) ?
				    lines->user->conf[lines->i].text : NULL;
			lines->i++;
		}
		line = lines->at;
		lines->at += strcspn(line, "\n");
		lines->at += *lines->at == '\n';
		word = next_word(line, &len);
		if (!word || *word == '#' || *word == ';')
			continue;
		if (!lines->word)
			return word;
		if (is_word(word, len, lines->word))
			return word + len;
	}
}

bool modconf_forbids(const struct userland *user, const char *cmdline,
		     const char *module)
{
	struct lines lines = { .user = user, .dir = "/modprobe.d/", .word = "blacklist" };
	const char *rest, *word;
	size_t len;

	if (cmdline_lists(cmdline, "modprobe.blacklist", module) ||
	    cmdline_lists(cmdline, "module_blacklist", module) ||
	    cmdline_lists(cmdline, "rd.driver.blacklist", module))
		return true;
	while ((rest = next_line(&lines))) {
		word = next_word(rest, &len);
		if (word && is_word(word, len, module))
			return true;
	}
	return false;
}

bool modconf_loads(const struct userland *user, const char *cmdline,
		   const char *module)
{
	static const char *const words[] = {
		"modules-load", "rd.modules-load", "rd.driver.pre",
	};
	/* etc/modules, conf/modules and modules-load.d/ */
	struct lines lines = { .user = user, .dir = "/modules", .word = NULL };
	const char *word;
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (cmdline_lists(cmdline, words[i], module))
			return true;
	while ((word = next_line(&lines))) {
		len = strcspn(word, BLANKS "\n");
		if (is_word(word, len, module))
			return true;
	}
	return false;
}

bool modconf_before(const struct userland *user, const char *module,
		    const char *first)
{
	struct lines lines = { .user = user, .dir = "/modprobe.d/", .word = "softdep" };
	const char *rest, *word;
	bool before;
	size_t len;

	while ((rest = next_line(&lines))) {
		word = next_word(rest, &len);
		if (!word || !is_word(word, len, module))
			continue;
		before = false;
		while ((word = next_word(word + len, &len))) {
			if (word[len - 1] == ':')
				before = is_word(word, len, "pre:");
			else if (before && is_word(word, len, first))
				return true;
		}
	}
	return false;
}

bool modconf_option(const struct userland *user, const char *module,
		    const char *option, char *buf, size_t size)
{
	struct lines lines = { .user = user, .dir = "/modprobe.d/", .word = "options" };
	size_t len, name = strlen(option);
	const char *rest, *word;
	bool found = false;

	while ((rest = next_line(&lines))) {
		word = next_word(rest, &len);
		if (!word || !is_word(word, len, module))
			continue;
		while ((word = next_word(word + len, &len))) {
			if (len <= name || word[name] != '=' || !same(word, option, name))
				continue;
			snprintf(buf, size, "%.*s", (int)(len - name - 1), word + name + 1);
			found = true;
		}
	}
	return found;
}

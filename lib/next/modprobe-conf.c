/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"
#include "formats/cmdline.h"
#include "next/initrd-maker.h"
#include "next/modprobe-conf.h"

#define BLANKS	" \t"

/* Returns the next word of a line, with its length in *ret_len, or NULL at the end. */
static const char *next_word(const char *p, size_t *ret_len)
{
	p += strspn(p, BLANKS);
	*ret_len = strcspn(p, BLANKS "\n");
	return *ret_len ? p : NULL;
}

/* Iterates over the lines in modprobe.d whose first word is the field "word". */
struct lines {
	const struct userland *user;
	const char *word;
	size_t i;
	const char *at;
};

/* Returns what follows the first word in the next such line, or NULL at the end. */
static const char *line_next(struct lines *lines)
{
	const char *line, *word;
	size_t len;

	for (;;) {
		while (!lines->at || !*lines->at) {
			if (lines->i == lines->user->n_conf)
				return NULL;
			lines->at = strstr(lines->user->conf[lines->i].name, "/modprobe.d/") ?
				    lines->user->conf[lines->i].text : NULL;
			lines->i++;
		}
		line = lines->at;
		lines->at += strcspn(line, "\n");
		lines->at += *lines->at == '\n';
		word = next_word(line, &len);
		if (word && cmdline_is_same(word, len, lines->word))
			return word + len;
	}
}

/* Returns the rest of the first line "KIND MODULE ...", or NULL. */
static const char *line_of(const struct userland *user, const char *kind, const char *module)
{
	struct lines lines = { .user = user, .word = kind };
	const char *rest, *word;
	char pattern[64], name[64];
	size_t len;

	if (!module_name(module, strlen(module), name, sizeof(name)))
		return NULL;
	while ((rest = line_next(&lines))) {
		word = next_word(rest, &len);
		if (word && module_name(word, len, pattern, sizeof(pattern)) &&
		    is_glob_match(pattern, name))
			return word + len;
	}
	return NULL;
}

/*
 * udev and modprobe obey modprobe.d; the kernel obeys module_blacklist= (blacklisted(),
 * kernel/module/main.c).
 */
const char *modconf_never_loads(const struct userland *user, const char *cmdline,
				const char *module)
{
	static const char *const nothing[] = { "false", "true", ":" };
	const char *word = line_of(user, "install", module), *base;
	char command[128];
	size_t i, len;

	if (cmdline_has_item(cmdline, "module_blacklist", module))
		return "module_blacklist= on its command line";
	if (word)
		word = next_word(word, &len);
	if (!word || !take_text(command, sizeof(command), word, len))
		return NULL;
	base = strrchr(command, '/');
	for (i = 0; i < ARRAY_SIZE(nothing); i++)
		if (strcmp(base ? base + 1 : command, nothing[i]) == 0)
			return "an \"install\" line in its modprobe.d";
	return NULL;
}

bool modconf_is_forbidden(const struct userland *user, const char *cmdline, const char *module)
{
	enum maker_id maker = user->maker ? user->maker->id : N_MAKERS;

	if (cmdline_has_item(cmdline, "modprobe.blacklist", module))
		return true;
	if (user->early && (maker == DRACUT || maker == N_MAKERS) &&
	    cmdline_has_item(cmdline, "rd.driver.blacklist", module))
		return true;
	if (user->early && maker == INITRAMFS_TOOLS && cmdline_has_item(cmdline, "blacklist", module))
		return true;
	return line_of(user, "blacklist", module) || modconf_never_loads(user, cmdline, module);
}

static bool has_softdep_before(const struct userland *user, const char *module, const char *first)
{
	struct lines lines = { .user = user, .word = "softdep" };
	const char *rest, *word;
	bool before;
	size_t len;

	while ((rest = line_next(&lines))) {
		word = next_word(rest, &len);
		if (!word || !cmdline_is_same(word, len, module))
			continue;
		before = false;
		while ((word = next_word(word + len, &len))) {
			if (word[len - 1] == ':')
				before = cmdline_is_same(word, len, "pre:");
			else if (before && cmdline_is_same(word, len, first))
				return true;
		}
	}
	return false;
}

/* "install e1000e /sbin/modprobe vfio-pci; /sbin/modprobe --ignore-install e1000e" */
static bool has_install_before(const struct userland *user, const char *module, const char *first)
{
	const char *word = line_of(user, "install", module);
	bool modprobe = false;
	size_t len, end;

	for (; word && (word = next_word(word, &len)); word += len) {
		end = len - strspn(word + len - 1, ";&");
		if (end >= 8 && memcmp(word + end - 8, "modprobe", 8) == 0)
			modprobe = true;
		else if (cmdline_is_same(word, end, module))
			return false;
		else if (modprobe && cmdline_is_same(word, end, first))
			return true;
	}
	return false;
}

bool modconf_is_before(const struct userland *user, const char *module, const char *first)
{
	return has_softdep_before(user, module, first) || has_install_before(user, module, first);
}

bool modconf_has_script(const struct userland *user, const char *module)
{
	const char *word = line_of(user, "install", module);
	size_t len = 0;

	word = word ? next_word(word, &len) : NULL;
	return word && !modconf_never_loads(user, "", module) &&
	       !(len >= 8 && memcmp(word + len - 8, "modprobe", 8) == 0);
}

struct aliases {
	modalias_fn fn;
	void *arg;
	bool found;
};

static int see_alias(void *arg, const char *module)
{
	struct aliases *aliases = arg;

	aliases->found = true;
	return aliases->fn(aliases->arg, module);
}

int modconf_modules(const struct userland *user, const char *table, const char *modalias,
		    modalias_fn fn, void *arg)
{
	struct aliases aliases = { .fn = fn, .arg = arg };
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < user->n_conf; i++)
		if (strstr(user->conf[i].name, "/modprobe.d/"))
			ret = modalias_text(user->conf[i].text, modalias, see_alias, &aliases);
	return ret || aliases.found ? ret : modalias_text(table, modalias, fn, arg);
}

/* booster writes options to its own file: "modprobeoptions:", "    vfio_pci: ids=8086:10d3" */
static const char *booster_options(const struct userland *user, const char *module)
{
	const char *line;
	size_t i, len;

	for (i = 0; i < user->n_conf; i++) {
		line = strcmp(user->conf[i].name, "etc/booster.init.yaml") == 0 ?
		       strstr(user->conf[i].text, "modprobeoptions:") : NULL;
		while (line && *(line = strchrnul(line, '\n')) && strchr(BLANKS, line[1])) {
			line += 1 + strspn(line + 1, BLANKS);
			len = strcspn(line, ":\n");
			if (cmdline_is_same(line, len, module))
				return line + len + (line[len] == ':');
		}
	}
	return NULL;
}

static bool find_option(const char *word, const char *option, char *buf, size_t size)
{
	size_t len = 0, name = strlen(option), value;
	bool found = false;

	for (; (word = next_word(word, &len)); word += len) {
		value = strspn(word, "\"'");
		if (len - value <= name || word[value + name] != '=' ||
		    !cmdline_is_same(word + value, name, option))
			continue;
		word += value + name + 1;
		len -= value + name + 1;
		snprintf(buf, size, "%.*s", (int)strcspn(word, "\"'" BLANKS "\n"), word);
		found = true;
	}
	return found;
}

bool modconf_option(const struct userland *user, const char *module,
		    const char *option, char *buf, size_t size)
{
	struct lines lines = { .user = user, .word = "options" };
	const char *rest = booster_options(user, module), *word;
	bool found = rest && find_option(rest, option, buf, size);
	size_t len;

	while ((rest = line_next(&lines))) {
		word = next_word(rest, &len);
		if (word && cmdline_is_same(word, len, module))
			found |= find_option(word + len, option, buf, size);
	}
	return found;
}

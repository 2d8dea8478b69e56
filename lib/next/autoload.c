/* SPDX-License-Identifier: GPL-2.0-only */
#include "formats/cmdline.h"
#include "next/autoload.h"
#include "next/initrd-maker.h"

#define BLANKS	" \t\n"

/* Separators between module names in a list. */
#define SEPARATORS	BLANKS ",\"'()[]"

/* Returns the start of a list in text, and its end in *ret_end. NULL: text has no list. */
typedef const char *(*list_fn)(const char *text, const char **ret_end);

/* MODULES="a b" or MODULES=(a b) */
static const char *config_list(const char *text, const char **ret_end)
{
	const char *at = text;

	while (at && strncmp(at, "MODULES=", 8) != 0) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return NULL;
	at += 8;
	*ret_end = *at == '"' || *at == '\'' ? strchrnul(at + 1, *at) :
		   *at == '(' ? strchrnul(at, ')') : strchrnul(at, '\n');
	return at;
}

/* YAML: "modulesforceload:", then lines that begin with blanks or '-', or "[a, b]" */
static const char *yaml_list(const char *text, const char **ret_end)
{
	const char *at = strstr(text, "modulesforceload:"), *end;

	at = at ? at : strstr(text, "modules_force_load:");
	if (!at || (at > text && at[-1] != '\n'))
		return NULL;
	at = strchr(at, ':') + 1;
	for (end = strchrnul(at, '\n'); *end && strchr(" \t-", end[1]) && end[1];)
		end = strchrnul(end + 1, '\n');
	*ret_end = end;
	return at;
}

/* "for i in a b c; do ... modprobe $i ... done", in the init of NixOS */
static const char *loop_list(const char *text, const char **ret_end)
{
	const char *at = text, *modprobe, *done;

	while ((at = strstr(at, "for i in "))) {
		at += strlen("for i in ");
		*ret_end = at + strcspn(at, ";\n");
		modprobe = strstr(*ret_end, "modprobe $i");
		done = strstr(*ret_end, "done");
		if (modprobe && done && modprobe < done)
			return at;
	}
	return NULL;
}

/*
 * Lists of modules, in the order in which they are read. If the maker is not known, words of the
 * command line count: an administrator writes only words that some program reads.
 */
static const struct source {
	enum { BY_MAKER, BY_SYSTEMD, BY_UNKNOWN } who;
	enum maker_id maker;
	bool early;		/* before udev */
	const char *file;	/* a file, or a directory; NULL: the command line */
	list_fn list;		/* finds the list in the file; NULL: a name per line */
	const char *word;	/* the list follows this word */
} sources[] = {
	{ BY_MAKER, BOOSTER, true, "etc/booster.init.yaml", .list = yaml_list },
	{ BY_MAKER, MKINITCPIO, true, NULL, .word = "earlymodules" },
	{ BY_MAKER, MKINITCPIO, true, "config", .list = config_list },
	{ BY_MAKER, NIXOS, true, "init", .list = loop_list },
	{ BY_MAKER, ALPINE, true, NULL, .word = "modules" },
	{ BY_MAKER, ALPINE, true, .file = "etc/modules" },
	{ BY_MAKER, DRACUT, true, "etc/cmdline", .word = "rd.driver.pre" },
	{ BY_MAKER, DRACUT, true, "/cmdline.d/", .word = "rd.driver.pre" },
	{ BY_MAKER, DRACUT, true, NULL, .word = "rd.driver.pre" },
	{ BY_SYSTEMD, 0, false, .file = "/modules-load.d/" },
	{ BY_SYSTEMD, 0, false, NULL, .word = "modules_load" },
	{ BY_SYSTEMD, 0, false, NULL, .word = "rd.modules_load" },
	{ BY_MAKER, INITRAMFS_TOOLS, false, .file = "conf/modules" },
	{ BY_UNKNOWN, 0, false, .file = "etc/modules" },
	{ BY_MAKER, DRACUT, false, "etc/cmdline", .word = "rd.driver.post" },
	{ BY_MAKER, DRACUT, false, "/cmdline.d/", .word = "rd.driver.post" },
	{ BY_MAKER, DRACUT, false, NULL, .word = "rd.driver.post" },
};

#define PLACES	0x10000l	/* per source */

static bool is_read(const struct source *source, const struct userland *user)
{
	switch (source->who) {
	case BY_SYSTEMD:
		return user->starts_systemd != VLU_NO;
	case BY_MAKER:
		/* mkinitcpio leaves its list to systemd when systemd is the init */
		if (source->maker == MKINITCPIO && user->starts_systemd == VLU_YES)
			return false;
		/* unknown maker: only the command line, since a file would show the maker */
		return user->maker ? user->maker->id == source->maker : !source->file;
	case BY_UNKNOWN:
		break;
	}
	return !user->maker;
}

/* Returns the position of a module among the names in the text from "at" to "end", or -1. */
static long nth_of(const char *at, const char *end, const char *module)
{
	size_t len;
	long n = 0;

	for (at += strspn(at, SEPARATORS); at < end; at += len, at += strspn(at, SEPARATORS), n++) {
		len = strcspn(at, SEPARATORS);
		if (cmdline_is_same(at, len, module))
			return n;
	}
	return -1;
}

/* Like nth_of(), for text with one name per line. Parameters may follow the name. */
static long nth_line(const char *text, const char *module)
{
	const char *line = text;
	long n;

	for (n = 0; *line; n++) {
		line += strspn(line, BLANKS);
		if (cmdline_is_same(line, strcspn(line, BLANKS "#;"), module))
			return n;
		line = strchrnul(line, '\n');
	}
	return -1;
}

static long nth_word(const char *line, const char *name, const char *module)
{
	struct cmdline_word word;
	long n, before = 0;

	while (cmdline_next(&line, &word)) {
		if (!word.value || !cmdline_is_same(word.name, word.name_len, name))
			continue;
		n = nth_of(word.value, word.value + word.value_len, module);
		if (n >= 0)
			return before + n;
		before += (long)word.value_len;
	}
	return -1;
}

static long nth_in(const struct source *source, const char *text, const char *module)
{
	const char *list, *end;

	if (source->word)
		return nth_word(text, source->word, module);
	if (!source->list)
		return nth_line(text, module);
	list = source->list(text, &end);
	return list ? nth_of(list, end, module) : -1;
}

static bool is_file_of(const struct source *source, const char *name)
{
	return source->file[strlen(source->file) - 1] == '/' ? strstr(name, source->file) != NULL :
							       strcmp(name, source->file) == 0;
}

static long place_in(const struct source *source, const struct userland *user,
		     const char *cmdline, const char *module)
{
	long n = source->file ? -1 : nth_in(source, cmdline, module);
	size_t i;

	for (i = 0; source->file && n < 0 && i < user->n_conf; i++)
		if (is_file_of(source, user->conf[i].name))
			n = nth_in(source, user->conf[i].text, module);
	return n < PLACES ? n : PLACES - 1;
}

long autoload_place(const struct userland *user, const char *cmdline, const char *module)
{
	size_t i;
	long n;

	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		n = is_read(&sources[i], user) ? place_in(&sources[i], user, cmdline, module) : -1;
		if (n >= 0)
			return (long)i * PLACES + n;
	}
	return NEVER;
}

bool is_before_devices(long place)
{
	return place != NEVER && sources[place / PLACES].early;
}

/* Returns the last place before udev starts. */
static long before_udev(void)
{
	long i = 0;

	while (sources[i + 1].early)
		i++;
	return (i + 1) * PLACES - 1;
}

long restore_place(const struct userland *user)
{
	size_t i;

	for (i = 0; i < user->n_conf; i++) {
		const struct conf *conf = &user->conf[i];

		if (!strstr(conf->text, "vfio-lu-restore"))
			continue;
		if ((conf->script && user->has_vfio_lu) || strstr(conf->name, "sysinit.target.wants/"))
			return before_udev();
	}
	return NEVER;
}

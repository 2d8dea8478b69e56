/* SPDX-License-Identifier: GPL-2.0-only */
/* Configuration files and scripts that may decide what happens to a device at boot. */
#include "base/text.h"
#include "next/userland.h"

#define CONF_MAX	(128u << 10)
#define CONFS_MAX	1024
#define CONF_NAME	384

/* In order of precedence: of files with the same name, the one in the first directory counts. */
static const char *const bases[] = { "etc/", "run/", "usr/local/lib/", "usr/lib/", "lib/" };

static const struct {
	const char *dir, *suffix;
} everywhere[] = {
	{ "modprobe.d/", ".conf" }, { "modules-load.d/", ".conf" }, { "udev/rules.d/", ".rules" },
	{ "driverctl.d/", "" }, { "cmdline.d/", ".conf" },
	{ "systemd/system/sysinit.target.wants/", "vfio-lu-restore.service" },
};

/* Directories of scripts of initramfs-tools, dracut and mkinitcpio. */
static const char *const scripts[] = {
	"scripts/init-top/", "usr/lib/dracut/hooks/cmdline/", "lib/dracut/hooks/cmdline/",
	"var/lib/dracut/hooks/cmdline/", "usr/lib/dracut/hooks/pre-udev/",
	"lib/dracut/hooks/pre-udev/", "var/lib/dracut/hooks/pre-udev/", "hooks/",
};

static const char *const singles[] = {
	"etc/modules", "conf/modules", "config", "etc/cmdline", "etc/booster.init.yaml", "init",
};

struct reading {
	struct userland *user;
	const char *base, *dir, *suffix;
	bool script;
};

/* Does a directory of higher precedence have a file of this name? */
static bool is_masked(const struct userland *user, const char *dir, const char *name)
{
	size_t i, len = strlen(dir);
	const char *at;

	for (i = 0; i < user->n_conf; i++) {
		at = strstr(user->conf[i].name, dir);
		if (at && strcmp(at + len, name) == 0)
			return true;
	}
	return false;
}

/* modprobe.d(5): a backslash at the end of a line joins it with the next. */
static void join_lines(char *text)
{
	char *at;

	for (at = text; (at = strstr(at, "\\\n")); )
		memcpy(at, "  ", 2);
}

/* Adds a file. An unreadable file in a directory, such as a link to /dev/null, counts as empty. */
static int add(struct reading *reading, const char *name)
{
	struct userland *user = reading->user;
	struct conf *more, conf = { .script = reading->script };
	char path[CONF_NAME + 256];
	char *text = NULL;
	size_t size;
	int ret;

	snprintf(path, sizeof(path), "%s%s%s", reading->base, reading->dir, name);
	ret = files_read(&user->files, path, CONF_MAX, &text, &size);
	if (ret == -ENOMEM || (ret && !*reading->dir))
		return ret == -ENOMEM ? ret : 0;
	if (!ret && strcmp(reading->dir, "modprobe.d/") == 0)
		join_lines(text);
	conf.name = pool_text(&user->pool, path, sizeof(path));
	conf.text = pool_text(&user->pool, ret ? "" : text, CONF_MAX);
	free(text);
	more = conf.name && conf.text ? pool_add(&user->pool, &user->conf, &user->n_conf) : NULL;
	if (!more)
		return -ENOMEM;
	*more = conf;
	return 0;
}

static int see(void *arg, const char *name)
{
	struct reading *reading = arg;

	if (strlen(name) > 255 || reading->user->n_conf >= CONFS_MAX ||
	    !has_suffix(name, reading->suffix) || is_masked(reading->user, reading->dir, name))
		return 0;
	return add(reading, name);
}

static int read_dir(struct reading *reading)
{
	char path[CONF_NAME];

	snprintf(path, sizeof(path), "%s%s", reading->base, reading->dir);
	return files_each(&reading->user->files, path, see, reading);
}

int conf_read_all(struct userland *user)
{
	struct reading reading = { .user = user, .base = "", .suffix = "" };
	size_t i, k;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(everywhere); i++)
		for (k = 0; !ret && k < ARRAY_SIZE(bases); k++) {
			reading.base = bases[k];
			reading.dir = everywhere[i].dir;
			reading.suffix = everywhere[i].suffix;
			ret = read_dir(&reading);
		}
	reading = (struct reading){ .user = user, .base = "", .suffix = "", .script = true };
	for (i = 0; !ret && user->early && i < ARRAY_SIZE(scripts); i++) {
		reading.dir = scripts[i];
		ret = read_dir(&reading);
	}
	reading = (struct reading){ .user = user, .base = "", .dir = "" };
	/* only the first of these exists in the root file system */
	for (i = 0; !ret && i < (user->early ? ARRAY_SIZE(singles) : 1); i++)
		ret = add(&reading, singles[i]);
	return ret;
}

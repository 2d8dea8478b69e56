/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "cpio.h"
#include "modalias.h"
#include "unpack.h"
#include "userland.h"

#define TABLE_MAX	(32u << 20)	/* modules.alias and its like */
#define MODULE_MAX	(32u << 20)
#define CONF_MAX	(128u << 10)
#define CONFS_MAX	512
#define MODULES_MAX	65536
#define NAME_SIZE	64

/* Where files of configuration are, and what their names end with. */
static const struct {
	const char *dir, *suffix;
} places[] = {
	{ "etc/modprobe.d/", ".conf" },
	{ "lib/modprobe.d/", ".conf" },
	{ "etc/modules-load.d/", ".conf" },
	{ "lib/modules-load.d/", ".conf" },
	{ "etc/udev/rules.d/", ".rules" },
	{ "lib/udev/rules.d/", ".rules" },
	{ "etc/driverctl.d/", "" },
};

/* Lists of modules to load, one a line, that have no directory. */
static const char *const lists[] = { "etc/modules", "conf/modules" };

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
	size_t len = strlen(text), n = strlen(with);

	return len >= n && strcmp(text + len - n, with) == 0;
}

/* With /usr merged or not, a file is the same. */
static const char *plain_name(const char *name)
{
	return starts(name, "usr/lib/") ? name + 4 : name;
}

static bool is_conf(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lists); i++)
		if (strcmp(name, lists[i]) == 0)
			return true;
	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (starts(name, places[i].dir) && ends(name, places[i].suffix))
			return !strchr(name + strlen(places[i].dir), '/');
	return false;
}

/* What stands below lib/modules/RELEASE/, NULL for a file elsewhere. */
static const char *below_tree(struct userland *user, const char *name)
{
	size_t len = strlen(user->release);
	const char *p;

	if (!starts(name, "lib/modules/"))
		return NULL;
	p = name + strlen("lib/modules/");
	if (len && strncmp(p, user->release, len) == 0 && p[len] == '/') {
		user->tree = true;
		return p + len + 1;
	}
	if (!user->other[0] && strchr(p, '/'))
		snprintf(user->other, sizeof(user->other), "%.*s",
			 (int)strcspn(p, "/"), p);
	return NULL;
}

static void see_systemd(struct userland *user, const char *name)
{
	static const char stem[] = "/libsystemd-shared-";
	const char *p = strstr(name, stem);

	if (p)
		user->systemd = (unsigned int)strtoul(p + sizeof(stem) - 1, NULL, 10);
}

static int add_module(struct userland *user, const char *path)
{
	char name[NAME_SIZE], **more;

	if (!module_of_path(path, name, sizeof(name)) || user->n_modules >= MODULES_MAX)
		return 0;
	/* room is doubled at each power of two */
	if (!(user->n_modules & (user->n_modules - 1))) {
		more = reallocarray(user->modules, user->n_modules ? user->n_modules * 2 : 1,
				    sizeof(*more));
		if (!more)
			return -ENOMEM;
		user->modules = more;
	}
	user->modules[user->n_modules] = strdup(name);
	if (!user->modules[user->n_modules])
		return -ENOMEM;
	user->n_modules++;
	return 0;
}

static bool is_vfio_pci(const char *path)
{
	char name[NAME_SIZE];

	return module_of_path(path, name, sizeof(name)) && starts(name, "vfio_pci");
}

static char **table_of(struct userland *user, const char *file)
{
	return strcmp(file, "modules.alias") == 0 ? &user->alias :
	       strcmp(file, "modules.builtin") == 0 ? &user->builtin :
	       strcmp(file, "modules.builtin.modinfo") == 0 ? &user->modinfo : NULL;
}

static size_t wants(void *arg, const char *path)
{
	struct userland *user = arg;
	const char *name = plain_name(path), *file;

	see_systemd(user, name);
	file = below_tree(user, name);
	if (!file)
		return is_conf(name) ? CONF_MAX : 0;
	if (table_of(user, file))
		return TABLE_MAX;
	if (add_module(user, file))
		user->short_of_memory = true;
	return is_vfio_pci(file) ? MODULE_MAX : 0;
}

static int take_module(struct userland *user, const uint8_t *data, size_t size)
{
	struct blob blob;
	int ret;

	if (codec_of(data, size) == CODEC_NONE) {
		abi_scan(&user->abi, data, size, "its module");
		user->vfio_read = true;
		return 0;
	}
	ret = unpack(data, size, MODULE_MAX, &blob);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	abi_scan(&user->abi, blob.data, blob.size, "its module");
	user->vfio_read = true;
	free(blob.data);
	return 0;
}

static int take_conf(struct userland *user, const char *name, const char *text)
{
	struct conf *more;
	size_t i;

	/* The other rules are many and of no interest. */
	if (user->n_conf >= CONFS_MAX ||
	    (ends(name, ".rules") && !strstr(text, "driver_override")))
		return 0;
	for (i = 0; i < user->n_conf; i++)
		if (strcmp(user->conf[i].name, name) == 0)
			return 0;	/* the same by way of a link */
	more = reallocarray(user->conf, user->n_conf + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	user->conf = more;
	more += user->n_conf;
	more->name = strdup(name);
	more->text = strdup(text);
	if (!more->name || !more->text) {
		free(more->name);
		free(more->text);
		return -ENOMEM;
	}
	user->n_conf++;
	return 0;
}

static int take_file(void *arg, const char *path, const uint8_t *data, size_t size)
{
	struct userland *user = arg;
	const char *name = plain_name(path), *file = below_tree(user, name);
	char **table;

	if (!file)
		return take_conf(user, name, (const char *)data);
	table = table_of(user, file);
	if (!table)
		return take_module(user, data, size);
	free(*table);
	*table = malloc(size + 1);
	if (!*table)
		return -ENOMEM;
	memcpy(*table, data, size);
	(*table)[size] = '\0';
	if (table == &user->modinfo)
		user->modinfo_size = size;
	return 0;
}

int userland_initrd(struct userland *user, const char *release,
		    const uint8_t *data, size_t size)
{
	static const struct cpio_ops ops = { .wants = wants, .file = take_file };
	int ret;

	*user = (struct userland){ .read = false };
	snprintf(user->release, sizeof(user->release), "%s", release);
	ret = cpio_each(data, size, &ops, user, user->why, sizeof(user->why));
	user->read = ret == 0;
	if (ret != -ENOMEM && !user->short_of_memory)
		return 0;
	userland_free(user);
	return -ENOMEM;
}

/* ------------------------------------------------------ the root file system */

struct dir {
	struct vlu_ctx *ctx;
	struct userland *user;
	const char *path;	/* "usr/lib/modprobe.d/" */
	int ret;
};

static int read_file(struct dir *dir, const char *name, size_t max)
{
	char path[512], *data;
	size_t size;
	int ret;

	snprintf(path, sizeof(path), "/%s", name);
	ret = attr_read_all(dir->ctx, path, max, &data, &size);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	ret = take_file(dir->user, name, (const uint8_t *)data, size);
	free(data);
	return ret;
}

static int see_conf(void *arg, const char *entry)
{
	struct dir *dir = arg;
	char name[384];

	if (strlen(dir->path) + strlen(entry) >= sizeof(name))
		return 0;
	snprintf(name, sizeof(name), "%s%s", dir->path, entry);
	if (is_conf(plain_name(name)))
		dir->ret = read_file(dir, name, CONF_MAX);
	return dir->ret;
}

static int see_library(void *arg, const char *entry)
{
	struct dir *dir = arg;
	char name[384];

	snprintf(name, sizeof(name), "/%.300s", entry);
	see_systemd(dir->user, name);
	return 0;
}

/* modules.dep has each module in a line of its own, before the colon. */
static int see_modules(struct dir *dir, const char *tree)
{
	char path[512], *text, *line, *next, *end;
	size_t size;
	int ret;

	snprintf(path, sizeof(path), "/%s/modules.dep", tree);
	ret = attr_read_all(dir->ctx, path, TABLE_MAX, &text, &size);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	dir->user->tree = true;
	for (line = text; !ret && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		end = strchr(line, ':');
		if (!end)
			continue;
		*end = '\0';
		ret = add_module(dir->user, line);
		if (ret || !is_vfio_pci(line))
			continue;
		snprintf(path, sizeof(path), "%s/%s", tree, line);
		ret = read_file(dir, path, MODULE_MAX);
	}
	free(text);
	return ret;
}

int userland_root(struct vlu_ctx *ctx, struct userland *user, const char *release)
{
	static const char *const tables[] = {
		"modules.alias", "modules.builtin", "modules.builtin.modinfo",
	};
	static const char *const libraries[] = {
		"/usr/lib/systemd", "/usr/lib64/systemd",
		"/usr/lib/x86_64-linux-gnu/systemd", "/usr/lib/aarch64-linux-gnu/systemd",
	};
	struct dir dir = { .ctx = ctx, .user = user };
	char path[384], tree[160];
	size_t i;

	*user = (struct userland){ .read = true };
	snprintf(user->release, sizeof(user->release), "%s", release);
	snprintf(tree, sizeof(tree), "lib/modules/%s", user->release);
	if (*user->release)
		dir.ret = see_modules(&dir, tree);
	if (!dir.ret && *user->release && !user->tree) {
		snprintf(tree, sizeof(tree), "usr/lib/modules/%s", user->release);
		dir.ret = see_modules(&dir, tree);
	}
	for (i = 0; !dir.ret && *user->release && i < ARRAY_SIZE(tables); i++) {
		snprintf(path, sizeof(path), "%s/%s", tree, tables[i]);
		dir.ret = read_file(&dir, path, TABLE_MAX);
	}
	if (!dir.ret)
		dir.ret = read_file(&dir, lists[0], CONF_MAX);
	for (i = 0; !dir.ret && i < 2 * ARRAY_SIZE(places); i++) {
		/* below /usr first: with /usr merged the other is the same */
		snprintf(path, sizeof(path), "%s%s", i & 1 ? "" : "usr/",
			 places[i / 2].dir);
		dir.path = path;
		snprintf(tree, sizeof(tree), "/%s", path);
		if (starts(path, "usr/etc/"))
			continue;
		sys_list(&ctx->sys, tree, see_conf, &dir);
	}
	for (i = 0; !dir.ret && i < ARRAY_SIZE(libraries); i++)
		sys_list(&ctx->sys, libraries[i], see_library, &dir);
	if (dir.ret)
		userland_free(user);
	return dir.ret;
}

bool userland_has(const struct userland *user, const char *module)
{
	size_t i;

	for (i = 0; i < user->n_modules; i++)
		if (strcmp(user->modules[i], module) == 0)
			return true;
	return false;
}

long userland_builtin(const struct userland *user, const char *module)
{
	char path[512], name[NAME_SIZE];
	const char *line, *end;
	long at = 0;

	for (line = user->builtin; line && *line; line = *end ? end + 1 : NULL, at++) {
		end = strchrnul(line, '\n');
		snprintf(path, sizeof(path), "%.*s", (int)(end - line), line);
		if (module_of_path(path, name, sizeof(name)) && strcmp(name, module) == 0)
			return at;
	}
	return -1;
}

void userland_free(struct userland *user)
{
	size_t i;

	for (i = 0; i < user->n_modules; i++)
		free(user->modules[i]);
	for (i = 0; i < user->n_conf; i++) {
		free(user->conf[i].name);
		free(user->conf[i].text);
	}
	free(user->modules);
	free(user->conf);
	free(user->alias);
	free(user->builtin);
	free(user->modinfo);
	*user = (struct userland){ .read = false };
}

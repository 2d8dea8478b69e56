/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "formats/unpack.h"
#include "machine/systemd.h"
#include "modalias.h"
#include "next/initrd-maker.h"

#define TABLE_MAX	(32u << 20)	/* for modules.alias and similar tables */
#define TEXT_MAX	(128u << 10)
#define MODULES_MAX	65536
#define NAME_SIZE	64

static bool has_prefix(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int add_module(struct userland *user, const char *path)
{
	char name[NAME_SIZE], *copy, **more;

	if (!module_of_path(path, name, sizeof(name)) || user->n_modules >= MODULES_MAX)
		return 0;
	copy = pool_text(&user->pool, name, sizeof(name));
	more = copy ? pool_add(&user->pool, &user->modules, &user->n_modules) : NULL;
	if (!more)
		return -ENOMEM;
	*more = copy;
	return 0;
}

static bool is_vfio_pci(const char *path)
{
	char name[NAME_SIZE];

	return module_of_path(path, name, sizeof(name)) && has_prefix(name, "vfio_pci");
}

/* Adds a module. Reads the strings of vfio-pci modules. */
static int see_module(struct userland *user, const char *path)
{
	char *data;
	size_t size;
	int ret = add_module(user, path);

	if (ret || !is_vfio_pci(path))
		return ret;
	ret = files_read(&user->files, path, MODULE_MAX, &data, &size);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	ret = abi_scan_module(&user->abi, data, size, "its module");
	user->vfio_read |= ret == 0;
	free(data);
	return ret == -ENOMEM ? ret : 0;
}

/* Reads the tables of depmod, or booster's version of them. */
static int read_tables(struct userland *user, const char *tree)
{
	const struct { const char *name; char **text; } tables[] = {
		{ "modules.alias", &user->alias }, { "booster.alias", &user->alias },
		{ "modules.builtin", &user->builtin }, { "modules.builtin.modinfo", &user->modinfo },
	};
	char path[ARCHIVE_PATH];
	size_t i, size;
	int ret = 0;

	for (i = 0; ret != -ENOMEM && i < ARRAY_SIZE(tables); i++) {
		snprintf(path, sizeof(path), "%.800s/%s", tree, tables[i].name);
		if (*tables[i].text)
			continue;
		ret = files_read(&user->files, path, TABLE_MAX, tables[i].text, &size);
		if (!ret && tables[i].text == &user->modinfo)
			user->modinfo_size = size;
	}
	return ret == -ENOMEM ? ret : 0;
}

/* ------------------------------------------------------------------ an initrd */

/* Returns how many bytes of a file to keep. */
static size_t wants(const char *path)
{
	const char *base = base_name(path);
	char name[NAME_SIZE];

	if (has_prefix(base, "modules.") || strcmp(base, "booster.alias") == 0)
		return TABLE_MAX;
	if (module_of_path(base, name, sizeof(name)))
		return is_vfio_pci(base) ? MODULE_MAX : 0;
	return strstr(path, "firmware/") || strstr(base, ".so") ? 0 : TEXT_MAX;
}

/*
 * Returns the part of a path below lib/modules/RELEASE/, wherever that is (NixOS), or below
 * lib/modules (booster), and writes that directory to the buffer tree. NULL: elsewhere.
 */
static const char *below_tree(struct userland *user, const char *name, char tree[ARCHIVE_PATH])
{
	size_t len = strlen(user->release);
	const char *p = strstr(name, "lib/modules/");

	if (!p || (p > name && p[-1] != '/'))
		return NULL;
	p += strlen("lib/modules/");
	if (len && strncmp(p, user->release, len) == 0 && p[len] == '/')
		p += len + 1;
	else if (strchr(p, '/')) {
		if (!user->other[0])
			snprintf(user->other, sizeof(user->other), "%.*s", (int)strcspn(p, "/"), p);
		return NULL;
	}
	user->tree = true;
	snprintf(tree, ARCHIVE_PATH, "%.*s", (int)(p - name - 1), name);
	return p;
}

static int see_archive(struct userland *user)
{
	char tree[ARCHIVE_PATH];
	int version, ret = 0;
	size_t i;

	for (i = 0; !ret && i < user->archive.n_files; i++) {
		const char *name = user->archive.files[i].name;

		version = systemd_of_library(base_name(name));
		if (version > user->systemd)
			user->systemd = version;
		if (!below_tree(user, name, tree))
			continue;
		ret = see_module(user, name);
		if (!ret && wants(name) == TABLE_MAX)
			ret = read_tables(user, tree);
	}
	return ret;
}

static int read_archive(struct userland *user)
{
	int ret = init_links(&user->archive);

	if (!ret)
		ret = see_archive(user);
	if (!ret)
		ret = conf_read_all(user);
	user->maker = maker_of(&user->files);
	user->starts_systemd = init_is_systemd(&user->archive);
	user->has_vfio_lu = files_has(&user->files, "sbin/vfio-lu") ||
			    files_has(&user->files, "usr/sbin/vfio-lu") ||
			    files_has(&user->files, "bin/vfio-lu");
	return ret;
}

/*
 * "squashfs-root.img", "erofs-root.img" (dracut's module squash): an image with all files, modules
 * too, that the initrd mounts.
 */
static void see_inner_image(struct userland *user)
{
	size_t i;

	for (i = 0; !user->packed && i < user->archive.n_files; i++) {
		const char *name = user->archive.files[i].name;

		user->packed = !strchr(name, '/') && has_suffix(name, "-root.img");
		if (user->packed)
			snprintf(user->why, sizeof(user->why), "its files are in %.64s inside it, "
				 "which vfio-lu does not read", name);
	}
	user->read &= !user->packed;
}

int userland_initrd(struct userland *user, const char *release,
		    const uint8_t *data, size_t size)
{
	int ret;

	*user = (struct userland){ .early = true };
	user->files.archive = &user->archive;
	snprintf(user->release, sizeof(user->release), "%s", release);
	ret = archive_read(&user->archive, data, archive_size(data, size), wants, user->why, sizeof(user->why));
	user->read = ret == 0;
	user->foreign = !size || (ret == -ENOTSUP && data[0] != '0' && data[0] &&
				  codec_of(data, size) == CODEC_NONE);
	if (user->read)
		see_inner_image(user);
	if (ret != -ENOMEM)
		ret = read_archive(user);
	archive_free(&user->archive);
	if (ret == -ENOMEM)
		userland_free(user);
	return ret == -ENOMEM ? ret : 0;
}

/* ------------------------------------------------------ the root file system */

/* modules.dep has a line for each module, with the name before the colon. */
static int see_modules(struct userland *user, const char *tree)
{
	char path[ARCHIVE_PATH], *text, *line, *next, *end;
	size_t size;
	int ret;

	snprintf(path, sizeof(path), "%s/modules.dep", tree);
	ret = files_read(&user->files, path, TABLE_MAX, &text, &size);
	if (ret)
		return ret == -ENOMEM ? ret : 0;
	user->tree = true;
	for (line = text; !ret && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		end = strchr(line, ':');
		if (!end)
			continue;
		snprintf(path, sizeof(path), "%s/%.*s", tree, (int)(end - line), line);
		ret = see_module(user, path);
	}
	free(text);
	return ret;
}

int userland_root(struct vlu_ctx *ctx, struct userland *user, const char *release)
{
	/* NixOS: the newest, the current and the booted system */
	static const char *const trees[] = {
		"lib/modules", "usr/lib/modules",
		"nix/var/nix/profiles/system/kernel-modules/lib/modules",
		"run/current-system/kernel-modules/lib/modules",
		"run/booted-system/kernel-modules/lib/modules",
	};
	char tree[256];
	size_t i;
	int ret = 0;

	*user = (struct userland){ .read = true, .files = { .ctx = ctx } };
	snprintf(user->release, sizeof(user->release), "%s", release);
	for (i = 0; !ret && *release && !user->tree && i < ARRAY_SIZE(trees); i++) {
		snprintf(tree, sizeof(tree), "%s/%s", trees[i], user->release);
		ret = see_modules(user, tree);
		if (!ret)
			ret = read_tables(user, tree);
	}
	if (!ret)
		ret = conf_read_all(user);
	user->systemd = systemd_installed(ctx);
	if (ret)
		userland_free(user);
	return ret;
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
	archive_free(&user->archive);
	free(user->alias);
	free(user->builtin);
	free(user->modinfo);
	pool_free(&user->pool);
	*user = (struct userland){ .read = false };
}

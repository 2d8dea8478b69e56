/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses of disks: file systems, journals, swap, other block devices, ZFS. */
#include <sys/stat.h>

#include "base/attr.h"
#include "inuse/below.h"
#include "inuse/ways.h"
#include "machine/device-node.h"
#include "machine/device.h"
#include "machine/processes.h"

#define ZFS_POOLS	"/proc/spl/kstat/zfs"

struct blocks {
	struct below below;
	char root_pool[64];	/* ZFS pool with the root file system; "": none */
	unsigned int pools;
	struct several several;
	pid_t in;		/* process whose mount namespace is read; 0: our own */
};

/* ------------------------------------------------------------------ mounts */

/* The options are logdev= and rtdev= (XFS), journal_path=, jdev= and device= (others). */
static void add_options(struct below *below, const struct mount *mount, const char *fix)
{
	char options[sizeof(mount->options)], name[64], *option, *path, *save = NULL;

	strcpy(options, mount->options);
	for (option = strtok_r(options, ",", &save); option;
	     option = strtok_r(NULL, ",", &save)) {
		path = strstr(option, "=/dev/");
		if (!path)
			continue;
		*path++ = '\0';
		if (disk_name(below->ctx, path, name))
			use_disk(below, name, fix, "%.100s is the %.32s of %.200s, which is mounted",
				 path, option, mount->point);
	}
}

static void add_mount(struct blocks *blocks, const struct mount *mount)
{
	struct below *below = &blocks->below;
	char name[64], source[sizeof(mount->source)], fix[320], *part, *save = NULL;

	if (blocks->in)
		snprintf(fix, sizeof(fix), "nsenter -m -t %d umount %s first, or stop that container",
			 (int)blocks->in, mount->point);
	else
		snprintf(fix, sizeof(fix), strcmp(mount->point, "/") == 0 ?
			 "leave it alone: this host runs from it" : "umount %s first",
			 mount->point);
	add_options(below, mount, fix);
	blocks->several.btrfs |= strcmp(mount->type, "btrfs") == 0;
	use_mount_server(below, mount, fix);
	use_share(below, mount, fix);
	if (has_unlisted(mount))
		snprintf(blocks->several.unlisted, sizeof(blocks->several.unlisted),
			 "%.31s is mounted on %.100s", mount->type, mount->point);
	if (!blocks->in && strcmp(mount->type, "autofs") == 0)
		use_automount(below, mount);
	/* btrfs and others use a device number that no device has */
	if (mount->major && attr_link(below->ctx, name, sizeof(name), "/sys/dev/block/%u:%u",
				      mount->major, mount->minor) > 0) {
		use_disk(below, name, fix, "%.100s is mounted on %.200s",
			 mount->source, mount->point);
		return;
	}
	if (!blocks->in && strcmp(mount->type, "zfs") == 0 && strcmp(mount->point, "/") == 0)
		snprintf(blocks->root_pool, sizeof(blocks->root_pool), "%.*s",
			 (int)strcspn(mount->source, "/"), mount->source);
	blocks->pools += strcmp(mount->type, "zfs") == 0;
	/* bcachefs has "/dev/sda:/dev/sdb" */
	snprintf(source, sizeof(source), "%s", mount->source);
	for (part = strtok_r(source, ":", &save); part; part = strtok_r(NULL, ":", &save))
		if (disk_name(below->ctx, part, name))
			use_disk(below, name, fix, "%.100s is mounted on %.200s", part,
				 mount->point);
}

static int read_mounts(struct blocks *blocks, const char *path)
{
	_cleanup_free_ char *text = NULL;
	unsigned int last[2] = { 0, 0 };
	const char *p, *end, *next;
	struct mount mount;
	size_t size;
	int ret;

	ret = attr_read_all(blocks->below.ctx, path, 16u << 20, &text, &size);
	if (ret)
		return ret;
	for (p = text, end = text + size; p < end; p = next) {
		next = next_line(p, end);
		/* the first mount of a file system is enough */
		if (!mount_parse(p, next, &mount) ||
		    (mount.major && mount.major == last[0] && mount.minor == last[1]))
			continue;
		last[0] = mount.major;
		last[1] = mount.minor;
		add_mount(blocks, &mount);
	}
	return 0;
}

static void find_mounts(struct blocks *blocks)
{
	const struct procs *procs = procs_get(blocks->below.ctx);
	char path[64];
	size_t i;
	int ret;

	ret = read_mounts(blocks, "/proc/self/mountinfo");
	if (ret)
		inuse_cannot(blocks->below.inuse->unseen_disks, "/proc/self/mountinfo", ret);
	/* Services and containers may have mounts that our namespace does not have. */
	for (i = 0; procs && i < procs->n_namespaces; i++) {
		snprintf(path, sizeof(path), "/proc/%d/mountinfo",
			 (int)procs->namespaces[i].pid);
		blocks->in = procs->namespaces[i].pid;
		/* the process may have ended meanwhile */
		(void)!read_mounts(blocks, path);
	}
}

static void find_swap(struct below *below)
{
	_cleanup_free_ char *text = NULL;
	char path[256], name[64], fix[280];
	const char *p, *end, *next;
	size_t size;
	int ret;

	ret = attr_read_all(below->ctx, "/proc/swaps", 1u << 20, &text, &size);
	if (ret == -ENOENT)	/* a kernel without swap */
		return;
	if (ret) {
		inuse_cannot(below->inuse->unseen_disks, "/proc/swaps", ret);
		return;
	}
	for (p = text, end = text + size; p < end; p = next) {
		next = next_line(p, end);
		if (!swap_parse(p, next, path) || !disk_name(below->ctx, path, name))
			continue;
		snprintf(fix, sizeof(fix), "swapoff %s first", path);
		use_disk(below, name, fix, "%s is swap", path);
	}
}

/*
 * jbd2_journal_init_dev(), fs/jbd2/journal.c: the name of a journal on its own device is that of
 * the device ("sda1"); inside a file system it is "sda1-8". No mount of ext4 names the device.
 */
static int look_at_journal(void *arg, const char *name)
{
	struct below *below = arg;
	char path[128];

	/* sys_exists() is called so that check --capture copies the file */
	snprintf(path, sizeof(path), "/proc/fs/jbd2/%.63s", name);
	if (sys_exists(&below->ctx->sys, path))
		use_disk(below, name, "first umount the file system whose journal it is",
			 "/dev/%.63s is the journal of a mounted file system", name);
	return 0;
}

/*
 * Unlike the backing disk, a cache disk has no link to the device above it.
 * /sys/fs/bcache/UUID/cache0 leads to DISK/bcache (drivers/md/bcache/super.c).
 */
static int look_at_cache(void *arg, const char *uuid)
{
	struct below *below = arg;
	char path[512], fix[128], *slash;

	snprintf(path, sizeof(path), "/sys/fs/bcache/%.63s/cache0", uuid);
	if (sys_readlink(&below->ctx->sys, path, path, sizeof(path)) < 0)
		return 0;
	slash = strrchr(path, '/');
	if (slash)
		*slash = '\0';
	slash = strrchr(path, '/');
	snprintf(fix, sizeof(fix), "echo 1 >/sys/fs/bcache/%.63s/stop first", uuid);
	if (slash)
		use_disk(below, slash + 1, fix, "/dev/%.63s is the cache of bcache set %.63s",
			 slash + 1, uuid);
	return 0;
}

/* ------------------------------------------------------------------- disks */

struct block {
	struct below *below;
	const char *name;
};

static void note_disk(void *arg, const char *way)
{
	const struct block *block = arg;
	struct inuse *inuse = block->below->inuse;
	const char *p, *slash;
	struct vlu_bdf bdf;
	struct disk *disk;

	for (p = way; *p; p = slash + strspn(slash, "/")) {
		slash = p + strcspn(p, "/");
		if (!is_bdf_component(p, (size_t)(slash - p), &bdf))
			continue;
		disk = pool_add(&inuse->pool, &inuse->disks, &inuse->n_disks);
		if (!disk) {
			inuse->short_of_memory = true;
			return;
		}
		disk->bdf = bdf;
		snprintf(disk->name, sizeof(disk->name), "%.63s", block->name);
	}
}

static void add_layer(struct below *below, const char *above, const char *name)
{
	char called[128], fix[192];

	if (attr_read(below->ctx, called, sizeof(called), "/sys/class/block/%.63s/dm/name",
		      above) <= 0)
		snprintf(called, sizeof(called), "%.63s", above);
	snprintf(fix, sizeof(fix), "deactivate %s first", called);
	below->is_layer = true;
	use_disk(below, name, fix, "%s is made of it", called);
	below->is_layer = false;
}

/* Skips a device whose slaves/ has the disk (bd_link_disk_holder(), block/holder.c). */
static int look_at_holder(void *arg, const char *above)
{
	const struct block *block = arg;
	char path[192];

	snprintf(path, sizeof(path), "/sys/class/block/%.63s/slaves/%.63s", above, block->name);
	if (!sys_exists(&block->below->ctx->sys, path))
		add_layer(block->below, above, block->name);
	return 0;
}

static int look_at_block(void *arg, const char *name)
{
	struct below *below = arg;
	struct block block = { below, name };
	char path[512], list[128];

	snprintf(path, sizeof(path), "/sys/class/block/%.63s", name);
	if (sys_readlink(&below->ctx->sys, path, path, sizeof(path)) < 0)
		return 0;
	each_way(below->ctx, path, note_disk, &block);
	if (strstr(path, "/virtual/block/")) {
		add_layer(below, name, name);
	} else {
		snprintf(list, sizeof(list), "/sys/class/block/%.63s/holders", name);
		inuse_list(&below->ctx->sys, below->inuse->unseen_disks, list, look_at_holder, &block);
	}
	return 0;
}

/* --------------------------------------------------------------------- ZFS */

static int look_at_pool(void *arg, const char *name)
{
	struct blocks *blocks = arg;
	char path[256];
	int mode;

	snprintf(path, sizeof(path), ZFS_POOLS "/%.200s", name);
	mode = sys_mode(&blocks->below.ctx->sys, path);
	blocks->pools += mode >= 0 && S_ISDIR(mode);
	return 0;
}

/*
 * An imported pool, mounted or not, holds its disks without a link in sysfs. Only an exclusive
 * open of a disk shows that it is held.
 */
static void find_pools(struct blocks *blocks)
{
	struct inuse *inuse = blocks->below.inuse;
	const char *root = blocks->root_pool;
	char path[64], name[VLU_BDF_SIZE];
	struct sys *sys = &blocks->below.ctx->sys;
	size_t i;
	int ret;

	ret = sys_list(sys, ZFS_POOLS, look_at_pool, blocks);
	if (ret < 0 && sys_exists(sys, "/sys/module/zfs"))
		inuse_cannot(inuse->unseen_disks, ZFS_POOLS, ret);
	for (i = 0; blocks->pools && i < inuse->n_disks; i++) {
		snprintf(path, sizeof(path), "/%s", vlu_bdf_format(inuse->disks[i].bdf, name));
		inuse_add(inuse, path, root[0] ? USE_BEARABLE : USE_UNSURE,
			  "verify with zpool status -LP that none of its disks is in a pool",
			  "%s%s, which may use a disk on this device: sysfs does not show the "
			  "disks of a pool", root[0] ? "this host runs from ZFS pool " :
			  "a pool of ZFS is imported", root);
	}
}

void inuse_blocks(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct blocks blocks = { .below = { .ctx = ctx, .inuse = inuse } };
	struct below *below = &blocks.below;

	find_mounts(&blocks);
	find_swap(below);
	inuse_list(&ctx->sys, inuse->unseen_disks, "/proc/fs/jbd2", look_at_journal, below);
	inuse_members(below, &blocks.several);
	inuse_list(&ctx->sys, inuse->unseen_disks, "/sys/fs/bcache", look_at_cache, below);
	/* a process with an open volume says more about the use than the layers, so it is noted first */
	inuse_exports(ctx, inuse);
	inuse_nodes(ctx, inuse);
	inuse_list(&ctx->sys, inuse->unseen_disks, "/sys/class/block", look_at_block, below);
	inuse_later(ctx, inuse);
	find_pools(&blocks);
	inuse_unlisted(inuse, &blocks.several);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses of disks: mounted, swap, below another block device, open. */
#include "attr.h"
#include "inuse.h"
#include "procs.h"

#define DEPTH	8	/* of block devices on block devices */
#define STEPS	4096	/* to find the disks below one: no machine has as many */

struct blocks {
	struct vlu_ctx *ctx;
	struct inuse *inuse;
	/* What is being said of the disks that are being looked for */
	const char *fix;
	char what[320];
	const char *top;	/* the device that is used, by its own name */
	unsigned int depth, steps;
};

/* ---------------------------------------------------------------- parsers */

/* The next word, with \NNN undone; false at the end or when it is too long. */
static bool take_word(const char **p, const char *end, char *buf, size_t size)
{
	size_t n = 0;
	char c;

	while (*p < end && (**p == ' ' || **p == '\t'))
		++*p;
	if (*p == end || **p == '\n')
		return false;
	for (; *p < end && **p != ' ' && **p != '\t' && **p != '\n'; ++*p) {
		c = **p;
		if (c == '\\' && end - *p > 3 && (*p)[1] >= '0' && (*p)[1] <= '3' &&
		    (*p)[2] >= '0' && (*p)[2] <= '7' && (*p)[3] >= '0' && (*p)[3] <= '7') {
			c = (char)(((*p)[1] - '0') << 6 | ((*p)[2] - '0') << 3 |
				   ((*p)[3] - '0'));
			*p += 3;
		}
		if (n + 1 < size)
			buf[n++] = c;
	}
	buf[n] = '\0';
	return true;
}

static const char *next_line(const char *p, const char *end)
{
	p = memchr(p, '\n', (size_t)(end - p));
	return p ? p + 1 : end;
}

/* fs/proc_namespace.c show_mountinfo(): "22 1 259:2 / / rw - ext4 /dev/x rw" */
const char *mount_parse(const char *line, const char *end, bool *ret_ok,
			struct mount *ret)
{
	const char *p = line, *next = next_line(line, end);
	char word[64], *colon, *rest;
	int i;

	*ret_ok = false;
	for (i = 0; i < 3; i++)
		if (!take_word(&p, next, word, sizeof(word)))
			return next;
	colon = strchr(word, ':');
	if (!colon)
		return next;
	ret->major = (unsigned int)strtoul(word, &rest, 10);
	if (rest != colon)
		return next;
	ret->minor = (unsigned int)strtoul(colon + 1, NULL, 10);
	if (!take_word(&p, next, word, sizeof(word)) ||
	    !take_word(&p, next, ret->point, sizeof(ret->point)))
		return next;
	while (take_word(&p, next, word, sizeof(word)) && strcmp(word, "-") != 0)
		;
	*ret_ok = take_word(&p, next, ret->type, sizeof(ret->type)) &&
		  take_word(&p, next, ret->source, sizeof(ret->source));
	return next;
}

/* mm/swapfile.c swap_show(): a heading, then "/dev/sda2 partition 1 0 -2" */
const char *swap_parse(const char *line, const char *end, bool *ret_ok,
		       char path[256])
{
	const char *p = line, *next = next_line(line, end);

	*ret_ok = take_word(&p, next, path, 256) && path[0] == '/';
	return next;
}

/* ------------------------------------------------------- from name to disk */

static void find_disks(struct blocks *blocks, const char *name);

static void find_path(struct blocks *blocks, const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	if (blocks->top && strcmp(name, blocks->top) != 0)
		inuse_add(blocks->inuse, path, USE_VITAL, blocks->fix, "%s (by way of %s)",
			  blocks->what, name);
	else
		inuse_add(blocks->inuse, path, USE_VITAL, blocks->fix, "%s", blocks->what);
}

static int find_slave(void *arg, const char *name)
{
	find_disks(arg, name);
	return 0;
}

/* A controller of an NVMe subsystem with several: the disk is below none. */
static int find_controller(void *arg, const char *name)
{
	struct blocks *blocks = arg;
	char path[512];

	if (strncmp(name, "nvme", 4) != 0 || !name[4] ||
	    name[4 + strspn(name + 4, "0123456789")])
		return 0;
	snprintf(path, sizeof(path), "/sys/class/nvme/%.32s", name);
	if (sys_readlink(&blocks->ctx->sys, path, path, sizeof(path)) > 0)
		find_path(blocks, path);
	return 0;
}

/* "/dev/nvme0n1p2" as a name in /sys/class/block, where '/' is '!' */
static bool device_name(struct vlu_ctx *ctx, const char *path, char name[64])
{
	char link[320], target[512], *p;
	const char *base;

	if (strncmp(path, "/dev/", 5) != 0 || strlen(path + 5) >= 64)
		return false;
	snprintf(name, 64, "%.63s", path + 5);
	for (p = name; *p; p++)
		if (*p == '/')
			*p = '!';
	snprintf(link, sizeof(link), "/sys/class/block/%s", name);
	if (sys_readlink(&ctx->sys, link, target, sizeof(target)) >= 0)
		return true;
	/* /dev/mapper/root and the like lead to the name */
	if (sys_readlink(&ctx->sys, path, target, sizeof(target)) < 0)
		return false;
	base = strrchr(target, '/');
	snprintf(name, 64, "%.63s", base ? base + 1 : target);
	return true;
}

static void find_behind(struct blocks *blocks, const char *attr, const char *name)
{
	char path[256], below[64];

	if (attr_read(blocks->ctx, path, sizeof(path), "/sys/class/block/%.63s/%s",
		      name, attr) > 0 && device_name(blocks->ctx, path, below))
		find_disks(blocks, below);
}

static void find_at(struct blocks *blocks, const char *name, char *path)
{
	char list[600], *slash, *subsystem;

	if (strstr(path, "/virtual/") == NULL) {
		find_path(blocks, path);
		return;
	}
	subsystem = strstr(path, "/virtual/nvme-subsystem/");
	slash = subsystem ? strchr(subsystem + strlen("/virtual/nvme-subsystem/"), '/') :
			    NULL;
	if (slash) {
		*slash = '\0';
		snprintf(list, sizeof(list), "/sys/devices%.500s", subsystem);
		sys_list(&blocks->ctx->sys, list, find_controller, blocks);
		return;
	}
	/* device mapper and md; their partitions have it one level up */
	snprintf(list, sizeof(list), "/sys/class/block/%.63s/slaves", name);
	if (sys_list(&blocks->ctx->sys, list, find_slave, blocks) == -ENOENT) {
		slash = strrchr(path, '/');
		*slash = '\0';
		slash = strrchr(path, '/');
		if (slash && strcmp(slash, "/block") != 0) {
			find_disks(blocks, slash + 1);
			return;
		}
	}
	find_behind(blocks, "loop/backing_file", name);
	find_behind(blocks, "backing_dev", name);
}

static void find_disks(struct blocks *blocks, const char *name)
{
	char path[512];

	if (blocks->depth == DEPTH || !blocks->steps)
		return;
	blocks->steps--;
	snprintf(path, sizeof(path), "/sys/class/block/%.63s", name);
	if (sys_readlink(&blocks->ctx->sys, path, path, sizeof(path)) < 0)
		return;
	blocks->depth++;
	find_at(blocks, name, path);
	blocks->depth--;
}

static void __attribute__((format(printf, 4, 5)))
say(struct blocks *blocks, const char *name, const char *fix, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(blocks->what, sizeof(blocks->what), fmt, args);
	va_end(args);
	blocks->fix = fix;
	blocks->top = name;
	blocks->steps = STEPS;
	find_disks(blocks, name);
}

/* ------------------------------------------------------------------- uses */

static void add_mount(struct blocks *blocks, const struct mount *mount)
{
	char link[64], target[512], name[64], source[256], fix[320], *part, *save = NULL;
	const char *base;

	snprintf(fix, sizeof(fix), strcmp(mount->point, "/") == 0 ?
		 "leave it alone: this host runs from it" : "umount %s first",
		 mount->point);
	/* btrfs and others give a number that no device has */
	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", mount->major, mount->minor);
	if (mount->major &&
	    sys_readlink(&blocks->ctx->sys, link, target, sizeof(target)) > 0) {
		base = strrchr(target, '/');
		say(blocks, base ? base + 1 : target, fix, "%.100s is mounted on %.200s",
		    mount->source, mount->point);
		return;
	}
	/* bcachefs has "/dev/sda:/dev/sdb" */
	snprintf(source, sizeof(source), "%s", mount->source);
	for (part = strtok_r(source, ":", &save); part; part = strtok_r(NULL, ":", &save))
		if (device_name(blocks->ctx, part, name))
			say(blocks, name, fix, "%.100s is mounted on %.200s", part,
			    mount->point);
	if (strcmp(mount->type, "zfs") == 0 && !blocks->inuse->unknown[0])
		snprintf(blocks->inuse->unknown, sizeof(blocks->inuse->unknown),
			 "ZFS is mounted, and does not say in sysfs which disks it has");
}

static int read_mounts(struct blocks *blocks, const char *path)
{
	_cleanup_free_ char *text = NULL;
	unsigned int last[2] = { 0, 0 };
	const char *p, *end;
	struct mount mount;
	size_t size;
	bool ok;
	int ret;

	ret = attr_read_all(blocks->ctx, path, 16u << 20, &text, &size);
	if (ret)
		return ret;
	for (p = text, end = text + size; p < end; ) {
		p = mount_parse(p, end, &ok, &mount);
		/* one mount of a file system is enough to keep it */
		if (!ok || (mount.major && mount.major == last[0] &&
			    mount.minor == last[1]))
			continue;
		last[0] = mount.major;
		last[1] = mount.minor;
		add_mount(blocks, &mount);
	}
	return 0;
}

static void find_mounts(struct blocks *blocks)
{
	const struct procs *procs = procs_get(blocks->ctx);
	char path[64];
	size_t i;
	int ret;

	ret = read_mounts(blocks, "/proc/self/mountinfo");
	if (ret)
		inuse_cannot(blocks->inuse, "/proc/self/mountinfo", ret);
	/* A service or container may have mounted what is not seen here. */
	for (i = 0; procs && i < procs->n_namespaces; i++) {
		snprintf(path, sizeof(path), "/proc/%d/mountinfo",
			 (int)procs->namespaces[i].pid);
		/* it may have ended meanwhile */
		(void)!read_mounts(blocks, path);
	}
}

static void find_swap(struct blocks *blocks)
{
	_cleanup_free_ char *text = NULL;
	char path[256], name[64], fix[280];
	const char *p, *end;
	size_t size;
	bool ok;
	int ret;

	ret = attr_read_all(blocks->ctx, "/proc/swaps", 1u << 20, &text, &size);
	if (ret == -ENOENT)	/* a kernel without swap */
		return;
	if (ret) {
		inuse_cannot(blocks->inuse, "/proc/swaps", ret);
		return;
	}
	for (p = text, end = text + size; p < end; ) {
		p = swap_parse(p, end, &ok, path);
		if (!ok || !device_name(blocks->ctx, path, name))
			continue;
		snprintf(fix, sizeof(fix), "swapoff %s first", path);
		say(blocks, name, fix, "%s is swap", path);
	}
}

/* Only a virtual one can be made of others. */
static int look_at_block(void *arg, const char *name)
{
	struct blocks *blocks = arg;
	char called[128], fix[192];

	if (strncmp(name, "dm-", 3) != 0 && strncmp(name, "md", 2) != 0 &&
	    strncmp(name, "loop", 4) != 0 && strncmp(name, "zram", 4) != 0 &&
	    strncmp(name, "bcache", 6) != 0 && strncmp(name, "drbd", 4) != 0)
		return 0;
	if (attr_read(blocks->ctx, called, sizeof(called), "/sys/class/block/%.63s/dm/name",
		      name) <= 0)
		snprintf(called, sizeof(called), "%.63s", name);
	snprintf(fix, sizeof(fix), "deactivate %s first", called);
	say(blocks, name, fix, "%s is made of it", called);
	return 0;
}

/* A second and further disk of a mounted btrfs: /sys/fs/btrfs/UUID/devices */
static int look_at_btrfs(void *arg, const char *uuid)
{
	struct blocks *blocks = arg;
	char path[128];

	if (strlen(uuid) != 36)
		return 0;
	snprintf(path, sizeof(path), "/sys/fs/btrfs/%s/devices", uuid);
	snprintf(blocks->what, sizeof(blocks->what), "a mounted btrfs is on it");
	blocks->fix = "umount it first";
	blocks->top = NULL;
	blocks->steps = STEPS;
	sys_list(&blocks->ctx->sys, path, find_slave, blocks);
	return 0;
}

static void find_open(struct blocks *blocks)
{
	const struct procs *procs = procs_get(blocks->ctx);
	const struct proc_file *files;
	char path[80], name[64], fix[80];
	size_t i, n;

	if (!procs) {
		blocks->inuse->short_of_memory = true;
		return;
	}
	files = procs_kind(procs, PROC_BLOCK, &n);
	for (i = 0; i < n; i++) {
		/* udev looks at every disk now and then, and lets go */
		if (strcmp(files[i].comm, "(udev-worker)") == 0 ||
		    strcmp(files[i].comm, "systemd-udevd") == 0)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", files[i].name);
		if (!device_name(blocks->ctx, path, name))
			continue;
		snprintf(fix, sizeof(fix), "stop process %d (%s) first",
			 (int)files[i].pid, files[i].comm);
		say(blocks, name, fix, "process %d (%s) has %s open", (int)files[i].pid,
		    files[i].comm, path);
	}
}

void inuse_blocks(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct blocks blocks = { .ctx = ctx, .inuse = inuse };

	find_mounts(&blocks);
	find_swap(&blocks);
	sys_list(&ctx->sys, "/sys/fs/btrfs", look_at_btrfs, &blocks);
	sys_list(&ctx->sys, "/sys/class/block", look_at_block, &blocks);
	find_open(&blocks);
}

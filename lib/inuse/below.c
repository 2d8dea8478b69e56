/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "inuse/below.h"
#include "inuse/ways.h"
#include "machine/device-node.h"

#define DEPTH	8	/* of block devices stacked on each other */
#define STEPS	4096	/* of the search below one device: more than any machine needs */

static void find_disks(struct below *below, const char *name);

static void find_way(void *arg, const char *way)
{
	struct below *below = arg;
	const char *name = strrchr(way, '/');

	name = name ? name + 1 : way;
	if (below->top && strcmp(name, below->top) != 0)
		inuse_add(below->inuse, way, below->weight, below->fix, "%s (through %s)",
			  below->what, name);
	else
		inuse_add(below->inuse, way, below->weight, below->fix, "%s", below->what);
	use_disk_server(below, way);
}

static int find_slave(void *arg, const char *name)
{
	find_disks(arg, name);
	return 0;
}

static void find_behind(struct below *below, const char *attr, const char *name)
{
	char path[256], disk[64];

	if (attr_read(below->ctx, path, sizeof(path), "/sys/class/block/%.63s/%s",
		      name, attr) > 0 && disk_name(below->ctx, path, disk))
		find_disks(below, disk);
}

/*
 * Can a virtual disk of this kind lack slaves, because it is made of files, memory, the network or a
 * pool? A disk of any other kind has slaves, unless its driver makes no links to the disks below it,
 * like the drivers of Unraid ("md1p1") and PowerPath.
 */
static bool can_lack_slaves(const char *name)
{
	static const char *const kinds[] = {
		"loop", "ram", "zram", "pmem", "nbd", "etherd!", "drbd", "zd", "ublkb", "nullb", "dm-",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

/*
 * The file of a loop device may be on a file system that no mount shows: a live system unmounts its
 * medium lazily, and a container has mounts of its own.
 */
static void find_file(struct below *below, const char *name)
{
	char *unseen = below->inuse->unseen_disks, file[256];

	if (attr_read(below->ctx, file, sizeof(file), "/sys/class/block/%.63s/loop/backing_file",
		      name) > 0 && !sys_exists(&below->ctx->sys, file) && !unseen[0])
		snprintf(unseen, sizeof(below->inuse->unseen_disks), "%.32s is in use, and no mounted "
			 "file system has its file %.48s", name, file);
}

/* Finds the disks below device mapper, md, loop or zram; for a partition, below its whole disk. */
static void find_parts(struct below *below, const char *name, char *path)
{
	bool is_used = !below->is_layer && strstr(path, "/virtual/block/");
	unsigned int steps = below->steps;
	char list[128], *slash;

	snprintf(list, sizeof(list), "/sys/class/block/%.63s/slaves", name);
	if (inuse_list(&below->ctx->sys, below->inuse->unseen_disks, list, find_slave, below) == -ENOENT) {
		slash = strrchr(path, '/');
		*slash = '\0';
		slash = strrchr(path, '/');
		if (slash && strcmp(slash, "/block") != 0) {
			find_disks(below, slash + 1);
			return;
		}
	}
	use_disk_server(below, path);
	find_behind(below, "loop/backing_file", name);
	if (is_used)
		find_file(below, name);
	find_behind(below, "backing_dev", name);
	if (below->steps == steps && is_used && !can_lack_slaves(name) && !below->inuse->unseen_disks[0])
		snprintf(below->inuse->unseen_disks, sizeof(below->inuse->unseen_disks),
			 "%.32s is in use, and sysfs does not show which disks it is made of", name);
}

static void find_disks(struct below *below, const char *name)
{
	char path[512];

	if (below->depth == DEPTH || !below->steps)
		return;
	below->steps--;
	snprintf(path, sizeof(path), "/sys/class/block/%.63s", name);
	if (sys_readlink(&below->ctx->sys, path, path, sizeof(path)) < 0)
		return;
	below->depth++;
	each_way(below->ctx, path, find_way, below);
	if (strstr(path, "/virtual/") && !strstr(path, SUBSYSTEM_PATH))
		find_parts(below, name, path);
	below->depth--;
}

/* Says what the next search is for. top: the name of the block device where it begins, or NULL. */
static void __attribute__((format(printf, 4, 0)))
begin(struct below *below, const char *top, const char *fix, const char *fmt, va_list args)
{
	vsnprintf(below->what, sizeof(below->what), fmt, args);
	below->fix = fix;
	below->top = top;
	below->steps = STEPS;
}

void use_disk(struct below *below, const char *name, const char *fix, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	begin(below, name, fix, fmt, args);
	va_end(args);
	find_disks(below, name);
}

void use_place(struct below *below, const char *sysfs, const char *fix, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	begin(below, NULL, fix, fmt, args);
	va_end(args);
	each_way(below->ctx, sysfs, find_way, below);
}

void use_port(struct below *below, const char *port_name, const char *fix, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	begin(below, NULL, fix, fmt, args);
	va_end(args);
	each_port(below->ctx, port_name, find_way, below);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Further disks of file systems that have several, beside the one that a mount names. */
#include "base/attr.h"
#include "base/bdf.h"
#include "inuse/below.h"

#define BTRFS		"/sys/fs/btrfs"
#define BCACHEFS	"/sys/fs/bcachefs"

/* /sys/fs/btrfs/UUID/devices/NAME */
static int look_at_btrfs_disk(void *arg, const char *name)
{
	use_disk(arg, name, "umount it first", "a mounted btrfs is on it");
	return 0;
}

static int look_at_btrfs(void *arg, const char *uuid)
{
	struct below *below = arg;
	char path[128];

	if (strlen(uuid) != 36)
		return 0;
	snprintf(path, sizeof(path), BTRFS "/%s/devices", uuid);
	inuse_list(&below->ctx->sys, below->inuse->unseen_disks, path, look_at_btrfs_disk, below);
	return 0;
}

struct set {
	struct below *below;
	const char *uuid;
};

/* /sys/fs/bcachefs/UUID/dev-0/block: bch2_dev_sysfs_online(), fs/bcachefs/super.c */
static int look_at_bcachefs_disk(void *arg, const char *member)
{
	const struct set *set = arg;
	char name[64];

	if (strncmp(member, "dev-", 4) == 0 &&
	    attr_link(set->below->ctx, name, sizeof(name), BCACHEFS "/%.40s/%.32s/block", set->uuid,
		      member) > 0)
		use_disk(set->below, name, "umount it first", "a mounted bcachefs is on it");
	return 0;
}

static int look_at_bcachefs(void *arg, const char *uuid)
{
	struct set set = { arg, uuid };
	char path[128];

	snprintf(path, sizeof(path), BCACHEFS "/%.40s", uuid);
	inuse_list(&set.below->ctx->sys, set.below->inuse->unseen_disks, path, look_at_bcachefs_disk, &set);
	return 0;
}

/*
 * Further devices of f2fs, the log of jfs and the blobs of erofs are held exclusively, but neither
 * the mount nor sysfs names them (f2fs_scan_devices(), lmLogOpen(), erofs_init_device()).
 */
bool has_unlisted(const struct mount *mount)
{
	return strcmp(mount->type, "f2fs") == 0 || strcmp(mount->type, "jfs") == 0 ||
	       /* the blobs of an image in a file (major 0) or on a loop device (7) are no disks */
	       (strcmp(mount->type, "erofs") == 0 && mount->major && mount->major != 7);
}

static bool has_use(const struct inuse *inuse, size_t n, struct vlu_bdf bdf)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (inuse->uses[i].weight <= USE_UNSURE && !vlu_bdf_compare(inuse->uses[i].bdf, bdf))
			return true;
	return false;
}

/* The disks without another use may be further disks of this file system. */
static void doubt_disks(struct inuse *inuse, const char *mounted)
{
	char path[VLU_BDF_SIZE + 1];
	size_t i, n = inuse->n;

	path[0] = '/';
	for (i = 0; i < inuse->n_disks; i++) {
		vlu_bdf_format(inuse->disks[i].bdf, path + 1);
		if (!has_use(inuse, n, inuse->disks[i].bdf))
			inuse_add(inuse, path, USE_UNSURE, "see which disks that file system has, or "
				  "umount it", "%s, and may have a further disk on this device: the "
				  "kernel does not name them", mounted);
	}
}

void inuse_members(struct below *below, const struct several *several)
{
	struct sys *sys = &below->ctx->sys;
	int ret = sys_list(sys, BTRFS, look_at_btrfs, below);

	if (ret < 0 && several->btrfs)
		inuse_cannot(below->inuse->unseen_disks, BTRFS, ret);
	inuse_list(sys, below->inuse->unseen_disks, BCACHEFS, look_at_bcachefs, below);
}

void inuse_unlisted(struct inuse *inuse, const struct several *several)
{
	if (several->unlisted[0])
		doubt_disks(inuse, several->unlisted);
}

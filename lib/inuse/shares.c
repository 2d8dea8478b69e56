/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mounts of directories of the host that runs this virtual machine (virtiofs, 9p). The source of such a
 * mount is the tag of a device.
 */
#include "base/attr.h"
#include "inuse/below.h"

#define VIRTIO	"/sys/bus/virtio/devices"
#define SHARES	"/sys/fs/virtiofs"

struct share {
	struct below *below;
	const struct mount *mount;
	const char *fix;
};

static void look_at_share(const struct share *share, const char *tag, const char *link)
{
	char path[512], found[256];

	if (attr_read(share->below->ctx, found, sizeof(found), "%s", tag) > 0 &&
	    strcmp(found, share->mount->source) == 0 &&
	    sys_readlink(&share->below->ctx->sys, link, path, sizeof(path)) > 0)
		use_place(share->below, path, share->fix, "%.100s is mounted on %.200s",
			  share->mount->source, share->mount->point);
}

/* p9_mount_tag_show(), net/9p/trans_virtio.c */
static int look_at_9p(void *arg, const char *name)
{
	char tag[96], link[64];

	snprintf(tag, sizeof(tag), VIRTIO "/%.32s/mount_tag", name);
	snprintf(link, sizeof(link), VIRTIO "/%.32s", name);
	look_at_share(arg, tag, link);
	return 0;
}

/* tag_show(), fs/fuse/virtio_fs.c */
static int look_at_virtiofs(void *arg, const char *name)
{
	char tag[64], link[64];

	snprintf(tag, sizeof(tag), SHARES "/%.32s/tag", name);
	snprintf(link, sizeof(link), SHARES "/%.32s/device", name);
	look_at_share(arg, tag, link);
	return 0;
}

void use_share(struct below *below, const struct mount *mount, const char *fix)
{
	struct share share = { below, mount, fix };

	if (strcmp(mount->type, "virtiofs") == 0)
		sys_list(&below->ctx->sys, SHARES, look_at_virtiofs, &share);
	else if (strcmp(mount->type, "9p") == 0)
		sys_list(&below->ctx->sys, VIRTIO, look_at_9p, &share);
}

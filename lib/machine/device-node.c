/* SPDX-License-Identifier: GPL-2.0-only */
#include <sys/sysmacros.h>

#include "base/attr.h"
#include "machine/device-node.h"

#define LINKS	8	/* links followed at most, as in /dev/disk and /dev/mapper */

void node_by_number(struct vlu_ctx *ctx, bool is_block, dev_t number, char sysfs[NODE_SYSFS])
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/dev/%s/%u:%u", is_block ? "block" : "char",
		 major(number), minor(number));
	if (sys_readlink(&ctx->sys, path, sysfs, NODE_SYSFS) < 0)
		sysfs[0] = '\0';
}

static bool is_disk(struct vlu_ctx *ctx, const char *path, char name[64])
{
	char link[128], target[NODE_SYSFS], *p;

	if (strncmp(path, "/dev/", 5) != 0 || !take_text(name, 64, path + 5, strlen(path + 5)))
		return false;
	for (p = name; *p; p++)
		if (*p == '/')
			*p = '!';
	snprintf(link, sizeof(link), "/sys/class/block/%s", name);
	return sys_readlink(&ctx->sys, link, target, sizeof(target)) >= 0;
}

/* Replaces a link by its target, an absolute path. Returns false when path is not a link. */
static bool follow(struct vlu_ctx *ctx, char path[512])
{
	char target[256], *slash = strrchr(path, '/'), *name = target;

	if (sys_readlink(&ctx->sys, path, target, sizeof(target)) < 0)
		return false;
	if (target[0] == '/')
		return take_text(path, 512, target, strlen(target));
	for (; strncmp(name, "../", 3) == 0 && slash; name += 3) {
		*slash = '\0';
		slash = strrchr(path, '/');
	}
	return slash && take_text(slash + 1, (size_t)(path + 512 - slash - 1), name, strlen(name));
}

bool disk_name(struct vlu_ctx *ctx, const char *path, char name[64])
{
	char at[512];
	int i;

	if (path[0] != '/' || !take_text(at, sizeof(at), path, strlen(path)))
		return false;
	for (i = 0; i < LINKS; i++) {
		if (is_disk(ctx, at, name))
			return true;
		if (!follow(ctx, at))
			break;
	}
	return false;
}

struct search {
	struct vlu_ctx *ctx;
	const char *name;
	char *sysfs;
};

static int look_at_char(void *arg, const char *number)
{
	const struct search *search = arg;
	char path[64];
	const char *last;

	snprintf(path, sizeof(path), "/sys/dev/char/%.32s", number);
	if (sys_readlink(&search->ctx->sys, path, search->sysfs, NODE_SYSFS) > 0) {
		last = strrchr(search->sysfs, '/');
		last = last ? last + 1 : search->sysfs;
		/* "hpilo!d0ccb0" is /dev/hpilo/d0ccb0 */
		if (strcmp(last, search->name) == 0 ||
		    (strrchr(last, '!') && strcmp(strrchr(last, '!') + 1, search->name) == 0))
			return 1;
	}
	search->sysfs[0] = '\0';
	return 0;
}

bool node_by_name(struct vlu_ctx *ctx, const char *path, char sysfs[NODE_SYSFS])
{
	const char *slash = strrchr(path, '/');
	struct search search = { ctx, slash ? slash + 1 : path, sysfs };
	char name[64], link[96];

	sysfs[0] = '\0';
	if (disk_name(ctx, path, name)) {
		snprintf(link, sizeof(link), "/sys/class/block/%s", name);
		return sys_readlink(&ctx->sys, link, sysfs, NODE_SYSFS) > 0;
	}
	if (strncmp(path, "/dev/", 5) == 0)
		sys_list(&ctx->sys, "/sys/dev/char", look_at_char, &search);
	return false;
}

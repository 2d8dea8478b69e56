/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>

#include "base/attr.h"
#include "base/disk-file.h"

static int look_at(struct vlu_ctx *ctx, const char *path)
{
	int mode = sys_mode(&ctx->sys, path);

	return mode < 0 ? mode : (mode & 0170000) == 0100000 ? 0 : -EINVAL;
}

static int report(struct vlu_ctx *ctx, const char *path, int ret)
{
	if (!ret)
		return 0;
	if (ret == -ENOMEM)
		return vlu_nomem(ctx);
	return vlu_fail(ctx, FAIL_FILE, ret, "%s: %s", path, ret == -EINVAL ? "not a file" :
			ret == -EFBIG ? "larger than any file of its kind" : strerror(-ret));
}

int file_read(struct vlu_ctx *ctx, const char *path, size_t max, char **ret_data,
	      size_t *ret_size)
{
	int ret = look_at(ctx, path);

	return ret ? ret : attr_read_all(ctx, path, max, ret_data, ret_size);
}

int file_read_named(struct vlu_ctx *ctx, const char *path, size_t max, char **ret_data,
		    size_t *ret_size)
{
	return report(ctx, path, file_read(ctx, path, max, ret_data, ret_size));
}

int file_need(struct vlu_ctx *ctx, const char *path)
{
	return report(ctx, path, look_at(ctx, path));
}

char *file_absolute(struct vlu_ctx *ctx, const char *path)
{
	char cwd[PATH_MAX], *text;

	if (path[0] == '/' || sys_readlink(&ctx->sys, "/proc/self/cwd", cwd, sizeof(cwd)) < 0)
		return strdup(path);
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	if (strcmp(path, ".") == 0)
		return strdup(cwd);
	return asprintf(&text, "%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, path) < 0 ? NULL : text;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/disk-file.h"
#include "next/files.h"

int files_read(const struct files *files, const char *path, size_t max, char **ret_data,
	       size_t *ret_size)
{
	const struct archive_file *file;
	char name[ARCHIVE_PATH];

	if (!files->archive) {
		snprintf(name, sizeof(name), "/%s", path);
		return file_read(files->ctx, name, max, ret_data, ret_size);
	}
	file = archive_find(files->archive, path);
	if (!file || !file->data)
		return -ENOENT;
	if (file->size > max)
		return -EFBIG;
	*ret_data = malloc(file->size + 1);
	if (!*ret_data)
		return -ENOMEM;
	memcpy(*ret_data, file->data, file->size + 1);
	*ret_size = file->size;
	return 0;
}

int files_each(const struct files *files, const char *dir,
	       int (*fn)(void *arg, const char *name), void *arg)
{
	char name[ARCHIVE_PATH];
	int ret;

	if (files->archive)
		return archive_each(files->archive, dir, fn, arg);
	snprintf(name, sizeof(name), "/%s", dir);
	ret = attr_each(files->ctx, name, fn, arg);
	/* not a directory, or not readable: no files */
	return ret == -ENOENT || ret == -ENOTDIR || ret == -EACCES ? 0 : ret;
}

bool files_has(const struct files *files, const char *path)
{
	char name[ARCHIVE_PATH];

	if (files->archive)
		return archive_find(files->archive, path) ||
		       archive_each(files->archive, path, any_name, NULL);
	snprintf(name, sizeof(name), "/%s", path);
	return sys_exists(&files->ctx->sys, name);
}

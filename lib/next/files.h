/* SPDX-License-Identifier: GPL-2.0-only */
/* A file system of a next kernel: this machine's root file system, or that of an initrd. */
#ifndef VLU_NEXT_FILES_H
#define VLU_NEXT_FILES_H

#include "formats/archive.h"

/* One of the two is set. Paths have no leading slash. */
struct files {
	struct vlu_ctx *ctx;
	const struct archive *archive;
};

/* Reads a file and adds a NUL. The caller frees it. -ENOENT also if the archive skipped it. */
int files_read(const struct files *files, const char *path, size_t max, char **ret_data,
	       size_t *ret_size) must_check;
int files_each(const struct files *files, const char *dir,
	       int (*fn)(void *arg, const char *name), void *arg) must_check;
/* Does the path exist? An empty directory of an archive does not. */
bool files_has(const struct files *files, const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file system that an initrd becomes: all its archives, unpacked one over the other,
 * with links that may lead from one archive to another.
 */
#ifndef VLU_FORMATS_ARCHIVE_H
#define VLU_FORMATS_ARCHIVE_H

#include "base/pool.h"

#define ARCHIVE_PATH	1024

struct archive_file {
	const char *name;	/* "etc/modprobe.d/vfio.conf" */
	const char *target;	/* target of a symbolic link; NULL: not a link */
	const uint8_t *data;	/* contents with a NUL added; NULL: not kept */
	size_t size;
	size_t inode;		/* not 0: the file has several names */
	size_t nth;		/* position in the archives */
};

struct archive {
	struct pool pool;
	struct archive_file *files;	/* sorted by name, each name once */
	size_t n_files, n_seen;
	size_t kept;
};

/*
 * Returns the size of an initrd without the boot configuration at its end:
 * get_boot_config_from_initrd(), init/main.c.
 */
size_t archive_size(const uint8_t *data, size_t size);

/*
 * Reads an initrd. wants() is as in cpio.h. After a failure other than -ENOMEM, the buffer why,
 * of size bytes, holds the reason, and archive holds the files read so far. The caller frees
 * the archive in any case.
 */
int archive_read(struct archive *archive, const uint8_t *data, size_t len,
		 size_t (*wants)(const char *name), char *why, size_t size) must_check;
void archive_free(struct archive *archive);

/*
 * Resolves all links in a path. Returns false if there are too many links, as in a circle, or if
 * a path becomes too long. Returns true also for a path at which there is no file.
 */
bool archive_resolve(const struct archive *archive, const char *path, char out[ARCHIVE_PATH])
	must_check;
/* Returns the file at a path, following links, or NULL. */
const struct archive_file *archive_find(const struct archive *archive, const char *path);
/* Calls fn for each file and link in a directory until fn returns non-zero. */
int archive_each(const struct archive *archive, const char *dir,
		 int (*fn)(void *arg, const char *name), void *arg) must_check;
/* Adds a link that the initrd's own scripts would make at boot. */
int archive_link(struct archive *archive, const char *name, const char *target) must_check;

#endif

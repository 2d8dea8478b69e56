/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/tree-copy.h"
#include "capture/recorder.h"
#include "scrub.h"

#define FILE_MAX	(64u << 20)	/* no attribute and no module is larger */

/* An open file, by its descriptor number. */
struct opened {
	char *path;
	char *data;	/* the content read so far */
	size_t size;
};

struct recorder {
	struct sys_ops ops;	/* the real calls, with the recorder's own for reading */
	struct copy copy;
	struct sys *sys;
	struct opened *opened;
	size_t n_opened;
	bool noted;
};

static struct opened *opened_at(struct recorder *rec, int fd)
{
	struct opened *more;
	size_t n = (size_t)fd + 1;

	if (fd < 0)
		return NULL;
	if (n > rec->n_opened) {
		more = realloc(rec->opened, n * sizeof(*more));
		if (!more) {
			rec->copy.error = -ENOMEM;
			return NULL;
		}
		memset(more + rec->n_opened, 0, (n - rec->n_opened) * sizeof(*more));
		rec->opened = more;
		rec->n_opened = n;
	}
	return &rec->opened[fd];
}

static void forget(struct opened *opened)
{
	free(opened->path);
	free(opened->data);
	*opened = (struct opened){ .path = NULL };
}

static int record_open(struct sys *sys, const char *path, int flags)
{
	struct recorder *rec = sys->recorder;
	struct opened *opened;
	int fd;

	fd = rec->copy.machine.ops->open(sys, path, flags);
	if ((flags & O_ACCMODE) != O_RDONLY || flags & O_DIRECTORY)
		return fd;
	if (fd == -EACCES || fd == -EPERM)
		copy_file(&rec->copy, path, NULL, 0, 0);
	opened = opened_at(rec, fd);
	if (!opened)
		return fd;
	forget(opened);
	opened->path = strdup(path);
	if (!opened->path)
		rec->copy.error = -ENOMEM;
	return fd;
}

static void take(struct recorder *rec, int fd, const void *buf, size_t size, size_t at)
{
	struct opened *opened;
	char *more;

	if (fd < 0 || (size_t)fd >= rec->n_opened || !rec->opened[fd].path || rec->copy.error)
		return;
	opened = &rec->opened[fd];
	if (at > FILE_MAX || size > FILE_MAX - at) {
		rec->copy.error = -EFBIG;
		return;
	}
	if (at + size > opened->size) {
		more = realloc(opened->data, at + size);
		if (!more) {
			rec->copy.error = -ENOMEM;
			return;
		}
		memset(more + opened->size, 0, at + size - opened->size);
		opened->data = more;
		opened->size = at + size;
	}
	memcpy(opened->data + at, buf, size);
}

static ssize_t record_read(struct sys *sys, int fd, void *buf, size_t size)
{
	struct recorder *rec = sys->recorder;
	ssize_t n = rec->copy.machine.ops->read(sys, fd, buf, size);

	if (n > 0 && fd >= 0 && (size_t)fd < rec->n_opened)
		take(rec, fd, buf, (size_t)n, rec->opened[fd].size);
	return n;
}

static ssize_t record_pread(struct sys *sys, int fd, void *buf, size_t size, off_t offset)
{
	struct recorder *rec = sys->recorder;
	ssize_t n = rec->copy.machine.ops->pread(sys, fd, buf, size, offset);

	if (n > 0 && offset >= 0)
		take(rec, fd, buf, (size_t)n, (size_t)offset);
	return n;
}

static int record_close(struct sys *sys, int fd)
{
	struct recorder *rec = sys->recorder;
	struct opened *opened;

	if (fd >= 0 && (size_t)fd < rec->n_opened && rec->opened[fd].path) {
		opened = &rec->opened[fd];
		if (scrub_data(opened->path, opened->data, &opened->size))
			copy_file(&rec->copy, opened->path, opened->data, opened->size, 0644);
		forget(opened);
	}
	return rec->copy.machine.ops->close(sys, fd);
}

static ssize_t record_readlink(struct sys *sys, const char *path, char *buf, size_t size)
{
	struct recorder *rec = sys->recorder;
	char asked[PATH_MAX];
	ssize_t n;

	/* the result may overwrite path */
	snprintf(asked, sizeof(asked), "%s", path);
	n = rec->copy.machine.ops->readlink(sys, path, buf, size);
	if (n > 0)
		copy_link(&rec->copy, asked, buf);
	return n;
}

static void put_found(struct recorder *rec, const char *path, int mode, off_t size)
{
	if (S_ISDIR(mode))
		copy_dir(&rec->copy, path, 0755);
	else	/* The caller did not ask for the content. A device node becomes a file, too. */
		copy_file(&rec->copy, path, NULL, (size_t)size, mode & 0111 ? 0755 : 0644);
}

static int record_mode(struct sys *sys, const char *path)
{
	struct recorder *rec = sys->recorder;
	int mode = rec->copy.machine.ops->mode(sys, path);

	if (mode >= 0)
		put_found(rec, path, mode, 0);
	return mode;
}

static off_t record_size(struct sys *sys, const char *path)
{
	struct recorder *rec = sys->recorder;
	off_t size = rec->copy.machine.ops->size ? rec->copy.machine.ops->size(sys, path) : -ENOSYS;
	int mode = size < 0 ? -1 : rec->copy.machine.ops->mode(sys, path);

	if (mode >= 0)
		put_found(rec, path, mode, S_ISREG(mode) ? size : 0);
	return size;
}

struct listing {
	struct recorder *rec;
	const char *path;	/* a directory below /sys, or NULL */
	int (*fn)(void *arg, const char *name);
	void *arg;
};

/* In sysfs a name alone can be the information: the members of a group. */
static int record_entry(void *arg, const char *name)
{
	struct listing *listing = arg;
	struct recorder *rec = listing->rec;
	char path[PATH_MAX], target[PATH_MAX];
	int mode;

	if (listing->path &&
	    snprintf(path, sizeof(path), "%s/%s", listing->path, name) < (int)sizeof(path)) {
		if (rec->copy.machine.ops->readlink(&rec->copy.machine, path, target, sizeof(target)) > 0) {
			copy_link(&rec->copy, path, target);
		} else {
			mode = rec->copy.machine.ops->mode(&rec->copy.machine, path);
			if (mode >= 0 && S_ISDIR(mode))
				copy_dir(&rec->copy, path, 0755);
		}
	}
	return listing->fn(listing->arg, name);
}

static int record_list(struct sys *sys, const char *path,
		       int (*fn)(void *arg, const char *name), void *arg)
{
	struct recorder *rec = sys->recorder;
	struct listing listing = { .rec = rec, .fn = fn, .arg = arg };
	int ret;

	if (strncmp(path, "/sys/", 5) == 0)
		listing.path = path;
	ret = rec->copy.machine.ops->list(sys, path, record_entry, &listing);
	if (ret == -EACCES || ret == -EPERM)
		copy_dir(&rec->copy, path, 0);
	else if (ret >= 0)
		copy_dir(&rec->copy, path, 0755);
	return ret;
}

static void record_note(struct sys *sys, const char *path, const void *data, size_t size)
{
	struct recorder *rec = sys->recorder;

	/* a later note may be shorter, and copy_file() would leave the rest of the first one */
	if (!rec->noted)
		copy_file(&rec->copy, path, data, size, 0644);
	rec->noted = true;
}

int record_start(struct sys *sys, const char *dir, struct recorder **ret_recorder)
{
	struct recorder *rec;
	int ret;

	rec = calloc(1, sizeof(*rec));
	if (!rec)
		return -ENOMEM;
	ret = copy_start(&rec->copy, sys, dir);
	if (ret) {
		free(rec);
		return ret;
	}
	rec->sys = sys;
	rec->ops = *sys->ops;
	rec->ops.open = record_open;
	rec->ops.read = record_read;
	rec->ops.pread = record_pread;
	rec->ops.close = record_close;
	rec->ops.readlink = record_readlink;
	rec->ops.mode = record_mode;
	rec->ops.size = record_size;
	rec->ops.list = record_list;
	rec->ops.note = record_note;
	/* without threads, the copy is made in a fixed order */
	rec->ops.together = NULL;
	sys->ops = &rec->ops;
	sys->recorder = rec;
	*ret_recorder = rec;
	return 0;
}

int record_stop(struct recorder *rec, size_t *ret_files)
{
	size_t i;
	int ret;

	rec->sys->ops = rec->copy.machine.ops;
	rec->sys->recorder = NULL;
	for (i = 0; i < rec->n_opened; i++)
		forget(&rec->opened[i]);
	free(rec->opened);
	ret = copy_stop(&rec->copy);
	*ret_files = rec->copy.n_files;
	free(rec);
	return ret;
}

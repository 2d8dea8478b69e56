/* SPDX-License-Identifier: GPL-2.0-only */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record.h"
#include "scrub.h"

#define FILE_MAX	(64u << 20)	/* no attribute, no module is larger */
#define LINKS_MAX	40

/* What is open, by the number of its descriptor. */
struct opened {
	char *path;
	char *data;	/* what was read of it so far */
	size_t size;
	bool directory;
};

struct recorder {
	struct sys_ops ops;		/* with ours in the place of what reads */
	struct sys machine;		/* as it was before, not recorded */
	struct sys *sys;
	int dir_fd;
	struct opened *opened;
	size_t n_opened, n_files;
	int error;			/* the first one */
};

/*
 * What is there already is there, and what could not be read on the machine
 * cannot be written to again: record_start() has seen that the rest can.
 */
static void failed(struct recorder *rec)
{
	if (!rec->error && errno != EEXIST && errno != EACCES)
		rec->error = -errno;
}

/* ---------------------------------------------------------------- places */

static void pop(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
	else
		path[0] = '\0';
}

/* Is it a link? What is in the copy already need not be asked again. */
static ssize_t link_at(struct recorder *rec, const char *place, char *target)
{
	char path[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstatat(rec->dir_fd, place, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISLNK(st.st_mode))
			return 0;
		n = readlinkat(rec->dir_fd, place, target, PATH_MAX - 1);
		target[n > 0 ? n : 0] = '\0';
		return n;
	}
	if (snprintf(path, sizeof(path), "/%s", place) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	n = rec->machine.ops->readlink(&rec->machine, path, target, PATH_MAX);
	if (n > 0 && symlinkat(target, rec->dir_fd, place))
		failed(rec);
	return n;
}

/*
 * Where a path leads, links followed, as a path in the copy. The links and
 * the directories on the way are made there.
 */
static int place_of(struct recorder *rec, const char *path, bool follow,
		    char place[PATH_MAX])
{
	char rest[PATH_MAX], target[PATH_MAX], next[2 * PATH_MAX], *p = rest;
	int links = 0;
	size_t len;
	bool last;

	place[0] = '\0';
	if (snprintf(rest, sizeof(rest), "%s", path) >= (int)sizeof(rest))
		return -ENAMETOOLONG;
	for (;; p += len) {
		p += strspn(p, "/");
		len = strcspn(p, "/");
		if (!len)
			return 0;
		last = !p[len + strspn(p + len, "/")];
		if (len == 1 && p[0] == '.')
			continue;
		if (len == 2 && p[0] == '.' && p[1] == '.') {
			pop(place);
			continue;
		}
		if (strlen(place) + len + 2 > PATH_MAX)
			return -ENAMETOOLONG;
		if (place[0])
			strcat(place, "/");
		strncat(place, p, len);
		if (last && !follow)
			return 0;
		if (link_at(rec, place, target) > 0) {
			snprintf(next, sizeof(next), "%s/%s", target, p + len);
			if (++links > LINKS_MAX || strlen(next) >= sizeof(rest))
				return -ELOOP;
			strcpy(rest, next);
			p = rest;
			len = 0;
			if (target[0] == '/')
				place[0] = '\0';
			else
				pop(place);
		} else if (!last && mkdirat(rec->dir_fd, place, 0755)) {
			failed(rec);
		}
	}
}

/* The path on the machine: sys may stand for a directory that was entered. */
static bool full_path(struct recorder *rec, const struct sys *sys, const char *path,
		      char full[PATH_MAX])
{
	const struct opened *dir;
	int n;

	if (sys->root_fd == rec->machine.root_fd) {
		n = snprintf(full, PATH_MAX, "%s", path);
	} else {
		if (sys->root_fd < 0 || (size_t)sys->root_fd >= rec->n_opened)
			return false;
		dir = &rec->opened[sys->root_fd];
		if (!dir->directory)
			return false;
		n = snprintf(full, PATH_MAX, "%s/%s", dir->path, path);
	}
	return n >= 0 && n < PATH_MAX;
}

static void put_link(struct recorder *rec, const char *path, const char *target)
{
	char place[PATH_MAX];

	if (scrub_keeps_link(path, target) && place_of(rec, path, false, place) == 0 &&
	    place[0] && symlinkat(target, rec->dir_fd, place))
		failed(rec);
}

static void put_dir(struct recorder *rec, const char *path, mode_t mode)
{
	char place[PATH_MAX];

	if (!scrub_keeps_dir(path) || place_of(rec, path, true, place) || !place[0])
		return;
	if (mkdirat(rec->dir_fd, place, 0755))
		failed(rec);
	else if (mode != 0755 && fchmodat(rec->dir_fd, place, mode, 0))
		failed(rec);
}

/* A file with at least this size; data may be NULL. mode 0: unreadable. */
static void put_file(struct recorder *rec, const char *path, const char *data,
		     size_t size, mode_t mode)
{
	char place[PATH_MAX];
	struct stat st;
	ssize_t n = 0;
	bool new;
	int fd;

	if (place_of(rec, path, true, place) || !place[0])
		return;
	new = fstatat(rec->dir_fd, place, &st, AT_SYMLINK_NOFOLLOW) != 0;
	fd = openat(rec->dir_fd, place, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0) {
		failed(rec);
		return;
	}
	rec->n_files += new;
	if (data)
		n = pwrite(fd, data, size, 0);
	if (n < 0 || (data && (size_t)n != size) || fstat(fd, &st) ||
	    (!data && (size_t)st.st_size < size && ftruncate(fd, (off_t)size)) ||
	    (mode != 0644 && fchmod(fd, mode)))
		failed(rec);
	close(fd);
}

/* ----------------------------------------------------------------- calls */

static struct opened *opened_at(struct recorder *rec, int fd)
{
	struct opened *more;
	size_t n = (size_t)fd + 1;

	if (fd < 0)
		return NULL;
	if (n > rec->n_opened) {
		more = realloc(rec->opened, n * sizeof(*more));
		if (!more) {
			rec->error = -ENOMEM;
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
	char full[PATH_MAX];
	int fd;

	fd = rec->machine.ops->open(sys, path, flags);
	if ((flags & O_ACCMODE) != O_RDONLY || !full_path(rec, sys, path, full))
		return fd;
	if (fd == -EACCES || fd == -EPERM)
		put_file(rec, full, NULL, 0, 0);
	opened = opened_at(rec, fd);
	if (!opened)
		return fd;
	forget(opened);
	opened->directory = flags & O_DIRECTORY;
	opened->path = strdup(full);
	if (!opened->path)
		rec->error = -ENOMEM;
	else if (opened->directory)
		put_dir(rec, full, 0755);
	return fd;
}

static void take(struct recorder *rec, int fd, const void *buf, size_t size, size_t at)
{
	struct opened *opened;
	char *more;

	if (fd < 0 || (size_t)fd >= rec->n_opened || !rec->opened[fd].path || rec->error)
		return;
	opened = &rec->opened[fd];
	if (at > FILE_MAX || size > FILE_MAX - at) {
		rec->error = -EFBIG;
		return;
	}
	if (at + size > opened->size) {
		more = realloc(opened->data, at + size);
		if (!more) {
			rec->error = -ENOMEM;
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
	ssize_t n = rec->machine.ops->read(sys, fd, buf, size);

	if (n > 0 && fd >= 0 && (size_t)fd < rec->n_opened)
		take(rec, fd, buf, (size_t)n, rec->opened[fd].size);
	return n;
}

static ssize_t record_pread(struct sys *sys, int fd, void *buf, size_t size, off_t offset)
{
	struct recorder *rec = sys->recorder;
	ssize_t n = rec->machine.ops->pread(sys, fd, buf, size, offset);

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
		if (!opened->directory && scrub_data(opened->path, opened->data, &opened->size))
			put_file(rec, opened->path, opened->data, opened->size, 0644);
		forget(opened);
	}
	return rec->machine.ops->close(sys, fd);
}

static ssize_t record_readlink(struct sys *sys, const char *path, char *buf, size_t size)
{
	struct recorder *rec = sys->recorder;
	ssize_t n = rec->machine.ops->readlink(sys, path, buf, size);
	char full[PATH_MAX];

	if (n > 0 && full_path(rec, sys, path, full))
		put_link(rec, full, buf);
	return n;
}

static void put_found(struct recorder *rec, const struct sys *sys, const char *path,
		      int mode, off_t size)
{
	char full[PATH_MAX];

	if (!full_path(rec, sys, path, full))
		return;
	if (S_ISDIR(mode))
		put_dir(rec, full, 0755);
	else	/* a device node as well: that it is there is all that was asked */
		put_file(rec, full, NULL, (size_t)size, mode & 0111 ? 0755 : 0644);
}

static int record_mode(struct sys *sys, const char *path)
{
	struct recorder *rec = sys->recorder;
	int mode = rec->machine.ops->mode(sys, path);

	if (mode >= 0)
		put_found(rec, sys, path, mode, 0);
	return mode;
}

static off_t record_size(struct sys *sys, const char *path)
{
	struct recorder *rec = sys->recorder;
	off_t size = rec->machine.ops->size ? rec->machine.ops->size(sys, path) : -ENOSYS;
	int mode = size < 0 ? -1 : rec->machine.ops->mode(sys, path);

	if (mode >= 0)
		put_found(rec, sys, path, mode, S_ISREG(mode) ? size : 0);
	return size;
}

struct listing {
	struct recorder *rec;
	const char *path;	/* below /sys, or NULL: only what is looked at counts */
	int (*fn)(void *arg, const char *name);
	void *arg;
};

/* In sysfs a name can be all that is wanted: the members of a group. */
static int record_entry(void *arg, const char *name)
{
	struct listing *listing = arg;
	struct recorder *rec = listing->rec;
	char path[PATH_MAX], target[PATH_MAX];
	int mode;

	if (listing->path &&
	    snprintf(path, sizeof(path), "%s/%s", listing->path, name) < (int)sizeof(path)) {
		if (rec->machine.ops->readlink(&rec->machine, path, target, sizeof(target)) > 0) {
			put_link(rec, path, target);
		} else {
			mode = rec->machine.ops->mode(&rec->machine, path);
			if (mode >= 0 && S_ISDIR(mode))
				put_dir(rec, path, 0755);
		}
	}
	return listing->fn(listing->arg, name);
}

static int record_list(struct sys *sys, const char *path,
		       int (*fn)(void *arg, const char *name), void *arg)
{
	struct recorder *rec = sys->recorder;
	struct listing listing = { .rec = rec, .fn = fn, .arg = arg };
	char full[PATH_MAX];
	bool known = full_path(rec, sys, path, full);
	int ret;

	if (known && strncmp(full, "/sys/", 5) == 0)
		listing.path = full;
	ret = rec->machine.ops->list(sys, path, record_entry, &listing);
	if (known && (ret == -EACCES || ret == -EPERM))
		put_dir(rec, full, 0);
	else if (known && ret >= 0)
		put_dir(rec, full, 0755);
	return ret;
}

/* --------------------------------------------------------- start and end */

static bool is_empty(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	size_t n = 0;

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	while ((entry = readdir(dir)))
		n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(dir);
	return n == 0;
}

int record_start(struct sys *sys, const char *dir, struct recorder **ret_recorder)
{
	struct recorder *rec;
	int ret = 0;

	rec = calloc(1, sizeof(*rec));
	if (!rec)
		return -ENOMEM;
	if (mkdir(dir, 0755) && errno != EEXIST)
		ret = -errno;
	rec->dir_fd = ret ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!ret && rec->dir_fd < 0)
		ret = -errno;
	if (!ret && !is_empty(rec->dir_fd))
		ret = -ENOTEMPTY;
	if (!ret && faccessat(rec->dir_fd, ".", W_OK | X_OK, 0))
		ret = -errno;
	if (ret) {
		if (rec->dir_fd >= 0)
			close(rec->dir_fd);
		free(rec);
		return ret;
	}
	rec->sys = sys;
	rec->machine = *sys;
	rec->ops = *sys->ops;
	rec->ops.open = record_open;
	rec->ops.read = record_read;
	rec->ops.pread = record_pread;
	rec->ops.close = record_close;
	rec->ops.readlink = record_readlink;
	rec->ops.mode = record_mode;
	rec->ops.size = record_size;
	rec->ops.list = record_list;
	sys->ops = &rec->ops;
	sys->recorder = rec;
	*ret_recorder = rec;
	return 0;
}

int record_stop(struct recorder *rec, size_t *ret_files)
{
	int ret = rec->error;
	size_t i;

	rec->sys->ops = rec->machine.ops;
	rec->sys->recorder = NULL;
	for (i = 0; i < rec->n_opened; i++)
		forget(&rec->opened[i]);
	free(rec->opened);
	if (close(rec->dir_fd) && !ret)
		ret = -errno;
	*ret_files = rec->n_files;
	free(rec);
	return ret;
}

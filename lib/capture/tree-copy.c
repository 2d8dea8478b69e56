/* SPDX-License-Identifier: GPL-2.0-only */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/tree-copy.h"
#include "scrub.h"

#define LINKS_MAX	40

/*
 * Ignores EEXIST, since the file was copied before, and EACCES, since an unreadable file
 * was copied as unreadable. copy_start() has made sure that dir itself is writable.
 */
static void failed(struct copy *copy)
{
	if (!copy->error && errno != EEXIST && errno != EACCES)
		copy->error = -errno;
}

static void pop(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
	else
		path[0] = '\0';
}

/* Reads a link, from the copy if it is there already. */
static ssize_t link_at(struct copy *copy, const char *place, char *target)
{
	char path[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstatat(copy->dir_fd, place, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISLNK(st.st_mode))
			return 0;
		n = readlinkat(copy->dir_fd, place, target, PATH_MAX - 1);
		target[n > 0 ? n : 0] = '\0';
		return n;
	}
	if (snprintf(path, sizeof(path), "/%s", place) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	n = copy->machine.ops->readlink(&copy->machine, path, target, PATH_MAX);
	if (n > 0 && symlinkat(target, copy->dir_fd, place))
		failed(copy);
	return n;
}

/*
 * Resolves a path to its place in the copy, and makes the links and directories on the way.
 */
static int place_of(struct copy *copy, const char *path, bool follow,
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
		if (link_at(copy, place, target) > 0) {
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
		} else if (!last && mkdirat(copy->dir_fd, place, 0755)) {
			failed(copy);
		}
	}
}

void copy_link(struct copy *copy, const char *path, const char *target)
{
	char place[PATH_MAX];

	if (scrub_is_kept_link(path, target) && place_of(copy, path, false, place) == 0 &&
	    place[0] && symlinkat(target, copy->dir_fd, place))
		failed(copy);
}

void copy_dir(struct copy *copy, const char *path, mode_t mode)
{
	char place[PATH_MAX];

	if (!scrub_is_kept_dir(path) || place_of(copy, path, true, place) || !place[0])
		return;
	if (mkdirat(copy->dir_fd, place, 0755))
		failed(copy);
	else if (mode != 0755 && fchmodat(copy->dir_fd, place, mode, 0))
		failed(copy);
}

void copy_file(struct copy *copy, const char *path, const char *data,
		     size_t size, mode_t mode)
{
	char place[PATH_MAX];
	struct stat st;
	ssize_t n = 0;
	bool new;
	int fd;

	if (place_of(copy, path, true, place) || !place[0])
		return;
	new = fstatat(copy->dir_fd, place, &st, AT_SYMLINK_NOFOLLOW) != 0;
	fd = openat(copy->dir_fd, place, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0) {
		failed(copy);
		return;
	}
	copy->n_files += new;
	if (data)
		n = pwrite(fd, data, size, 0);
	if (n < 0 || (data && (size_t)n != size) || fstat(fd, &st) ||
	    (!data && (size_t)st.st_size < size && ftruncate(fd, (off_t)size)) ||
	    (mode != 0644 && fchmod(fd, mode)))
		failed(copy);
	close(fd);
}

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

int copy_start(struct copy *copy, const struct sys *sys, const char *dir)
{
	int ret = 0;

	*copy = (struct copy){ .n_files = 0 };
	sys_view(sys, &copy->machine);
	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	copy->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (copy->dir_fd < 0)
		return -errno;
	if (!is_empty(copy->dir_fd))
		ret = -ENOTEMPTY;
	else if (faccessat(copy->dir_fd, ".", W_OK | X_OK, 0))
		ret = -errno;
	if (ret)
		close(copy->dir_fd);
	return ret;
}

int copy_stop(struct copy *copy)
{
	if (close(copy->dir_fd) && !copy->error)
		copy->error = -errno;
	return copy->error;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The real kernel: opening, reading and listing files. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sys/real.h"

/* Returns the open directory nearest to *path and makes *path relative to it; -1: none. */
static int find_near(const struct sys *sys, const char **path)
{
	const struct near *near = sys->near + sys->n_near;

	while (near-- > sys->near) {
		if (near->fd < 0 || strncmp(*path, near->path, near->size) != 0)
			continue;
		*path += near->size;
		return near->fd;
	}
	return -1;
}

/* The same, if the name lies directly in that directory. */
static int find_parent(const struct sys *sys, const char **name)
{
	const char *rest = *name;
	int dir = find_near(sys, &rest);

	if (dir < 0 || strchr(rest, '/'))
		return -1;
	*name = rest;
	return dir;
}

/*
 * Opens a file below a near directory. Returns -EXDEV if the path must be resolved from the root:
 * there is no such directory, or the path may lead out of it. RESOLVE_BENEATH would allow links,
 * but takes a lock of all mounts (path_is_under(), fs/namespace.c), which threads wait for.
 */
static int open_near(const struct sys *sys, const char *path, int flags)
{
	const struct open_how how = {
		.flags = (unsigned int)flags, .resolve = RESOLVE_NO_SYMLINKS,
	};
	const char *rest = path;
	int dir = find_near(sys, &rest);
	long fd;

	if (dir < 0 || strstr(rest, ".."))
		return -EXDEV;
	fd = syscall(SYS_openat2, dir, rest, &how, sizeof(how));
	if (fd >= 0)
		return (int)fd;
	/* ELOOP: there is a link */
	return errno == ELOOP || errno == EAGAIN || errno == ENOSYS || errno == EINTR ? -EXDEV : -errno;
}

int real_open(struct sys *sys, const char *path, int flags)
{
	/* openat2() rejects flags that O_PATH would ignore */
	const int more = O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY);
	struct open_how how = {
		.flags = (unsigned int)(flags | more),
		.mode = flags & O_CREAT ? 0600 : 0,
		.resolve = RESOLVE_IN_ROOT,
	};
	int dir = sys->root_fd;
	long fd;

	fd = flags & O_CREAT ? -EXDEV : open_near(sys, path, flags | more);
	if (fd != -EXDEV)
		return (int)fd;
	/* A relative path that the user gave. */
	if (sys->root_is_slash && path[0] != '/') {
		dir = AT_FDCWD;
		how.resolve = 0;
	}
	do
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR) &&
	       !(flags & O_NONBLOCK));
	/* A seccomp filter may not know openat2(), which is not needed below "/". */
	if (fd < 0 && errno == ENOSYS && sys->root_is_slash)
		fd = open(path, flags | more, 0600);
	return fd < 0 ? -errno : (int)fd;
}

ssize_t real_read(struct sys *sys, int fd, void *buf, size_t size)
{
	ssize_t n;

	(void)sys;
	n = read(fd, buf, size);
	return n < 0 ? -errno : n;
}

ssize_t real_pread(struct sys *sys, int fd, void *buf, size_t size,
			  off_t offset)
{
	ssize_t n;

	(void)sys;
	n = pread(fd, buf, size, offset);
	return n < 0 ? -errno : n;
}

ssize_t real_write(struct sys *sys, int fd, const void *buf, size_t size)
{
	ssize_t n;

	(void)sys;
	n = write(fd, buf, size);
	return n < 0 ? -errno : n;
}

int real_close(struct sys *sys, int fd)
{
	(void)sys;
	return close(fd) < 0 ? -errno : 0;
}

int real_ioctl(struct sys *sys, int fd, unsigned long request, void *arg)
{
	int ret;

	(void)sys;
	ret = ioctl(fd, request, arg);
	return ret < 0 ? -errno : ret;
}

ssize_t real_readlink(struct sys *sys, const char *path, char *buf,
			     size_t size)
{
	const char *name = path;
	int fd = find_parent(sys, &name);
	ssize_t n;

	if (fd >= 0) {
		n = readlinkat(fd, name, buf, size);
		n = n < 0 ? -errno : n;
	} else if (sys->root_is_slash) {
		n = readlink(path, buf, size);
		n = n < 0 ? -errno : n;
	} else {
		fd = real_open(sys, path, O_PATH | O_NOFOLLOW);
		if (fd < 0)
			return fd;
		n = readlinkat(fd, "", buf, size);
		/* readlinkat() on an O_PATH fd of anything but a link fails with ENOENT. */
		n = n < 0 ? (errno == ENOENT ? -EINVAL : -errno) : n;
		close(fd);
	}
	if (n < 0)
		return n;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return n;
}

static int stat_path(struct sys *sys, const char *path, struct stat *ret_st)
{
	const char *name = path;
	int fd = find_parent(sys, &name), ret;

	if (fd >= 0) {
		if (fstatat(fd, name, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		if (!S_ISLNK(ret_st->st_mode))
			return 0;
	}
	if (sys->root_is_slash)
		return stat(path, ret_st) < 0 ? -errno : 0;
	fd = real_open(sys, path, O_PATH);
	if (fd < 0)
		return fd;
	ret = fstat(fd, ret_st) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int real_mode(struct sys *sys, const char *path)
{
	struct stat st;
	int ret = stat_path(sys, path, &st);

	return ret < 0 ? ret : (int)st.st_mode;
}

/* AT_STATX_DONT_SYNC: a file on a file server that is gone would block for ever. */
int real_node(struct sys *sys, const char *path, dev_t *ret_number)
{
	int fd = AT_FDCWD, ret;
	struct statx stx;

	if (!sys->root_is_slash) {
		fd = real_open(sys, path, O_PATH);
		if (fd < 0)
			return fd;
		path = "";
	}
	ret = statx(fd, path, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &stx) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (ret)
		return ret;
	*ret_number = makedev(stx.stx_rdev_major, stx.stx_rdev_minor);
	return stx.stx_mode;
}

/* O_NONBLOCK: do not wait for a medium in the drive. */
int real_claim(struct sys *sys, const char *path, dev_t number)
{
	struct stat st;
	int fd, ret = 0;

	fd = real_open(sys, path, O_PATH);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		ret = -errno;
	else if (!S_ISBLK(st.st_mode) || st.st_rdev != number)
		ret = -ENXIO;
	close(fd);
	if (ret)
		return ret;
	fd = real_open(sys, path, O_RDONLY | O_EXCL | O_NONBLOCK);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

off_t real_size(struct sys *sys, const char *path)
{
	struct stat st;
	int ret = stat_path(sys, path, &st);

	return ret < 0 ? ret : st.st_size;
}

static int64_t nanoseconds(struct timespec at)
{
	return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

int real_stamp(struct sys *sys, const char *path, struct sys_stamp *ret_stamp)
{
	struct stat st;
	int ret = stat_path(sys, path, &st);

	if (ret < 0)
		return ret;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_stamp = (struct sys_stamp){
		.device = st.st_dev, .inode = st.st_ino, .size = st.st_size,
		.modified = nanoseconds(st.st_mtim), .changed = nanoseconds(st.st_ctim),
	};
	return 0;
}

/* A record of getdents64(2). A DIR of libc would need more system calls. */
struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t size;
	uint8_t type;
	char name[];
};

int real_list(struct sys *sys, const char *path,
	      int (*fn)(void *arg, const char *name), void *arg)
{
	union {
		struct entry entry;
		char bytes[8192];
	} buf;
	const struct entry *entry;
	long n, at;
	int fd, ret = 0;

	fd = real_open(sys, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	while (!ret) {
		n = syscall(SYS_getdents64, fd, &buf, sizeof(buf));
		if (n <= 0) {
			ret = n < 0 ? -errno : 0;
			break;
		}
		for (at = 0; !ret && at < n; at += entry->size) {
			entry = (const struct entry *)(buf.bytes + at);
			if (strcmp(entry->name, ".") != 0 &&
			    strcmp(entry->name, "..") != 0)
				ret = fn(arg, entry->name);
		}
	}
	close(fd);
	return ret;
}

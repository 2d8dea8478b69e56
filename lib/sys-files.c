/* SPDX-License-Identifier: GPL-2.0-only */
/* The real kernel: files, and our own directories. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys-real.h"

static bool is_near(const struct sys *sys, const char *path)
{
	return sys->near_fd >= 0 && strncmp(path, sys->near, sys->near_size) == 0;
}

int real_open(struct sys *sys, const char *path, int flags)
{
	/* openat2() refuses what O_PATH would ignore */
	const int more = O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY);
	struct open_how how = {
		.flags = (unsigned int)(flags | more),
		.mode = flags & O_CREAT ? 0600 : 0,
		.resolve = RESOLVE_IN_ROOT,
	};
	int dir = sys->root_fd;
	long fd;

	if (is_near(sys, path) && !(flags & O_CREAT)) {
		how.resolve = RESOLVE_BENEATH;
		fd = syscall(SYS_openat2, sys->near_fd, path + sys->near_size, &how,
			     sizeof(how));
		/* links may lead out of it, which is for the root to follow */
		if (fd >= 0 || (errno != EXDEV && errno != EAGAIN && errno != ENOSYS &&
				errno != EINTR))
			return fd < 0 ? -errno : (int)fd;
		how.resolve = RESOLVE_IN_ROOT;
	}
	/* What a user named as seen from where he is. */
	if (sys->root_is_slash && path[0] != '/') {
		dir = AT_FDCWD;
		how.resolve = 0;
	}
	do
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR) &&
	       !(flags & O_NONBLOCK));
	/* A seccomp filter may not know openat2; below "/" it adds nothing. */
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
	ssize_t n;
	int fd;

	if (is_near(sys, path) && !strchr(path + sys->near_size, '/')) {
		n = readlinkat(sys->near_fd, path + sys->near_size, buf, size);
		n = n < 0 ? -errno : n;
	} else if (sys->root_is_slash) {
		n = readlink(path, buf, size);
		n = n < 0 ? -errno : n;
	} else {
		fd = real_open(sys, path, O_PATH | O_NOFOLLOW);
		if (fd < 0)
			return fd;
		n = readlinkat(fd, "", buf, size);
		/* an O_PATH fd of anything but a link says ENOENT */
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
	int fd, ret;

	if (is_near(sys, path) && !strchr(path + sys->near_size, '/')) {
		if (fstatat(sys->near_fd, path + sys->near_size, ret_st,
			    AT_SYMLINK_NOFOLLOW) < 0)
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

off_t real_size(struct sys *sys, const char *path)
{
	struct stat st;
	int ret = stat_path(sys, path, &st);

	return ret < 0 ? ret : st.st_size;
}

/* The records of getdents64(2), which libc hides behind a DIR and more calls. */
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

int real_open_parent(struct sys *sys, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char dir[256];
	size_t len = (size_t)(slash - path);

	if (len >= sizeof(dir))
		return -ENAMETOOLONG;
	memcpy(dir, path, len);
	strcpy(dir + len, len ? "" : "/");
	*ret_name = slash + 1;
	return real_open(sys, dir, O_RDONLY | O_DIRECTORY);
}

int real_mkdir(struct sys *sys, const char *path)
{
	const char *name;
	struct stat st;
	int parent, fd, ret = 0;

	parent = real_open_parent(sys, path, &name);
	if (parent < 0)
		return parent;
	if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST) {
		ret = -errno;
		close(parent);
		return ret;
	}
	/* What was there already must be ours alone: not a link, not shared. */
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(parent);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		ret = -errno;
	else if (st.st_uid != geteuid())
		ret = -EPERM;
	else if ((st.st_mode & 077) && fchmod(fd, 0700) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

int real_replace(struct sys *sys, const char *path, const void *data,
			size_t size)
{
	mode_t others = 0;
	char temp[128];
	struct stat st;
	const char *name;
	int parent, fd, ret;

	parent = real_open_parent(sys, path, &name);
	if (parent < 0)
		return parent;
	/* Those who may list the directory may read what is in it. */
	if (fstat(parent, &st) == 0)
		others = st.st_mode & 0044;
	if (snprintf(temp, sizeof(temp), ".%s.new", name) >= (int)sizeof(temp)) {
		close(parent);
		return -ENAMETOOLONG;
	}
	unlinkat(parent, temp, 0);	/* left by a killed run */
	fd = openat(parent, temp,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		ret = -errno;
		close(parent);
		return ret;
	}
	ret = write_all(fd, data, size);
	if (!ret && others && fchmod(fd, 0600 | others) < 0)
		ret = -errno;
	if (!ret && fsync(fd) < 0)
		ret = -errno;
	if (close(fd) < 0 && !ret)
		ret = -errno;
	if (!ret && renameat(parent, temp, parent, name) < 0)
		ret = -errno;
	if (ret)
		unlinkat(parent, temp, 0);
	else if (fsync(parent) < 0)
		ret = -errno;
	close(parent);
	return ret;
}

int real_unlink(struct sys *sys, const char *path)
{
	const char *name;
	int parent, ret = 0;

	parent = real_open_parent(sys, path, &name);
	if (parent < 0)
		return parent;
	if (unlinkat(parent, name, 0) < 0)
		ret = -errno;
	close(parent);
	return ret;
}

int real_lock(struct sys *sys, const char *path)
{
	int fd, ret;

	fd = real_open(sys, path, O_RDWR | O_CREAT | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

int real_memfd(struct sys *sys, const char *name, const void *data,
		      size_t size)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	int fd, ret;

	(void)sys;
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	ret = write_all(fd, data, size);
	if (!ret && fcntl(fd, F_ADD_SEALS, seals) < 0)
		ret = -errno;
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

void real_sync(struct sys *sys)
{
	(void)sys;
	sync();
}

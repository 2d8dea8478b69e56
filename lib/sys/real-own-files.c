/* SPDX-License-Identifier: GPL-2.0-only */
/* The real kernel: vfio-lu's own directories, files, locks and sealed memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/real.h"

int real_open_parent(struct sys *sys, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char dir[256];
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (len >= sizeof(dir))
		return -ENAMETOOLONG;
	memcpy(dir, path, len);
	strcpy(dir + len, len ? "" : slash ? "/" : ".");
	*ret_name = slash ? slash + 1 : path;
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
	/* An existing directory must belong to this user alone, and not be a link. */
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
	/* rename() would put a file in the place of a device node or a FIFO */
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) || S_ISFIFO(st.st_mode))) {
		close(parent);
		return -EINVAL;
	}
	/* Users who may list the directory may read its files. */
	if (fstat(parent, &st) == 0)
		others = st.st_mode & 0044;
	if (snprintf(temp, sizeof(temp), ".%s.new", name) >= (int)sizeof(temp)) {
		close(parent);
		return -ENAMETOOLONG;
	}
	unlinkat(parent, temp, 0);	/* left by a killed process */
	fd = openat(parent, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
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

	/* A read-only context does not create the lock, and shares it with other readers. */
	fd = real_open(sys, path, sys->read_only ? O_RDONLY | O_NOFOLLOW :
		       O_RDWR | O_CREAT | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	if (flock(fd, (sys->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0) {
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

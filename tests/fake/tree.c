// SPDX-License-Identifier: GPL-2.0-only
/* Edits the tree that represents the file systems of the machine. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel.h"

void tree_mkdir(const char *path)
{
	char dir[PATH_SIZE];

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *p = strchr(dir, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(dir, 0755);
		*p = '/';
	}
	if (mkdir(dir, 0755) && errno != EEXIST)
		die("%s: %s", dir, strerror(errno));
}

static void parent_make(const char *path)
{
	char dir[PATH_SIZE];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash) {
		*slash = '\0';
		tree_mkdir(dir);
	}
}

static void store(const char *path, int flags, const void *data, size_t size)
{
	int fd;

	parent_make(path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

void tree_write_bytes(const char *path, const void *data, size_t size)
{
	store(path, O_TRUNC, data, size);
}

void tree_write(const char *path, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tree_write_bytes(path, text, strlen(text));
}

void tree_append(const char *path, const char *text)
{
	store(path, O_APPEND, text, strlen(text));
}

void tree_symlink(const char *path, const char *text)
{
	parent_make(path);
	unlink(path);
	if (symlink(text, path))
		die("%s: %s", path, strerror(errno));
}

void tree_link(const char *path, const char *target)
{
	char text[2 * PATH_SIZE] = "";
	const char *p = strchr(path, '/');

	/* Both are in sysfs, whose links do not leave it. */
	for (p = strchr(p + 1, '/'); p; p = strchr(p + 1, '/'))
		strcat(text, "../");
	strcat(text, target + strlen("sys/"));
	tree_symlink(path, text);
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void tree_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_below(const char *name)
{
	tree_remove(name);
}

void tree_clear(const char *path)
{
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (here >= 0 && !chdir(path)) {
		tree_each(".", remove_below);
		if (fchdir(here))
			die("cannot go back: %s", strerror(errno));
	}
	if (here >= 0)
		close(here);
}

bool tree_exists(const char *path)
{
	char real[PATH_SIZE];

	return tree_real(path, real, sizeof(real)) == 0;
}

size_t tree_read_bytes(const char *path, void *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, buf, size);
	close(fd);
	return n < 0 ? 0 : (size_t)n;
}

bool tree_read(const char *path, char *buf, size_t size)
{
	size_t n = tree_read_bytes(path, buf, size - 1);

	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return n > 0;
}

int tree_real(const char *path, char *buf, size_t size)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT,
	};
	char link[64], text[4096], root[4096];
	ssize_t n;
	int fd;

	/* EAGAIN: somewhere in the system something was renamed meanwhile */
	do
		fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, text, sizeof(text) - 1);
	close(fd);
	if (n < 0 || !getcwd(root, sizeof(root)))
		return -EIO;
	text[n] = '\0';
	snprintf(buf, size, "%s", text + strlen(root) + (text[strlen(root)] == '/'));
	return 0;
}

void tree_each(const char *path, void (*fn)(const char *name))
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (strcmp(names[i]->d_name, ".") && strcmp(names[i]->d_name, ".."))
			fn(names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out-file.h"

/* How often, and how long each time (us), to wait for the reader of a FIFO: two seconds. */
#define READER_TRIES	20
#define READER_WAIT	100000

/* Can a file be made in the directory of the path? */
static int look_at_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[4096];

	if (!path[0])
		return -ENOENT;
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	return faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

/* Refuses a block device, so that no output overwrites a disk. */
static int look_at_kind(struct out_file *file)
{
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return !S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode) ? -EINVAL :
		       fcntl(file->fd, F_SETFL, 0) < 0 ? -errno : 0;
	/* another process may replace it meanwhile */
	close(file->fd);
	file->fd = -1;
	return 0;
}

int out_file_begin(struct out_file *file, const char *path)
{
	int ret, tries = READER_TRIES;

	file->path = path;
	/* O_NONBLOCK: the reader of a FIFO may never come */
	do
		file->fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	while (file->fd < 0 && errno == ENXIO && --tries && usleep(READER_WAIT) == 0);
	if (file->fd < 0)
		return errno == ENOENT ? look_at_parent(path) : -errno;
	ret = look_at_kind(file);
	if (ret && file->fd >= 0)
		close(file->fd);
	return ret;
}

int out_file_end(struct out_file *file, const char *text)
{
	size_t size = strlen(text);
	ssize_t n = 0;
	int ret = 0;

	if (file->fd < 0)
		file->fd = open(file->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (file->fd < 0)
		return -errno;
	for (; !ret && size; text += n, size -= (size_t)n) {
		n = write(file->fd, text, size);
		if (n < 0) {
			ret = errno == EINTR ? 0 : -errno;
			n = 0;
		}
	}
	return close(file->fd) < 0 && !ret ? -errno : ret;
}

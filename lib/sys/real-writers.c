/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real kernel: child processes make writes that may block. A child that is done waits
 * for the next write, because starting a child takes longer than most writes. A child
 * that is stuck in the kernel is left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/real.h"

#define REQUEST_MAX	1024	/* a path, its NUL, and the data */

struct writer {
	pid_t pid;
	int fd;
	bool busy;
};

struct writers {
	size_t n;
	struct writer at[];
};

/* ---------------------------------------------------------------- in a child */

/*
 * The child may be stuck in the kernel for days. It must not keep the lock, the output or
 * the device files open.
 */
static void close_others(int *keep, size_t n)
{
	size_t i, j;
	int fd, next = 3;

	for (i = 0; i < n; i++) {
		for (j = i + 1; j < n; j++)
			if (keep[j] < keep[i]) {
				fd = keep[i];
				keep[i] = keep[j];
				keep[j] = fd;
			}
		if (keep[i] > next)
			close_range((unsigned int)next, (unsigned int)keep[i] - 1, 0);
		if (keep[i] >= next)
			next = keep[i] + 1;
	}
	close_range((unsigned int)next, ~0U, 0);
}

static ssize_t do_write(struct sys *sys, const char *request, size_t size)
{
	size_t path = strlen(request) + 1;
	ssize_t n;
	int fd, ret;

	fd = sys_open(sys, request, O_WRONLY);
	if (fd < 0)
		return fd;
	n = sys_write(sys, fd, request + path, size - path);
	ret = sys_close(sys, fd);
	return n < 0 || !ret ? n : ret;
}

static void __attribute__((noreturn)) serve(struct sys *sys, int keep, int fd, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char request[REQUEST_MAX + 1];
	ssize_t n;

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	/* a signal from the parent's terminal is not for the child */
	setsid();
	sys_view(sys, sys);
	close_others((int[]){ sys->root_fd, keep, fd }, 3);
	/* if the parent was killed, another vfio-lu may be running already: do not write any more */
	while ((n = recv(fd, request, REQUEST_MAX, 0)) > 0 && getppid() == parent) {
		request[n] = '\0';
		n = do_write(sys, request, (size_t)n);
		/* the parent may have ended */
		if (send(fd, &n, sizeof(n), MSG_NOSIGNAL) != sizeof(n))
			break;
	}
	_exit(0);
}

/* ---------------------------------------------------------------- the others */

static struct writer *find_idle(struct sys *sys)
{
	size_t i;

	for (i = 0; sys->writers && i < sys->writers->n; i++)
		if (!sys->writers->at[i].busy)
			return &sys->writers->at[i];
	return NULL;
}

static struct writer *find_fd(struct sys *sys, int fd)
{
	size_t i;

	for (i = 0; sys->writers && i < sys->writers->n; i++)
		if (sys->writers->at[i].fd == fd)
			return &sys->writers->at[i];
	return NULL;
}

static void forget(struct sys *sys, struct writer *writer)
{
	close(writer->fd);
	*writer = sys->writers->at[--sys->writers->n];
}

static int add_writer(struct sys *sys, int keep, struct writer **ret_writer)
{
	size_t n = sys->writers ? sys->writers->n : 0;
	struct writers *more;
	pid_t pid, parent = getpid();
	int pair[2];

	more = realloc(sys->writers, sizeof(*more) + (n + 1) * sizeof(more->at[0]));
	if (!more)
		return -ENOMEM;
	more->n = n;
	sys->writers = more;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		serve(sys, keep, pair[1], parent);
	if (pid < 0) {
		pid = -errno;
		close(pair[0]);
		close(pair[1]);
		return pid;
	}
	close(pair[1]);
	*ret_writer = &more->at[more->n++];
	**ret_writer = (struct writer){ .pid = pid, .fd = pair[0] };
	return 0;
}

int writer_start(struct sys *sys, int keep, const char *path, const void *data,
		 size_t size, pid_t *ret_pid)
{
	struct iovec iov[2] = {
		{ .iov_base = (void *)path, .iov_len = strlen(path) + 1 },
		{ .iov_base = (void *)data, .iov_len = size },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct writer *writer = find_idle(sys);
	int ret;

	if (iov[0].iov_len + size > REQUEST_MAX)
		return -ENAMETOOLONG;
	if (!writer) {
		ret = add_writer(sys, keep, &writer);
		if (ret)
			return ret;
	}
	if (sendmsg(writer->fd, &msg, MSG_NOSIGNAL) < 0) {
		ret = -errno;
		forget(sys, writer);
		return ret;
	}
	writer->busy = true;
	*ret_pid = writer->pid;
	return writer->fd;
}

int real_write_start(struct sys *sys, const char *path, const void *data,
		     size_t size, pid_t *ret_pid)
{
	return writer_start(sys, -1, path, data, size, ret_pid);
}

ssize_t real_write_end(struct sys *sys, int fd)
{
	struct writer *writer = find_fd(sys, fd);
	ssize_t result, n;

	if (!writer)
		return -EBADF;
	do
		n = recv(fd, &result, sizeof(result), 0);
	while (n < 0 && errno == EINTR);
	writer->busy = false;
	if (n == sizeof(result))
		return result;
	/* the child was killed before it answered */
	waitpid(writer->pid, NULL, 0);
	forget(sys, writer);
	return -EIO;
}

void real_write_leave(struct sys *sys, int fd)
{
	struct writer *writer = find_fd(sys, fd);

	if (writer)
		forget(sys, writer);
}

void real_writers_end(struct sys *sys)
{
	struct writer *writer;
	bool waits;
	pid_t pid;

	while (sys->writers && sys->writers->n) {
		writer = &sys->writers->at[0];
		pid = writer->pid;
		waits = !writer->busy;
		forget(sys, writer);
		/* the child ends when its socket closes */
		while (waits && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(sys->writers);
	sys->writers = NULL;
}

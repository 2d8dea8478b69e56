/* SPDX-License-Identifier: GPL-2.0-only */
/* The real kernel: Unix sockets that carry files. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/real.h"

/* Makes a socket address below root_fd, through /proc/self/fd to keep it short. */
static int socket_address(struct sys *sys, const char *path, int *ret_parent,
			  struct sockaddr_un *ret_addr)
{
	const char *name;
	int parent;

	parent = real_open_parent(sys, path, &name);
	if (parent < 0)
		return parent;
	memset(ret_addr, 0, sizeof(*ret_addr));
	ret_addr->sun_family = AF_UNIX;
	if (snprintf(ret_addr->sun_path, sizeof(ret_addr->sun_path),
		     "/proc/self/fd/%d/%s", parent, name) >=
	    (int)sizeof(ret_addr->sun_path)) {
		close(parent);
		return -ENAMETOOLONG;
	}
	*ret_parent = parent;
	return 0;
}

int real_listen(struct sys *sys, const char *path)
{
	struct sockaddr_un addr;
	mode_t mask;
	int parent, fd, ret;

	ret = socket_address(sys, path, &parent, &addr);
	if (ret)
		return ret;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		ret = -errno;
		close(parent);
		return ret;
	}
	unlink(addr.sun_path);	/* left by a holder that died */
	mask = umask(0177);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(fd, 64) < 0)
		ret = -errno;
	umask(mask);
	close(parent);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

int real_connect(struct sys *sys, const char *path)
{
	struct sockaddr_un addr;
	int parent, fd, ret;

	ret = socket_address(sys, path, &parent, &addr);
	if (ret)
		return ret;
	/* A listener with a full queue gives -EAGAIN instead of an endless wait. */
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		ret = -errno;
	else if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		ret = -errno;
	close(parent);
	if (ret) {
		if (fd >= 0)
			close(fd);
		return ret;
	}
	return fd;
}

int real_accept(struct sys *sys, int fd, pid_t *ret_pid, uid_t *ret_uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int conn, ret;

	(void)sys;
	conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (conn < 0)
		return -errno;
	if (getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0) {
		ret = -errno;
		close(conn);
		return ret;
	}
	*ret_pid = cred.pid;
	*ret_uid = cred.uid;
	return conn;
}

union fd_message {
	struct cmsghdr header;
	char space[CMSG_SPACE(SYS_FILES * sizeof(int))];
};

ssize_t real_send(struct sys *sys, int fd, const void *buf, size_t size, const int *fds,
		  size_t n_fds)
{
	union fd_message control = { 0 };
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	(void)sys;
	if (n_fds > SYS_FILES)
		return -EINVAL;
	if (n_fds) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	}
	n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

ssize_t real_recv(struct sys *sys, int fd, void *buf, size_t size, int *fds, size_t *n_fds)
{
	union fd_message control = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control.space),
	};
	size_t got = 0, i;
	int came[SYS_FILES];
	struct cmsghdr *c;
	ssize_t n;

	(void)sys;
	n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		got = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(came, CMSG_DATA(c), got * sizeof(int));
	}
	if (got > *n_fds || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		for (i = 0; i < got; i++)
			close(came[i]);
		return -EMSGSIZE;
	}
	memcpy(fds, came, got * sizeof(int));
	*n_fds = got;
	return n;
}

int real_wait(struct sys *sys, const int *fds, size_t nfds, int msec)
{
	struct pollfd polls[64];
	size_t i;
	int ret;

	(void)sys;
	if (nfds > sizeof(polls) / sizeof(polls[0]))
		return -EINVAL;
	for (i = 0; i < nfds; i++)
		polls[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	ret = poll(polls, nfds, msec);
	if (ret < 0)
		return -errno;
	for (i = 0; i < nfds; i++)
		if (polls[i].revents)
			return (int)i;
	return -ETIMEDOUT;
}

int real_pipe(struct sys *sys, int ret_ends[2])
{
	(void)sys;
	return pipe2(ret_ends, O_CLOEXEC) < 0 ? -errno : 0;
}

/* Finds the socket as sd_notify(3) does. It is not below root_fd. */
int real_notify_socket(struct sys *sys)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd, ret;

	(void)sys;
	if (len < 2 || len >= sizeof(addr.sun_path) || !strchr("/@", *path))
		return -ENOENT;
	memcpy(addr.sun_path, path, len);
	if (*path == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	len += offsetof(struct sockaddr_un, sun_path) + (*path == '/');
	if (connect(fd, (struct sockaddr *)&addr, (socklen_t)len) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

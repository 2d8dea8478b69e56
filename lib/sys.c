/* SPDX-License-Identifier: GPL-2.0-only */
/* The gate in front of the boundary, and the boundary to the real kernel. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module.h"
#include "sys.h"

/* ---------------------------------------------------------------- the gate */

int sys_init(struct sys *sys, const struct sys_ops *ops, const char *root)
{
	sys->ops = ops;
	sys->read_only = false;
	sys->root_is_slash = strcmp(root, "/") == 0;
	sys->root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return sys->root_fd < 0 ? -errno : 0;
}

void sys_exit(struct sys *sys)
{
	if (sys->root_fd >= 0)
		close(sys->root_fd);
	sys->root_fd = -1;
}

/*
 * Device nodes act on being opened: /dev/liveupdate deserializes, a vfio file
 * resets. The kernel log is the one that only tells.
 */
static bool opens_harmlessly(const char *path)
{
	return strncmp(path, "/dev/", 5) != 0 || strcmp(path, "/dev/kmsg") == 0;
}

int sys_open(struct sys *sys, const char *path, int flags)
{
	if (sys->read_only &&
	    ((flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != O_RDONLY ||
	     !opens_harmlessly(path)))
		return -EPERM;
	return sys->ops->open(sys, path, flags);
}

ssize_t sys_read(struct sys *sys, int fd, void *buf, size_t size)
{
	return sys->ops->read(sys, fd, buf, size);
}

ssize_t sys_pread(struct sys *sys, int fd, void *buf, size_t size, off_t offset)
{
	return sys->ops->pread(sys, fd, buf, size, offset);
}

ssize_t sys_write(struct sys *sys, int fd, const void *buf, size_t size)
{
	return sys->read_only ? -EPERM : sys->ops->write(sys, fd, buf, size);
}

int sys_close(struct sys *sys, int fd)
{
	return fd < 0 ? 0 : sys->ops->close(sys, fd);
}

int sys_ioctl(struct sys *sys, int fd, unsigned long request, void *arg)
{
	return sys->read_only ? -EPERM : sys->ops->ioctl(sys, fd, request, arg);
}

ssize_t sys_readlink(struct sys *sys, const char *path, char *buf, size_t size)
{
	return sys->ops->readlink(sys, path, buf, size);
}

int sys_mode(struct sys *sys, const char *path)
{
	return sys->ops->mode(sys, path);
}

bool sys_exists(struct sys *sys, const char *path)
{
	return sys_mode(sys, path) >= 0;
}

int sys_list(struct sys *sys, const char *path,
	     int (*fn)(void *arg, const char *name), void *arg)
{
	return sys->ops->list(sys, path, fn, arg);
}

int sys_mkdir(struct sys *sys, const char *path)
{
	return sys->read_only ? -EPERM : sys->ops->mkdir(sys, path);
}

int sys_replace(struct sys *sys, const char *path, const void *data, size_t size)
{
	return sys->read_only ? -EPERM : sys->ops->replace(sys, path, data, size);
}

int sys_unlink(struct sys *sys, const char *path)
{
	return sys->read_only ? -EPERM : sys->ops->unlink(sys, path);
}

int sys_lock(struct sys *sys, const char *path)
{
	return sys->read_only ? -EPERM : sys->ops->lock(sys, path);
}

int sys_memfd(struct sys *sys, const char *name, const void *data, size_t size)
{
	return sys->read_only ? -EPERM : sys->ops->memfd(sys, name, data, size);
}

int sys_listen(struct sys *sys, const char *path)
{
	return sys->read_only ? -EPERM : sys->ops->listen(sys, path);
}

int sys_connect(struct sys *sys, const char *path)
{
	return sys->ops->connect(sys, path);
}

int sys_accept(struct sys *sys, int fd, pid_t *ret_pid, uid_t *ret_uid)
{
	return sys->ops->accept(sys, fd, ret_pid, ret_uid);
}

ssize_t sys_send(struct sys *sys, int fd, const void *buf, size_t size,
		 int pass_fd)
{
	/* Asking the holder what it has changes nothing; all else may. */
	if (sys->read_only &&
	    (pass_fd >= 0 || size < 5 || memcmp(buf, "list ", 5) != 0))
		return -EPERM;
	return sys->ops->send(sys, fd, buf, size, pass_fd);
}

ssize_t sys_recv(struct sys *sys, int fd, void *buf, size_t size, int *ret_fd)
{
	return sys->ops->recv(sys, fd, buf, size, ret_fd);
}

int sys_wait(struct sys *sys, const int *fds, size_t nfds, int msec)
{
	return sys->ops->wait(sys, fds, nfds, msec);
}

int sys_spawn(struct sys *sys, const char *file, char *const argv[],
	      enum sys_spawn how, char *text, size_t text_size)
{
	return sys->read_only ? -EPERM :
	       sys->ops->spawn(sys, file, argv, how, text, text_size);
}

int sys_load_module(struct sys *sys, const char *name)
{
	return sys->read_only ? -EPERM : sys->ops->load_module(sys, name);
}

int sys_reap(struct sys *sys, pid_t pid)
{
	return sys->ops->reap(sys, pid);
}

uid_t sys_euid(struct sys *sys)
{
	return sys->ops->euid(sys);
}

/* --------------------------------------------------------- the real kernel */

static int real_open(struct sys *sys, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned int)flags | O_CLOEXEC | O_NOCTTY,
		.mode = flags & O_CREAT ? 0600 : 0,
		.resolve = RESOLVE_IN_ROOT,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, sys->root_fd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR) &&
	       !(flags & O_NONBLOCK));
	/* A seccomp filter may not know openat2; below "/" it adds nothing. */
	if (fd < 0 && errno == ENOSYS && sys->root_is_slash)
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);
	return fd < 0 ? -errno : (int)fd;
}

static ssize_t real_read(struct sys *sys, int fd, void *buf, size_t size)
{
	ssize_t n;

	(void)sys;
	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t real_pread(struct sys *sys, int fd, void *buf, size_t size,
			  off_t offset)
{
	ssize_t n;

	(void)sys;
	do
		n = pread(fd, buf, size, offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t real_write(struct sys *sys, int fd, const void *buf, size_t size)
{
	ssize_t n;

	(void)sys;
	do
		n = write(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int real_close(struct sys *sys, int fd)
{
	(void)sys;
	return close(fd) < 0 ? -errno : 0;
}

static int real_ioctl(struct sys *sys, int fd, unsigned long request, void *arg)
{
	int ret;

	(void)sys;
	ret = ioctl(fd, request, arg);
	return ret < 0 ? -errno : ret;
}

static ssize_t real_readlink(struct sys *sys, const char *path, char *buf,
			     size_t size)
{
	ssize_t n;
	int fd;

	if (sys->root_is_slash) {
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

static int real_mode(struct sys *sys, const char *path)
{
	struct stat st;
	int fd, ret;

	if (sys->root_is_slash)
		return stat(path, &st) < 0 ? -errno : (int)st.st_mode;
	fd = real_open(sys, path, O_PATH);
	if (fd < 0)
		return fd;
	ret = fstat(fd, &st) < 0 ? -errno : (int)st.st_mode;
	close(fd);
	return ret;
}

static int real_list(struct sys *sys, const char *path,
		     int (*fn)(void *arg, const char *name), void *arg)
{
	struct dirent *entry;
	DIR *dir;
	int fd, ret = 0;

	fd = real_open(sys, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		ret = -errno;
		close(fd);
		return ret;
	}
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		ret = fn(arg, entry->d_name);
		if (ret)
			break;
	}
	if (!entry && errno)
		ret = -errno;
	closedir(dir);
	return ret;
}

/* The directory of path, and its last component in *ret_name. */
static int open_parent(struct sys *sys, const char *path, const char **ret_name)
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

static int real_mkdir(struct sys *sys, const char *path)
{
	const char *name;
	struct stat st;
	int parent, fd, ret = 0;

	parent = open_parent(sys, path, &name);
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

static int real_replace(struct sys *sys, const char *path, const void *data,
			size_t size)
{
	char temp[128];
	const char *name;
	int parent, fd, ret;

	parent = open_parent(sys, path, &name);
	if (parent < 0)
		return parent;
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

static int real_unlink(struct sys *sys, const char *path)
{
	const char *name;
	int parent, ret = 0;

	parent = open_parent(sys, path, &name);
	if (parent < 0)
		return parent;
	if (unlinkat(parent, name, 0) < 0)
		ret = -errno;
	close(parent);
	return ret;
}

static int real_lock(struct sys *sys, const char *path)
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

static int real_memfd(struct sys *sys, const char *name, const void *data,
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

/* A socket path below root_fd; /proc/self/fd keeps it short and inside. */
static int socket_address(struct sys *sys, const char *path, int *ret_parent,
			  struct sockaddr_un *ret_addr)
{
	const char *name;
	int parent;

	parent = open_parent(sys, path, &name);
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

static int real_listen(struct sys *sys, const char *path)
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
	unlink(addr.sun_path);	/* of a holder that died */
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

static int real_connect(struct sys *sys, const char *path)
{
	struct sockaddr_un addr;
	int parent, fd, ret;

	ret = socket_address(sys, path, &parent, &addr);
	if (ret)
		return ret;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
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

static int real_accept(struct sys *sys, int fd, pid_t *ret_pid, uid_t *ret_uid)
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
	char space[CMSG_SPACE(sizeof(int))];
};

static ssize_t real_send(struct sys *sys, int fd, const void *buf, size_t size,
			 int pass_fd)
{
	union fd_message control = { 0 };
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	(void)sys;
	if (pass_fd >= 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &pass_fd, sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.space);
	}
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static ssize_t real_recv(struct sys *sys, int fd, void *buf, size_t size,
			 int *ret_fd)
{
	union fd_message control = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *c;
	int got = -1;
	ssize_t n;

	(void)sys;
	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&got, CMSG_DATA(c), sizeof(int));
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		if (got >= 0)
			close(got);
		return -EMSGSIZE;
	}
	*ret_fd = got;
	return n;
}

static int real_wait(struct sys *sys, const int *fds, size_t nfds, int msec)
{
	struct pollfd polls[64];
	size_t i;
	int ret;

	(void)sys;
	if (nfds > sizeof(polls) / sizeof(polls[0]))
		return -EINVAL;
	for (i = 0; i < nfds; i++)
		polls[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	do
		ret = poll(polls, nfds, msec);
	while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;
	for (i = 0; i < nfds; i++)
		if (polls[i].revents)
			return (int)i;
	return -ETIMEDOUT;
}

/* In the child: no search of a PATH that somebody else may have set. */
static void exec_child(const char *file, char *const argv[])
{
	static const char *const dirs[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin" };
	char path[256];
	size_t i;

	if (!file) {
		execv("/proc/self/exe", argv);
		return;
	}
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (snprintf(path, sizeof(path), "%s/%s", dirs[i], file) <
		    (int)sizeof(path))
			execv(path, argv);
	}
}

static int collect(int fd, char *text, size_t size)
{
	size_t used = 0;
	char rest[256];
	ssize_t n;

	for (;;) {
		if (text && used + 1 < size)
			n = read(fd, text + used, size - 1 - used);
		else
			n = read(fd, rest, sizeof(rest));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (text && used + 1 < size)
			used += (size_t)n;
	}
	if (text && size)
		text[used] = '\0';
	return 0;
}

static int real_spawn(struct sys *sys, const char *file, char *const argv[],
		      enum sys_spawn how, char *text, size_t text_size)
{
	int pipes[2] = { -1, -1 };
	int status, null;
	pid_t pid;

	(void)sys;
	if (how == SYS_SPAWN_WAIT && pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		status = -errno;
		if (pipes[0] >= 0) {
			close(pipes[0]);
			close(pipes[1]);
		}
		return status;
	}
	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(how == SYS_SPAWN_WAIT ? pipes[1] : null, 1);
		dup2(how == SYS_SPAWN_WAIT ? pipes[1] : null, 2);
		if (null > 2)
			close(null);
		if (how == SYS_SPAWN_DETACH && (setsid() < 0 || chdir("/") < 0))
			_exit(126);
		exec_child(file, argv);
		_exit(127);
	}
	if (how == SYS_SPAWN_DETACH)
		return pid;
	close(pipes[1]);
	collect(pipes[0], text, text_size);
	close(pipes[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int real_reap(struct sys *sys, pid_t pid)
{
	int status;
	pid_t got;

	(void)sys;
	got = waitpid(pid, &status, WNOHANG);
	if (got < 0)
		return -errno;
	if (got == 0)
		return -EAGAIN;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int real_load_module(struct sys *sys, const char *name)
{
	(void)sys;
	return module_load(name);
}

static uid_t real_euid(struct sys *sys)
{
	(void)sys;
	return geteuid();
}

const struct sys_ops sys_real_ops = {
	.open = real_open,
	.read = real_read,
	.pread = real_pread,
	.write = real_write,
	.close = real_close,
	.ioctl = real_ioctl,
	.readlink = real_readlink,
	.mode = real_mode,
	.list = real_list,
	.mkdir = real_mkdir,
	.replace = real_replace,
	.unlink = real_unlink,
	.lock = real_lock,
	.memfd = real_memfd,
	.listen = real_listen,
	.connect = real_connect,
	.accept = real_accept,
	.send = real_send,
	.recv = real_recv,
	.wait = real_wait,
	.spawn = real_spawn,
	.load_module = real_load_module,
	.reap = real_reap,
	.euid = real_euid,
};

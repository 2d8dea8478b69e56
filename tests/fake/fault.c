// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/luo.h"
#include "client.h"
#include "fault.h"

#define SHORT	1000000		/* not an errno: write only half of it */

static unsigned long calls, fault_at;
static int fault_errno;
static char fired_in[512];
static int fds_at_start;

static const struct { const char *name; int number; } errnos[] = {
	{ "EIO", EIO }, { "EBUSY", EBUSY }, { "ENODEV", ENODEV },
	{ "ENOENT", ENOENT }, { "EINTR", EINTR }, { "ENOSPC", ENOSPC },
	{ "EACCES", EACCES }, { "EPERM", EPERM }, { "EINVAL", EINVAL },
	{ "ENOMEM", ENOMEM }, { "EMFILE", EMFILE }, { "EAGAIN", EAGAIN },
	{ "EEXIST", EEXIST }, { "ENOTTY", ENOTTY }, { "E2BIG", E2BIG },
	{ "EPIPE", EPIPE }, { "EBADF", EBADF }, { "ETIMEDOUT", ETIMEDOUT },
	{ "EROFS", EROFS }, { "SHORT", SHORT },
};

static const char *errno_name(int number)
{
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
		if (errnos[i].number == number)
			return errnos[i].name;
	return "another errno";
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -3;	/* "." and "..", and the directory's own */

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* ------------------------------------------------------------------ the log */

static void append(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

/* "write unbind 0000:01:00.0 = 0": one line a change, the same each time. */
static void note(long ret, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void note(long ret, const char *fmt, ...)
{
	const char *file = getenv("FAKE_LOG");
	char line[1200];
	va_list ap;
	size_t n;

	if (!file)
		return;
	va_start(ap, fmt);
	vsnprintf(line, 1000, fmt, ap);
	va_end(ap);
	for (char *p = line; *p; p++)
		if (*p == '\n')
			*p = ' ';
	n = strlen(line);
	if (ret < 0)
		snprintf(line + n, sizeof(line) - n, " = %s\n", errno_name((int)-ret));
	else
		snprintf(line + n, sizeof(line) - n, "\n");
	append(file, line);
}

/* "driver_override 0000:01:00.0" of ".../0000:01:00.0/driver_override" */
static const char *attribute(const char *path, char *buf, size_t size)
{
	const char *base = strrchr(path, '/'), *dir;

	if (strncmp(path, "/sys/", 5) || !base)
		return path;
	for (dir = base; dir > path && dir[-1] != '/'; dir--)
		;
	/* the unbind of a device's driver: name the device */
	if (base - dir == 6 && strncmp(dir, "driver", 6) == 0)
		snprintf(buf, size, "%s", base + 1);
	else if (strcmp(base + 1, "drivers_probe") == 0)
		snprintf(buf, size, "drivers_probe");
	else
		snprintf(buf, size, "%s %.*s", base + 1, (int)(base - dir), dir);
	return buf;
}

/* ---------------------------------------------------------------- the fault */

/* Counts the call; true when it is the one to fail. */
static bool strikes(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static bool strikes(const char *fmt, ...)
{
	va_list ap;

	if (++calls != fault_at)
		return false;
	va_start(ap, fmt);
	vsnprintf(fired_in, sizeof(fired_in), fmt, ap);
	va_end(ap);
	return true;
}

static int fault_open(struct sys *sys, const char *path, int flags)
{
	int ret = strikes("open %s", path) ? -fault_errno : fake_ops.open(sys, path, flags);

	if (strncmp(path, "/dev/", 5) == 0 && strcmp(path, "/dev/kmsg"))
		note(ret, "open %s", path);
	return ret;
}

static ssize_t fault_read(struct sys *sys, int fd, void *buf, size_t size)
{
	if (strikes("read %s", fake_path(fd)))
		return -fault_errno;
	return fake_ops.read(sys, fd, buf, size);
}

static ssize_t fault_pread(struct sys *sys, int fd, void *buf, size_t size,
			   off_t offset)
{
	if (strikes("pread %s", fake_path(fd)))
		return -fault_errno;
	return fake_ops.pread(sys, fd, buf, size, offset);
}

static ssize_t fault_write(struct sys *sys, int fd, const void *buf, size_t size)
{
	char what[256];
	ssize_t ret;

	if (!strikes("write %s", fake_path(fd)))
		ret = fake_ops.write(sys, fd, buf, size);
	else if (fault_errno == SHORT)
		ret = (ssize_t)(size / 2);	/* and nothing came of it */
	else
		ret = -fault_errno;
	note(ret, "write %s %.*s", attribute(fake_path(fd), what, sizeof(what)),
	     (int)size, (const char *)buf);
	return ret;
}

static int fault_close(struct sys *sys, int fd)
{
	bool strike = strikes("close %s", fake_path(fd));
	int ret = fake_ops.close(sys, fd);

	/* An fd is gone even if close() says that something went wrong. */
	return strike ? -fault_errno : ret;
}

static const char *request_name(unsigned long request)
{
	switch (request) {
	case LIVEUPDATE_IOCTL_CREATE_SESSION:
		return "CREATE_SESSION";
	case LIVEUPDATE_IOCTL_RETRIEVE_SESSION:
		return "RETRIEVE_SESSION";
	case LIVEUPDATE_SESSION_PRESERVE_FD:
		return "PRESERVE_FD";
	case LIVEUPDATE_SESSION_RETRIEVE_FD:
		return "RETRIEVE_FD";
	case LIVEUPDATE_SESSION_FINISH:
		return "FINISH";
	case VFIO_DEVICE_BIND_IOMMUFD:
		return "BIND_IOMMUFD";
	case VFIO_DEVICE_SET_IRQS:
		return "SET_IRQS";
	case VFIO_DEVICE_RESET:
		return "RESET";
	default:
		return NULL;
	}
}

static int fault_ioctl(struct sys *sys, int fd, unsigned long request, void *arg)
{
	const char *name = request_name(request);
	unsigned long long token = 0;
	int ret;

	if (request == LIVEUPDATE_SESSION_PRESERVE_FD ||
	    request == LIVEUPDATE_SESSION_RETRIEVE_FD)
		token = ((struct liveupdate_session_preserve_fd *)arg)->token;
	if (strikes("ioctl %s", name ? name : "of another kind"))
		ret = -fault_errno;
	else
		ret = fake_ops.ioctl(sys, fd, request, arg);
	if (!name)
		return ret;	/* the others only ask */
	if (request == LIVEUPDATE_IOCTL_CREATE_SESSION ||
	    request == LIVEUPDATE_IOCTL_RETRIEVE_SESSION)
		note(ret, "ioctl %s %.64s", name,
		     (const char *)((struct liveupdate_ioctl_create_session *)arg)->name);
	else if (request == LIVEUPDATE_SESSION_PRESERVE_FD ||
		 request == LIVEUPDATE_SESSION_RETRIEVE_FD)
		note(ret, "ioctl %s %#llx", name, token);
	else
		note(ret, "ioctl %s", name);
	return ret;
}

static ssize_t fault_readlink(struct sys *sys, const char *path, char *buf,
			      size_t size)
{
	return strikes("readlink %s", path) ? -fault_errno :
	       fake_ops.readlink(sys, path, buf, size);
}

static int fault_mode(struct sys *sys, const char *path)
{
	return strikes("mode %s", path) ? -fault_errno : fake_ops.mode(sys, path);
}

static int fault_list(struct sys *sys, const char *path,
		      int (*fn)(void *arg, const char *name), void *arg)
{
	return strikes("list %s", path) ? -fault_errno : fake_ops.list(sys, path, fn, arg);
}

static int fault_mkdir(struct sys *sys, const char *path)
{
	int ret = strikes("mkdir %s", path) ? -fault_errno : sys_real_ops.mkdir(sys, path);

	note(ret, "mkdir %s", path);
	return ret;
}

static int fault_replace(struct sys *sys, const char *path, const void *data,
			 size_t size)
{
	int ret = strikes("replace %s", path) ? -fault_errno :
		  sys_real_ops.replace(sys, path, data, size);

	note(ret, "replace %s", path);
	return ret;
}

static int fault_unlink(struct sys *sys, const char *path)
{
	int ret = strikes("unlink %s", path) ? -fault_errno : sys_real_ops.unlink(sys, path);

	note(ret, "unlink %s", path);
	return ret;
}

static int fault_lock(struct sys *sys, const char *path)
{
	return strikes("lock %s", path) ? -fault_errno : sys_real_ops.lock(sys, path);
}

/* The child's own calls are those that fail. */
static int fault_write_start(struct sys *sys, const char *path, const void *data,
			     size_t size, pid_t *ret_pid)
{
	return fake_ops.write_start(sys, path, data, size, ret_pid);
}

static ssize_t fault_write_end(struct sys *sys, int fd)
{
	return fake_ops.write_end(sys, fd);
}

static void fault_write_leave(struct sys *sys, int fd)
{
	fake_ops.write_leave(sys, fd);
}

static int fault_memfd(struct sys *sys, const char *name, const void *data,
		       size_t size)
{
	return strikes("memfd %s", name) ? -fault_errno :
	       sys_real_ops.memfd(sys, name, data, size);
}

static int fault_listen(struct sys *sys, const char *path)
{
	int ret = strikes("listen %s", path) ? -fault_errno : sys_real_ops.listen(sys, path);

	note(ret, "listen %s", path);
	return ret;
}

static int fault_connect(struct sys *sys, const char *path)
{
	return strikes("connect %s", path) ? -fault_errno : sys_real_ops.connect(sys, path);
}

static int fault_accept(struct sys *sys, int fd, pid_t *ret_pid, uid_t *ret_uid)
{
	return strikes("accept") ? -fault_errno : fake_ops.accept(sys, fd, ret_pid, ret_uid);
}

static ssize_t fault_send(struct sys *sys, int fd, const void *buf, size_t size,
			  int pass_fd)
{
	return strikes("send %.*s", (int)strnlen(buf, size > 40 ? 40 : size), (const char *)buf) ?
	       -fault_errno : sys_real_ops.send(sys, fd, buf, size, pass_fd);
}

static ssize_t fault_recv(struct sys *sys, int fd, void *buf, size_t size, int *ret_fd)
{
	return strikes("recv") ? -fault_errno : sys_real_ops.recv(sys, fd, buf, size, ret_fd);
}

static int fault_wait(struct sys *sys, const int *fds, size_t nfds, int msec)
{
	return strikes("wait") ? -fault_errno : sys_real_ops.wait(sys, fds, nfds, msec);
}

static int fault_spawn(struct sys *sys, const char *file, char *const argv[],
		       enum sys_spawn how, char *text, size_t text_size)
{
	char line[900] = "";
	int ret;

	for (size_t i = 0; argv[i] && strlen(line) < 700; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), " %.150s", argv[i]);
	/* Before it: a jump does not come back. */
	note(0, "spawn%s", line);
	if (strikes("spawn%s", line))
		return -fault_errno;
	/* The fault is of this process; a child may have one of its own. */
	unsetenv("FAKE_FAULT");
	if (getenv("FAKE_FAULT_CHILD"))
		setenv("FAKE_FAULT", getenv("FAKE_FAULT_CHILD"), 1);
	ret = fake_ops.spawn(sys, file, argv, how, text, text_size);
	return ret;
}

static int fault_load_module(struct sys *sys, const char *name)
{
	int ret = strikes("load_module %s", name) ? -fault_errno :
		  fake_ops.load_module(sys, name);

	note(ret, "load_module %s", name);
	return ret;
}

static int fault_reap(struct sys *sys, pid_t pid)
{
	return sys_real_ops.reap(sys, pid);
}

static uid_t fault_euid(struct sys *sys)
{
	return fake_ops.euid(sys);
}

static int fault_take(struct sys *sys, pid_t pid, int fd)
{
	int ret = strikes("take file %d", fd) ? -fault_errno : fake_ops.take(sys, pid, fd);

	note(ret, "take file %d", fd);
	return ret;
}

static int fault_pass(struct sys *sys, const int *fds, size_t n)
{
	int ret = strikes("pass %zu files", n) ? -fault_errno : fake_ops.pass(sys, fds, n);

	note(ret, "pass %zu files", n);
	return ret;
}

static const struct sys_ops ops = {
	.open = fault_open, .read = fault_read, .pread = fault_pread,
	.write = fault_write, .close = fault_close, .ioctl = fault_ioctl,
	.readlink = fault_readlink, .mode = fault_mode, .list = fault_list,
	.mkdir = fault_mkdir, .replace = fault_replace, .unlink = fault_unlink,
	.lock = fault_lock, .write_start = fault_write_start,
	.write_end = fault_write_end, .write_leave = fault_write_leave,
	.memfd = fault_memfd, .listen = fault_listen,
	.connect = fault_connect, .accept = fault_accept, .send = fault_send,
	.recv = fault_recv, .wait = fault_wait, .spawn = fault_spawn,
	.load_module = fault_load_module, .reap = fault_reap, .euid = fault_euid,
	.take = fault_take, .pass = fault_pass,
};

const struct sys_ops *fault_ops(void)
{
	const char *fault = getenv("FAKE_FAULT"), *colon;

	fds_at_start = count_fds();
	if (!fault)
		return &ops;
	fault_at = strtoul(fault, NULL, 10);
	colon = strchr(fault, ':');
	for (size_t i = 0; colon && i < sizeof(errnos) / sizeof(errnos[0]); i++)
		if (strcmp(colon + 1, errnos[i].name) == 0)
			fault_errno = errnos[i].number;
	if (!fault_at || !fault_errno) {
		fprintf(stderr, "fake: FAKE_FAULT=%s?\n", fault);
		_exit(125);
	}
	return &ops;
}

void fault_report(void)
{
	const char *file = getenv("FAKE_REPORT");
	char text[700];

	if (!file)
		return;
	snprintf(text, sizeof(text), "calls %lu\nfired %s\nfds %d\n", calls,
		 fired_in[0] ? fired_in : "no", count_fds() - fds_at_start);
	append(file, text);
}

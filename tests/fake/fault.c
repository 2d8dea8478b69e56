// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uapi/uapi.h"
#include "client.h"
#include "fault.h"

#define SHORT	1000000		/* not an errno: reads or writes only a half */
/* ... nor are these: in place of the call, a process is killed, and the other one continues */
#define KILL_CLIENT	1000001
#define KILL_HOLDER	1000002
#define KILL_BOTH	1000003

/*
 * The requested fault, in a file that the processes of the machine share: children of a
 * command continue its count, and the holder, which is older than the command, reads it too.
 */
struct fault {
	bool holder;		/* counts the holder's calls, not those of the command */
	bool list;		/* no call fails: each is listed */
	unsigned long at;	/* 0: nothing is counted */
	int error;
	char only[64];		/* only calls with these words count; "": all */
	_Atomic unsigned long calls;
	char fired[512];
	pid_t client, holder_pid;	/* the command; the holder */
};

static struct fault *fault;
static bool in_holder, holder_starts;
static int fds_at_start;

static const struct { const char *name; int number; } errnos[] = {
	{ "EIO", EIO }, { "EBUSY", EBUSY }, { "ENODEV", ENODEV },
	{ "ENOENT", ENOENT }, { "EINTR", EINTR }, { "ENOSPC", ENOSPC },
	{ "SHORT", SHORT }, { "KILL", KILL_CLIENT }, { "KILL-HOLDER", KILL_HOLDER },
	{ "KILL-BOTH", KILL_BOTH },
};

/*
 * How a call can fail on a real machine. Any call may fail with EIO. ENOENT and ENODEV:
 * the file or device was removed; for an open file, only sysfs and drivers return them.
 * close() is never repeated, and may fail because delayed data did not fit (ENOSPC). The
 * sockets and the memfd do not depend on devices. Where ENOENT is a valid answer (no
 * holder, no such file of ours, no debugfs, no driver), it is not a failure.
 */
static const struct { const char *call, *kinds; } can_fail[] = {
	{ "open", "EIO EBUSY ENODEV ENOENT EINTR" },
	{ "open_optional", "EIO EINTR" },
	{ "read", "EIO EBUSY ENODEV EINTR SHORT" },
	{ "record", "EIO EINTR" },
	{ "pread", "EIO ENODEV EINTR SHORT" },
	{ "write", "EIO EBUSY ENODEV ENOENT EINTR ENOSPC SHORT" },
	{ "close", "EIO EINTR ENOSPC" },
	{ "ioctl", "EIO EBUSY ENODEV ENOENT EINTR ENOSPC" },
	{ "readlink", "EIO ENODEV ENOENT" },
	{ "readlink_driver", "EIO ENODEV" },
	{ "mode", "EIO ENODEV ENOENT" },
	{ "list", "EIO ENODEV ENOENT" },
	{ "mkdir", "EIO ENOENT ENOSPC" },
	{ "replace", "EIO EBUSY ENOENT EINTR ENOSPC" },
	{ "unlink", "EIO EBUSY" },
	{ "lock", "EIO EBUSY ENOENT EINTR ENOSPC" },
	{ "memfd", "EIO ENOSPC" },
	{ "listen", "EIO EBUSY ENOENT ENOSPC" },
	{ "connect", "EIO EINTR" },
	{ "accept", "EIO EINTR" },
	{ "send", "EIO EINTR" },
	{ "recv", "EIO EINTR" },
	{ "wait", "EIO EINTR" },
	{ "spawn", "EIO EBUSY ENOENT" },
	{ "node", "EIO" },
	{ "claim", "EIO EBUSY" },
	{ "load_module", "EIO EBUSY ENODEV ENOENT EINTR ENOSPC" },
	{ "write_start", "EIO" },
	{ "write_end", "EIO" },
	{ "take", "EIO" },
	{ "pass", "EIO" },
	{ "max_files", "EIO" },
	{ "harden", "EIO" },
};

static const char *kinds_of(const char *what)
{
	size_t len = strcspn(what, " ");

	for (size_t i = 0; i < sizeof(can_fail) / sizeof(can_fail[0]); i++)
		if (strncmp(can_fail[i].call, what, len) == 0 && !can_fail[i].call[len])
			return can_fail[i].kinds;
	fprintf(stderr, "fake: how can '%s' fail?\n", what);
	_exit(125);
}

static const char *errno_name(int number)
{
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
		if (errnos[i].number == number)
			return errnos[i].name;
	return "another errno";
}

/* Is word one of the words? */
static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; (p = strstr(p, word)); p += len)
		if ((p == words || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
	return false;
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -3;	/* "." and "..", and the directory itself */

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static int machine_file(const char *name, int flags)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", getenv("FAKE_MACHINE"), name);
	fd = open(path, flags | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		abort();
	return fd;
}

static void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void report(const char *fmt, ...)
{
	int fd = machine_file("report", O_WRONLY | O_APPEND);
	char line[800];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* one write: the holder may write at the same time */
	if (write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		abort();
	close(fd);
}

/* ----------------------------------------------------------------- killing */

/* Another program may have the PID by now. */
static bool is_ours(pid_t pid)
{
	char path[64], its[512], ours[512];
	ssize_t n, m;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, its, sizeof(its));
	m = readlink("/proc/self/exe", ours, sizeof(ours));
	return n > 0 && n == m && memcmp(its, ours, (size_t)n) == 0;
}

/* Waits until the process is dead, so that later calls do not depend on the time of its death. */
static bool kill_one(pid_t pid)
{
	struct pollfd end = { .events = POLLIN };

	if (pid <= 0 || (pid != getpid() && !is_ours(pid)))
		return false;
	end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (end.fd < 0)
		return false;
	syscall(SYS_pidfd_send_signal, end.fd, SIGKILL, NULL, 0);
	poll(&end, 1, 10000);
	close(end.fd);
	return true;
}

/* Kills this process last, since it does not return from that. */
static void kill_them(const char *what)
{
	bool client = fault->error != KILL_HOLDER, holder = fault->error != KILL_CLIENT;

	/* the holder has not started yet, or has ended, so there is none to kill */
	if (holder && !in_holder && !kill_one(fault->holder_pid) && !client)
		return;
	report("killed %d %s\n", holder ? (int)fault->holder_pid : 0, what);
	if (client && (in_holder || getpid() != fault->client))
		kill_one(fault->client);
	if ((client && getpid() == fault->client) || (holder && in_holder))
		kill_one(getpid());
}

/* ---------------------------------------------------------------- the fault */

/* Counts the call. Returns whether this call must fail. */
static bool strikes(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static bool strikes(const char *fmt, ...)
{
	char what[sizeof(fault->fired)];
	unsigned long n;
	va_list ap;

	if (!fault->at || fault->holder != in_holder)
		return false;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (!strstr(what, fault->only))
		return false;
	n = ++fault->calls;
	if (!fault->list && n != fault->at)
		return false;
	for (char *p = what; *p; p++)
		if (*p == '\n')
			*p = ' ';
	if (fault->list) {
		report("call %lu %s: %s\n", n, kinds_of(what), what);
		return false;
	}
	if (fault->error >= KILL_CLIENT) {
		kill_them(what);
		return false;
	}
	/* With children that run in parallel, another one may have been first. */
	if (!has_word(kinds_of(what), errno_name(fault->error)))
		return false;
	strcpy(fault->fired, what);
	return true;
}

static int fault_open(struct sys *sys, const char *path, int flags)
{
	bool optional = strncmp(path, "/run/vfio-lu/", 13) == 0 ||
			strncmp(path, "/var/lib/vfio-lu/", 17) == 0 ||
			strncmp(path, "/sys/kernel/debug/", 18) == 0;

	return strikes("%s %s", optional ? "open_optional" : "open", path) ? -fault->error :
	       fake_ops.open(sys, path, flags);
}

static ssize_t fault_read(struct sys *sys, int fd, void *buf, size_t size)
{
	const char *path = fake_path(fd);

	/* The kernel log gives whole records or none. */
	if (!strikes("%s %s", strcmp(path, "/dev/kmsg") ? "read" : "record", path))
		return fake_ops.read(sys, fd, buf, size);
	return fault->error == SHORT ? fake_ops.read(sys, fd, buf, (size + 1) / 2) :
	       -fault->error;
}

static ssize_t fault_pread(struct sys *sys, int fd, void *buf, size_t size,
			   off_t offset)
{
	if (!strikes("pread %s", fake_path(fd)))
		return fake_ops.pread(sys, fd, buf, size, offset);
	return fault->error == SHORT ? fake_ops.pread(sys, fd, buf, (size + 1) / 2, offset) :
	       -fault->error;
}

static ssize_t fault_write(struct sys *sys, int fd, const void *buf, size_t size)
{
	if (!strikes("write %s %.*s", fake_path(fd), (int)size, (const char *)buf))
		return fake_ops.write(sys, fd, buf, size);
	/* The call takes half of the data and has no effect. */
	return fault->error == SHORT ? (ssize_t)(size / 2) : -fault->error;
}

static int fault_close(struct sys *sys, int fd)
{
	bool strike = strikes("close %s", fake_path(fd));
	int ret = fake_ops.close(sys, fd);

	/* The fd is closed even if close() reports an error. */
	return strike ? -fault->error : ret;
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
		return "of another kind";
	}
}

static int fault_ioctl(struct sys *sys, int fd, unsigned long request, void *arg)
{
	return strikes("ioctl %s", request_name(request)) ? -fault->error :
	       fake_ops.ioctl(sys, fd, request, arg);
}

static ssize_t fault_readlink(struct sys *sys, const char *path, char *buf,
			      size_t size)
{
	size_t len = strlen(path);
	bool driver = len > 7 && strcmp(path + len - 7, "/driver") == 0;

	return strikes("%s %s", driver ? "readlink_driver" : "readlink", path) ? -fault->error :
	       fake_ops.readlink(sys, path, buf, size);
}

static int fault_mode(struct sys *sys, const char *path)
{
	return strikes("mode %s", path) ? -fault->error : fake_ops.mode(sys, path);
}

static int fault_node(struct sys *sys, const char *path, dev_t *ret_number)
{
	return strikes("node %s", path) ? -fault->error : fake_ops.node(sys, path, ret_number);
}

static int fault_claim(struct sys *sys, const char *path, dev_t number)
{
	return strikes("claim %s", path) ? -fault->error : fake_ops.claim(sys, path, number);
}

static int fault_list(struct sys *sys, const char *path,
		      int (*fn)(void *arg, const char *name), void *arg)
{
	return strikes("list %s", path) ? -fault->error : fake_ops.list(sys, path, fn, arg);
}

static int fault_mkdir(struct sys *sys, const char *path)
{
	return strikes("mkdir %s", path) ? -fault->error : fake_ops.mkdir(sys, path);
}

static int fault_replace(struct sys *sys, const char *path, const void *data,
			 size_t size)
{
	return strikes("replace %s", path) ? -fault->error :
	       fake_ops.replace(sys, path, data, size);
}

static int fault_unlink(struct sys *sys, const char *path)
{
	return strikes("unlink %s", path) ? -fault->error : fake_ops.unlink(sys, path);
}

static int fault_lock(struct sys *sys, const char *path)
{
	if (!strikes("lock %s", path))
		return fake_ops.lock(sys, path);
	/* The error of flock() if another process has the lock. */
	return fault->error == EBUSY ? -EWOULDBLOCK : -fault->error;
}

/* The fork fails. Other faults hit the calls of the child, which are counted too. */
static int fault_write_start(struct sys *sys, const char *path, const void *data,
			     size_t size, pid_t *ret_pid)
{
	return strikes("write_start %s", path) ? -fault->error :
	       fake_ops.write_start(sys, path, data, size, ret_pid);
}

/* The child was killed after the write and before it could report the result. */
static ssize_t fault_write_end(struct sys *sys, int fd)
{
	bool strike = strikes("write_end");
	ssize_t ret = fake_ops.write_end(sys, fd);

	return strike ? -fault->error : ret;
}

static int fault_memfd(struct sys *sys, const char *name, const void *data,
		       size_t size)
{
	return strikes("memfd %s", name) ? -fault->error :
	       fake_ops.memfd(sys, name, data, size);
}

static int fault_listen(struct sys *sys, const char *path)
{
	return strikes("listen %s", path) ? -fault->error : fake_ops.listen(sys, path);
}

static int fault_connect(struct sys *sys, const char *path)
{
	int ret;

	if (strikes("connect %s", path))
		return -fault->error;
	ret = fake_ops.connect(sys, path);
	/* The number of retries until the holder answers differs from run to run. */
	if (ret < 0 && holder_starts && !fault->holder && !fault->only[0])
		fault->calls--;
	else
		holder_starts = false;
	return ret;
}

static int fault_accept(struct sys *sys, int fd, pid_t *ret_pid, uid_t *ret_uid)
{
	return strikes("accept") ? -fault->error : fake_ops.accept(sys, fd, ret_pid, ret_uid);
}

static ssize_t fault_send(struct sys *sys, int fd, const void *buf, size_t size,
			  const int *fds, size_t n_fds)
{
	return strikes("send %.*s", (int)strnlen(buf, size > 40 ? 40 : size), (const char *)buf) ?
	       -fault->error : fake_ops.send(sys, fd, buf, size, fds, n_fds);
}

static ssize_t fault_recv(struct sys *sys, int fd, void *buf, size_t size, int *fds,
			  size_t *n_fds)
{
	return strikes("recv") ? -fault->error :
	       fake_ops.recv(sys, fd, buf, size, fds, n_fds);
}

static int fault_wait(struct sys *sys, const int *fds, size_t nfds, int msec)
{
	return strikes("wait") ? -fault->error : fake_ops.wait(sys, fds, nfds, msec);
}

static int fault_spawn(struct sys *sys, const char *file, char *const argv[],
		       enum sys_spawn how, char *text, size_t text_size)
{
	char line[400] = "";
	int ret;

	for (size_t i = 0; argv[i] && strlen(line) < 200; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), " %.150s", argv[i]);
	if (strikes("spawn%s", line))
		return -fault->error;
	holder_starts = how == SYS_SPAWN_DETACH;
	ret = fake_ops.spawn(sys, file, argv, how, text, text_size);
	if (holder_starts && ret > 0)
		fault->holder_pid = ret;
	return ret;
}

static int fault_load_module(struct sys *sys, const char *name)
{
	return strikes("load_module %s", name) ? -fault->error :
	       fake_ops.load_module(sys, name);
}

static int fault_take(struct sys *sys, pid_t pid, int fd)
{
	return strikes("take file %d", fd) ? -fault->error : fake_ops.take(sys, pid, fd);
}

static int fault_pass(struct sys *sys, const int *fds, size_t n)
{
	return strikes("pass %zu files", n) ? -fault->error : fake_ops.pass(sys, fds, n);
}

static int fault_max_files(struct sys *sys)
{
	return strikes("max_files") ? -fault->error : fake_ops.max_files(sys);
}

static int fault_harden(struct sys *sys)
{
	return strikes("harden") ? -fault->error : fake_ops.harden(sys);
}

/* ------------------------------------------------------------------- begin */

static void read_order(const char *text)
{
	const char *kind = strrchr(text, ':');
	struct fault order = {
		.holder = strncmp(text, "holder:", 7) == 0,
		.client = getpid(), .holder_pid = fault->holder_pid,
	};
	const char *only = getenv("FAKE_FAULT_ONLY");

	snprintf(order.only, sizeof(order.only), "%s", only ? only : "");
	if (strcmp(kind ? kind + 1 : text, "list") == 0)
		order.list = true;
	for (size_t i = 0; kind && i < sizeof(errnos) / sizeof(errnos[0]); i++)
		if (strcmp(kind + 1, errnos[i].name) == 0)
			order.error = errnos[i].number;
	order.at = order.list ? 1 : strtoul(text + (order.holder ? 7 : 0), NULL, 10);
	if (!order.at || (!order.list && !order.error)) {
		fprintf(stderr, "fake: FAKE_FAULT=%s?\n", text);
		_exit(125);
	}
	*fault = order;
}

const struct sys_ops *fault_ops(bool holder)
{
	static struct sys_ops ops;
	const char *order = getenv("FAKE_FAULT");
	int fd = machine_file("fault", O_RDWR);

	if (ftruncate(fd, sizeof(*fault)))
		abort();
	fault = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (fault == MAP_FAILED)
		abort();
	in_holder = holder;
	fds_at_start = count_fds();
	if (holder)
		fault->holder_pid = getpid();
	else
		*fault = (struct fault){ .holder_pid = fault->holder_pid };
	if (!holder && order) {
		read_order(order);
		/* A command that never ends must be found, too. */
		alarm(60);
	}

	/* Operations that are missing here cannot fail: reap, euid, write_leave, sync. */
	ops = fake_ops;
	ops.open = fault_open;
	ops.read = fault_read;
	ops.pread = fault_pread;
	ops.write = fault_write;
	ops.close = fault_close;
	ops.ioctl = fault_ioctl;
	ops.readlink = fault_readlink;
	ops.mode = fault_mode;
	ops.node = fault_node;
	ops.claim = fault_claim;
	ops.list = fault_list;
	ops.mkdir = fault_mkdir;
	ops.replace = fault_replace;
	ops.unlink = fault_unlink;
	ops.lock = fault_lock;
	ops.memfd = fault_memfd;
	ops.listen = fault_listen;
	ops.connect = fault_connect;
	ops.accept = fault_accept;
	ops.send = fault_send;
	ops.recv = fault_recv;
	ops.wait = fault_wait;
	ops.spawn = fault_spawn;
	ops.load_module = fault_load_module;
	ops.write_start = fault_write_start;
	ops.write_end = fault_write_end;
	ops.take = fault_take;
	ops.pass = fault_pass;
	ops.max_files = fault_max_files;
	ops.harden = fault_harden;
	return &ops;
}

void fault_report(void)
{
	if (in_holder || !fault->at)
		return;
	report("fds %d\nfired %s\n", count_fds() - fds_at_start,
	       fault->fired[0] ? fault->fired : "no");
	fault->at = 0;
}

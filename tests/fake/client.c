// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations of the kernel boundary on a fake machine. Reads, and the files and
 * sockets of vfio-lu, go to the real operations below the tree. Calls to which a kernel
 * reacts go to the fake kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "uapi/uapi.h"
#include "sys/real.h"
#include "client.h"

static int machine_fd = -1;
static char paths[1024][256];
void (*fake_at_end)(int how);

const char *fake_path(int fd)
{
	return fd >= 0 && fd < 1024 ? paths[fd] : "";
}

/* ------------------------------------------------------------------ calls */

union fd_space {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

static int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/" WIRE_SOCKET,
		 machine_fd);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	/* vfio-lu did not cause this: the machine is gone. */
	fprintf(stderr, "fake: no kernel: %s\n", strerror(errno));
	_exit(125);
}

static int receive(int fd, void *data, size_t data_size, int *ret_fd)
{
	struct wire_answer head;
	union fd_space control = { 0 };
	struct iovec iov[2] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = data, .iov_len = data_size },
	};
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 2,
		.msg_control = &control, .msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *c;
	int got = -1;
	ssize_t n;

	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < (ssize_t)sizeof(head)) {
		fprintf(stderr, "fake: the kernel hung up\n");
		_exit(125);
	}
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&got, CMSG_DATA(c), sizeof(int));
	if (ret_fd)
		*ret_fd = got;
	else if (got >= 0)
		close(got);
	return head.ret;
}

int fake_call(struct wire_call *call, void *data, size_t data_size, int pass_fd,
	      int *ret_fd)
{
	union fd_space control = { 0 };
	size_t out = call->op == WIRE_READ ? 0 : call->size;
	struct iovec iov[2] = {
		{ .iov_base = call, .iov_len = sizeof(*call) },
		{ .iov_base = data, .iov_len = out },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = out ? 2 : 1 };
	int fd = dial(), ret;

	if (pass_fd >= 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &pass_fd, sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.space);
	}
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) < 0)
		ret = -errno;
	else
		ret = receive(fd, data, data_size, ret_fd);
	close(fd);
	return ret;
}

int fake_control(const char *line)
{
	struct wire_call call = { .op = WIRE_CONTROL, .size = (uint32_t)strlen(line) + 1 };
	char data[WIRE_MAX];

	snprintf(data, sizeof(data), "%s", line);
	return fake_call(&call, data, sizeof(data), -1, NULL);
}

/* ------------------------------------------------------------------- files */

/* Can the fake kernel have given out this fd? */
static bool can_be_fake(int fd, uint64_t *ret_ino)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISSOCK(st.st_mode))
		return false;
	*ret_ino = st.st_ino;
	return true;
}

static bool is_asked_to_open(const char *path, int flags)
{
	/* The log is a file, but the kernel must first log the files that were released. */
	if (strncmp(path, "/dev/", 5) == 0)
		return strcmp(path, "/dev/null") != 0;
	return strncmp(path, "/sys/", 5) == 0 && (flags & O_ACCMODE) != O_RDONLY;
}

/*
 * The files of /proc about processes are made when they are read, and made again when the
 * same file is read a second time. Returns the path to read.
 */
static const char *refresh(const char *path, char room[256])
{
	struct wire_call call = { .op = WIRE_REFRESH };
	static size_t seen[256], n;
	size_t hash = 5381, i;

	if (strncmp(path, "/proc/self/fd", 13) == 0 || strcmp(path, "/proc/self/stat") == 0) {
		snprintf(room, 256, "/proc/%d%.200s", (int)getpid(), path + 10);
		path = room;
		n = 0;	/* our own open files may be new */
	}
	if (strncmp(path, "/proc", 5) != 0 || (path[5] && path[5] != '/') ||
	    (path[5] && path[6] && (path[6] < '0' || path[6] > '9')))
		return path;
	for (const char *p = path; *p; p++)
		hash = hash * 33 + (unsigned char)*p;
	for (i = 0; i < n && seen[i] != hash; i++)
		;
	if (!n || i < n || n == sizeof(seen) / sizeof(seen[0])) {
		fake_call(&call, NULL, 0, -1, NULL);
		n = 0;
	}
	seen[n++] = hash;
	return path;
}

static uid_t fake_euid(struct sys *sys)
{
	const char *as = getenv("FAKE_EUID");

	(void)sys;
	return as ? (uid_t)atoi(as) : 0;
}

/* Root on the fake machine may be any user of the host, and the reverse. */
static bool is_denied(const char *path, int flags)
{
	if (fake_euid(NULL) == 0)
		return false;
	if (strncmp(path, "/dev/", 5) == 0 && strcmp(path, "/dev/null") && strcmp(path, "/dev/kmsg"))
		return true;
	if (strncmp(path, "/proc/", 6) == 0 && path[6] >= '0' && path[6] <= '9' && strstr(path, "/fd"))
		return true;
	return (flags & O_ACCMODE) != O_RDONLY || strncmp(path, "/run/vfio-lu/", 13) == 0 ||
	       strncmp(path, "/var/lib/vfio-lu/", 17) == 0 ||
	       strncmp(path, "/sys/kernel/debug/", 18) == 0;
}

/* A log that no user can read cannot be read by root either. */
static bool is_closed_log(const char *path, int fd)
{
	struct stat st;

	return strcmp(path, "/dev/kmsg") == 0 && fstat(fd, &st) == 0 && !(st.st_mode & 0777);
}

static int fake_open(struct sys *sys, const char *path, int flags)
{
	struct wire_call call = {
		.op = WIRE_OPEN, .flags = (uint32_t)flags, .size = (uint32_t)strlen(path) + 1,
	};
	char data[4096], room[256];
	int fd = -1, ret = WIRE_NOT_MINE;

	if (is_denied(path, flags))
		return -EACCES;
	/* the fake kernel reads the names of processes from the real one */
	if (strcmp(path, "/proc/self/comm") == 0)
		return (fd = open(path, flags | O_CLOEXEC)) < 0 ? -errno : fd;
	path = refresh(path, room);
	if (is_asked_to_open(path, flags) && !(flags & O_PATH)) {
		snprintf(data, sizeof(data), "%s", path);
		ret = fake_call(&call, data, sizeof(data), -1, &fd);
	}
	if (ret == WIRE_NOT_MINE)
		fd = sys_real_ops.open(sys, path, flags);
	else if (ret < 0)
		fd = ret;
	if (fd >= 0 && is_closed_log(path, fd)) {
		sys_real_ops.close(sys, fd);
		fd = -EPERM;
	}
	if (fd >= 0 && fd < 1024)
		snprintf(paths[fd], sizeof(paths[fd]), "%s", path);
	return fd;
}

/* Knows only the files that this process has open. */
static int fake_stamp(struct sys *sys, const char *path, struct sys_stamp *ret_stamp)
{
	struct stat st;

	(void)sys;
	if (strncmp(path, "/proc/self/fd/", 14) != 0)
		return -ENOSYS;
	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_stamp = (struct sys_stamp){ .device = st.st_dev, .inode = st.st_ino };
	return 0;
}

static int fake_close(struct sys *sys, int fd)
{
	if (fd >= 0 && fd < 1024)
		paths[fd][0] = '\0';
	return sys_real_ops.close(sys, fd);
}

/* One record a read, as devkmsg_read() in kernel/printk/printk.c gives them. */
static ssize_t read_record(int fd, char *buf, size_t size)
{
	char data[8192];
	ssize_t n, used = 0;
	off_t at = lseek(fd, 0, SEEK_CUR);

	n = pread(fd, data, sizeof(data), at);
	if (n <= 0) {
		if (fcntl(fd, F_GETFL) & O_NONBLOCK)
			return -EAGAIN;
		fprintf(stderr, "fake: this read of /dev/kmsg would never return\n");
		_exit(125);
	}
	do {
		char *eol = memchr(data + used, '\n', (size_t)(n - used));

		used = eol ? eol - data + 1 : n;
	} while (used < n && data[used] == ' ');
	if ((size_t)used > size)
		return -EINVAL;
	memcpy(buf, data, (size_t)used);
	lseek(fd, at + used, SEEK_SET);
	return used;
}

static ssize_t kernel_read(uint64_t ino, void *buf, size_t size, off_t offset)
{
	struct wire_call call = {
		.op = WIRE_READ, .file = ino, .offset = (uint64_t)offset,
		.size = (uint32_t)(size < WIRE_MAX ? size : WIRE_MAX),
	};

	return fake_call(&call, buf, size, -1, NULL);
}

static ssize_t fake_read(struct sys *sys, int fd, void *buf, size_t size)
{
	uint64_t ino;
	ssize_t n;

	if (strcmp(fake_path(fd), "/dev/kmsg") == 0)
		return read_record(fd, buf, size);
	if (can_be_fake(fd, &ino)) {
		n = kernel_read(ino, buf, size, 0);
		if (n != WIRE_NOT_MINE)
			return n;
	}
	return sys_real_ops.read(sys, fd, buf, size);
}

static ssize_t fake_pread(struct sys *sys, int fd, void *buf, size_t size,
			  off_t offset)
{
	uint64_t ino;
	ssize_t n;

	if (can_be_fake(fd, &ino)) {
		n = kernel_read(ino, buf, size, offset);
		if (n != WIRE_NOT_MINE)
			return n;
	}
	return sys_real_ops.pread(sys, fd, buf, size, offset);
}

static ssize_t fake_write(struct sys *sys, int fd, const void *buf, size_t size)
{
	struct wire_call call = { .op = WIRE_WRITE };
	char data[WIRE_MAX];
	ssize_t n;

	if (can_be_fake(fd, &call.file)) {
		call.size = (uint32_t)(size < sizeof(data) ? size : sizeof(data));
		memcpy(data, buf, call.size);
		n = fake_call(&call, data, sizeof(data), -1, NULL);
		if (n != WIRE_NOT_MINE)
			return n;
	}
	return sys_real_ops.write(sys, fd, buf, size);
}

/* The child calls the fake kernel as well, on a connection of its own. */
static int fake_write_start(struct sys *sys, const char *path, const void *data,
			    size_t size, pid_t *ret_pid)
{
	return writer_start(sys, machine_fd, path, data, size, ret_pid);
}

/* Returns the offset of the fd in the struct of a request, or -1. */
static int fd_offset(unsigned long request)
{
	switch (request) {
	case LIVEUPDATE_SESSION_PRESERVE_FD:
		return offsetof(struct liveupdate_session_preserve_fd, fd);
	case VFIO_DEVICE_BIND_IOMMUFD:
		return offsetof(struct vfio_device_bind_iommufd, iommufd);
	default:
		return -1;
	}
}

static int fake_ioctl(struct sys *sys, int fd, unsigned long request, void *arg)
{
	struct wire_call call = { .op = WIRE_IOCTL, .request = request, .null = !arg };
	char data[WIRE_MAX] = { 0 };
	int at = fd_offset(request), passed = -1, got = -1, ret;

	if (!can_be_fake(fd, &call.file))
		return sys_real_ops.ioctl(sys, fd, request, arg);
	if (arg) {
		/* All these structs begin with their size. */
		memcpy(&call.size, arg, sizeof(call.size));
		if (call.size > WIRE_MAX)
			return -E2BIG;
		memcpy(data, arg, call.size < 4 ? 4 : call.size);
		if (call.size < 4)
			call.size = 4;
		if (at >= 0 && call.size >= (uint32_t)at + 4)
			memcpy(&passed, data + at, sizeof(passed));
		if (passed >= 0 && fcntl(passed, F_GETFD) < 0)
			passed = -1;
	}
	ret = fake_call(&call, data, sizeof(data), passed, &got);
	if (ret == WIRE_NOT_MINE)
		return -ENOTTY;
	if (ret >= 0 && arg)
		memcpy(arg, data, call.size);
	/* The three structs that return an fd have it behind their size. */
	if (got >= 0)
		memcpy((char *)arg + 4, &got, sizeof(got));
	return ret;
}

static ssize_t fake_readlink(struct sys *sys, const char *path, char *buf,
			     size_t size)
{
	char room[256];

	if (is_denied(path, O_RDONLY))
		return -EACCES;
	path = refresh(path, room);
	return sys_real_ops.readlink(sys, path, buf, size);
}

struct names {
	size_t n;
	char **name;
};

static int take_name(void *arg, const char *name)
{
	struct names *names = arg;

	names->name = realloc(names->name, (names->n + 1) * sizeof(*names->name));
	names->name[names->n++] = strdup(name);
	return 0;
}

/* Reads the whole directory first: a refresh meanwhile would replace it. */
static int fake_list(struct sys *sys, const char *path,
		     int (*fn)(void *arg, const char *name), void *arg)
{
	struct names names = { 0 };
	char room[256];
	int ret;

	if (is_denied(path, O_RDONLY))
		return -EACCES;

	ret = sys_real_ops.list(sys, refresh(path, room), take_name, &names);
	for (size_t i = 0; i < names.n; i++) {
		if (!ret)
			ret = fn(arg, names.name[i]);
		free(names.name[i]);
	}
	free(names.name);
	return ret;
}

/* One record a line, its fields apart by tabs, next to the machine's root. */
static int fake_journal(struct sys *sys, int priority, const char *const *fields, size_t n)
{
	int fd = openat(machine_fd, "journal", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	char line[4096];
	int used = snprintf(line, sizeof(line), "PRIORITY=%d", priority);

	(void)sys;
	for (size_t i = 0; i < n; i++)
		used += snprintf(line + used, sizeof(line) - (size_t)used, "\t%s", fields[i]);
	dprintf(fd, "%s\n", line);
	close(fd);
	return fd < 0 ? -ENOENT : 0;
}

/* /run/vfio-lu is 0700 */
static int fake_connect(struct sys *sys, const char *path)
{
	return is_denied(path, O_RDWR) ? -EACCES : sys_real_ops.connect(sys, path);
}

static int fake_mode(struct sys *sys, const char *path)
{
	char room[256];

	path = refresh(path, room);
	return sys_real_ops.mode(sys, path);
}

/* bd_prepare_to_claim(), block/bdev.c: a node with the content "held" is claimed already. */
static int fake_claim(struct sys *sys, const char *path, dev_t number)
{
	char held[4] = "";
	int fd = sys_real_ops.open(sys, path, O_RDONLY);

	(void)number;
	if (fd < 0)
		return fd;
	if (read(fd, held, sizeof(held)) < 0)
		held[0] = '\0';
	close(fd);
	return memcmp(held, "held", 4) == 0 ? -EBUSY : 0;
}

/* --------------------------------------------------------------- processes */

/* The user who runs the tests is root on the fake machine. */
static int fake_accept(struct sys *sys, int fd, pid_t *ret_pid, uid_t *ret_uid)
{
	int conn = sys_real_ops.accept(sys, fd, ret_pid, ret_uid);

	if (conn >= 0 && *ret_uid == geteuid())
		*ret_uid = 0;
	return conn;
}

static int spawn_kexec(char *const argv[], char *text, size_t text_size)
{
	struct wire_call call = { .op = WIRE_SPAWN };
	char data[WIRE_MAX];
	size_t len;
	int ret;

	for (size_t i = 0; argv[i]; i++) {
		len = strlen(argv[i]) + 1;
		if (call.size + len > sizeof(data))
			return -E2BIG;
		memcpy(data + call.size, argv[i], len);
		call.size += (uint32_t)len;
	}
	memset(data + call.size, 0, sizeof(data) - call.size);
	ret = fake_call(&call, data, sizeof(data) - 1, -1, NULL);
	if (ret >= WIRE_END) {
		if (fake_at_end)
			fake_at_end(ret - WIRE_END);
		_exit(ret - WIRE_END);
	}
	if (text && text_size)
		snprintf(text, text_size, "%s", ret ? data : "");
	return ret;
}

/* systemd starts the unit, and returns when its socket is there (Type=notify). */
static int start_service(struct sys *sys)
{
	static const char *const argv[] = { "@vfio-lu", "hold", NULL };
	static const char note[] = "start vfio-lu.service\n";
	int conn = -1, tries;

	sys_real_ops.replace(sys, "/run/systemd/started", note, strlen(note));
	sys_real_ops.spawn(sys, "/proc/self/exe", (char *const *)argv, SYS_SPAWN_DETACH, NULL, 0);
	for (tries = 0; conn < 0 && tries < 500; tries++) {
		usleep(10000);
		conn = sys_real_ops.connect(sys, "/run/vfio-lu/holder");
	}
	if (conn >= 0)
		close(conn);
	return conn < 0;
}

/* A scenario writes /run/systemd/stopping: systemd stops, and has closed its bus. */
static int stopping(char *text, size_t text_size)
{
	snprintf(text, text_size, "Failed to connect to bus: Connection refused\n");
	return 1;
}

static int fake_spawn(struct sys *sys, const char *file, char *const argv[],
		      enum sys_spawn how, char *text, size_t text_size)
{
	const char *name = strrchr(file, '/');

	name = name ? name + 1 : file;
	if (strcmp(name, "systemctl") == 0 && argv[1] && strcmp(argv[1], "show") == 0) {
		snprintf(text, text_size, "ActiveState=inactive\n%s",
			 sys_real_ops.mode(sys, "/run/systemd/stopping") < 0 ? "" : "Job=417\n");
		return 0;
	}
	if (strcmp(name, "systemctl") == 0 && argv[1] && strcmp(argv[1], "start") == 0)
		return start_service(sys);
	if (strcmp(name, "systemctl") == 0 && argv[1] &&
	    sys_real_ops.mode(sys, "/run/systemd/stopping") >= 0)
		return stopping(text, text_size);
	if (strcmp(name, "kexec") == 0 && sys_real_ops.mode(sys, "/bin/kexec") < 0)
		return 127;
	if (strcmp(name, "kexec") == 0 || strcmp(name, "systemctl") == 0)
		return spawn_kexec(argv, text, text_size);
	return sys_real_ops.spawn(sys, file, argv, how, text, text_size);
}

static int fake_load_module(struct sys *sys, const char *name)
{
	struct wire_call call = { .op = WIRE_MODULE, .size = (uint32_t)strlen(name) + 1 };
	char data[256];

	(void)sys;
	snprintf(data, sizeof(data), "%s", name);
	return fake_call(&call, data, sizeof(data), -1, NULL);
}

/* The disks of the host are not synced. */
static void fake_sync(struct sys *sys)
{
	(void)sys;
}

/*
 * kexec.c writes "AHEAD ZERO EPOCH". A scenario may add the error of the wall clock. All clocks are
 * computed from one clock of the host, so neither a pause between two readings nor a step of the
 * host's wall clock can change their differences.
 */
static void fake_now(struct sys *sys, struct sys_time *ret_now)
{
	long long ahead, zero, epoch, wrong = 0;
	char text[100] = "";
	ssize_t n;
	int fd;

	sys_real_ops.now(sys, ret_now);
	fd = openat(machine_fd, "clock", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0 || sscanf(text, "%lld %lld %lld %lld", &ahead, &zero, &epoch, &wrong) < 3)
		return;
	ret_now->counter = ret_now->boot + ahead;
	ret_now->boot = ret_now->counter - zero;
	ret_now->wall = ret_now->counter + epoch + wrong;
}

struct sys_ops fake_ops;

int fake_join(const char *dir)
{
	struct wire_call call = { .op = WIRE_PROC };
	int fd;

	/* vfio-lu's own files and sockets are real on any machine. */
	fake_ops = sys_real_ops;
	fake_ops.open = fake_open;
	fake_ops.read = fake_read;
	fake_ops.pread = fake_pread;
	fake_ops.write = fake_write;
	fake_ops.write_start = fake_write_start;
	fake_ops.close = fake_close;
	fake_ops.stamp = fake_stamp;
	fake_ops.ioctl = fake_ioctl;
	fake_ops.readlink = fake_readlink;
	fake_ops.mode = fake_mode;
	fake_ops.claim = fake_claim;
	fake_ops.connect = fake_connect;
	fake_ops.journal = fake_journal;
	fake_ops.list = fake_list;
	fake_ops.accept = fake_accept;
	fake_ops.spawn = fake_spawn;
	fake_ops.sync = fake_sync;
	fake_ops.load_module = fake_load_module;
	fake_ops.euid = fake_euid;
	fake_ops.now = fake_now;
	/* the kernel answers one call at a time, and a fault must hit the same call each time */
	fake_ops.together = NULL;

	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Uses a number that vfio-lu does not give to another file. */
	machine_fd = fcntl(fd, F_DUPFD_CLOEXEC, 500);
	close(fd);
	return machine_fd < 0 ? -errno : fake_call(&call, NULL, 0, -1, NULL);
}

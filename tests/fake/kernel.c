// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loop of the fake kernel: receives calls, answers them, notices released files.
 *
 * usage: fake-kernel DIR             serves the machine in DIR: DIR/root is its tree, DIR/machine
 *                                    has the facts that the tree does not show
 *        fake-kernel ctl DIR WORD... sends a line of the machine file to the running fake kernel;
 *                                    "state": prints its state; "anew": makes a new machine
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel.h"

struct call {
	int fd;			/* the connection for the answer */
	pid_t pid;
	struct wire_call head;
	char data[WIRE_MAX + 1];
	int passed_fd;
};

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("fake-kernel: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

union fd_space {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

/* Sends the answer, with the fd if there is one, and ends the call. */
void answer(int call_fd, int ret, const void *data, size_t size, int fd)
{
	struct wire_answer head = { .ret = ret, .size = (uint32_t)size };
	union fd_space control = { 0 };
	struct iovec iov[2] = {
		{ .iov_base = &head, .iov_len = sizeof(head) },
		{ .iov_base = (void *)data, .iov_len = size },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = size ? 2 : 1 };

	if (fd >= 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control.space);
	}
	/* Ignores that the caller may have died meanwhile. */
	sendmsg(call_fd, &msg, MSG_NOSIGNAL);
	if (fd >= 0)
		close(fd);
	close(call_fd);
}

/* ------------------------------------------------------------------ calls */

static int do_open(const char *real, struct file **ret_file)
{
	if (strcmp(real, "dev/liveupdate") == 0)
		return luo_open(ret_file);
	if (strncmp(real, "dev/vfio/devices/", 17) == 0)
		return vfio_open(real, ret_file);
	if (strcmp(real, "dev/iommu") == 0) {
		*ret_file = file_new(FILE_IOMMU, "/dev/iommu");
		return 0;
	}
	if (!pci_is_writable(real))
		return WIRE_NOT_MINE;
	*ret_file = file_new(FILE_ATTR, real);
	return 0;
}

static void call_open(const struct call *call)
{
	const struct device *dev;
	char real[PATH_SIZE] = "";
	struct file *file;
	int ret;

	ret = tree_real(call->data, real, sizeof(real));
	if (!ret)
		ret = do_open(real, &file);
	dev = vfio_device(real);
	/* an open of a sysfs file is not logged, since the write shows it */
	if (dev)
		calls_note(call->pid, ret, "open the vfio file of %s", dev->name);
	else if (ret || file->kind != FILE_ATTR)
		calls_note(call->pid, ret, "open %s", call->data);
	if (ret) {
		answer(call->fd, ret, NULL, 0, -1);
		return;
	}
	ret = file_end(file);
	answer(call->fd, ret < 0 ? ret : 0, NULL, 0, ret);
}

static void call_ioctl(struct call *call, struct file *file)
{
	size_t size = call->head.size;
	int fd = -1, ret;

	if (call->head.null) {
		answer(call->fd, -EFAULT, NULL, 0, -1);
		return;
	}
	switch (file->kind) {
	case FILE_LIVEUPDATE:
	case FILE_SESSION:
		ret = luo_ioctl(file, call->head.request, call->data, size,
				call->passed_fd, &fd);
		break;
	case FILE_VFIO:
		ret = vfio_ioctl(file, call->head.request, call->data, size,
				 call->passed_fd);
		break;
	case FILE_IOMMU:
		ret = iommu_ioctl(call->head.request, call->data, size);
		break;
	default:
		ret = -ENOTTY;
	}
	calls_note(call->pid, ret, "ioctl %#llx", (unsigned long long)call->head.request);
	answer(call->fd, ret, call->data, ret < 0 ? 0 : size, fd);
}

static void call_write(struct call *call, struct file *file)
{
	int ret = -EINVAL;

	if (file->kind == FILE_ATTR)
		ret = pci_write(file->path, call->data, call->head.size, call->fd);
	if (ret == BLOCKED)
		return;
	calls_note(call->pid, ret, "write %s \"%.*s\"", calls_place(file->path),
		   (int)call->head.size, call->data);
	answer(call->fd, ret, NULL, 0, -1);
}

static void call_read(struct call *call, struct file *file)
{
	size_t size = call->head.size < WIRE_MAX ? call->head.size : WIRE_MAX;
	ssize_t n = -EINVAL;

	if (file->kind == FILE_VFIO)
		n = vfio_read(file, call->head.offset, call->data, size);
	answer(call->fd, (int)n, call->data, n > 0 ? (size_t)n : 0, -1);
}

static void call_spawn(const struct call *call)
{
	char text[1024];
	int ret;

	ret = kexec_run(call->data, call->head.size, text, sizeof(text), call->pid);
	answer(call->fd, ret, text, strlen(text), -1);
}

/* ---------------------------------------------------------------- control */

static int set_irq(const char *bdf, const char *what)
{
	static const char *const names[] = { "none", "intx", "msi", "msix" };
	struct device *dev = device_find(bdf);

	for (int i = 0; dev && i < 4; i++)
		if (strcmp(what, names[i]) == 0) {
			device_set_irq(dev, (enum irq)(i - 1));
			return 0;
		}
	return -EINVAL;
}

/* A line of the machine file. */
static int control(char *line)
{
	char *word[4] = { "", "", "", "" };
	struct device *dev;
	int n = 0;

	for (char *p = line; n < 4 && *p; n++) {
		word[n] = p;
		/* the last word has the rest of the line */
		p += n == 3 ? strlen(p) : strcspn(p, " ");
		if (*p)
			*p++ = '\0';
	}
	if (!n || word[0][0] == '#')
		return 0;
	dev = device_find(word[1]);
	if (!strcmp(word[0], "driver") && *word[2]) {
		driver_add(word[1], word[1], word[2], word[3]);
		for (char *p = driver_find(word[1])->module; *p; p++)
			if (*p == '-')
				*p = '_';
		return 0;
	}
	if (!strcmp(word[0], "irq"))
		return set_irq(word[1], word[2]);
	if (!strcmp(word[0], "power") && dev) {
		device_set_power(dev, word[2]);
		return 0;
	}
	if (!strcmp(word[0], "pm") && dev) {
		dev->has_pm = true;
		return 0;
	}
	if (!strcmp(word[0], "vanish") && dev) {
		if (dev->files)
			return -EBUSY;
		device_vanish(dev);
		return 0;
	}
	/* stall BDF ATTRIBUTE: a driver does not return from a write; go BDF: it returns */
	if (!strcmp(word[0], "stall") && dev) {
		snprintf(dev->stalls_at, sizeof(dev->stalls_at), "%s", word[2]);
		return 0;
	}
	if (!strcmp(word[0], "go") && dev) {
		dev->stalls_at[0] = '\0';
		return 0;
	}
	/* probing BDF: its driver is still being loaded; probed BDF: its driver is loaded */
	if ((!strcmp(word[0], "probing") || !strcmp(word[0], "probed")) && dev && dev->driver) {
		driver_files(dev->driver, !strcmp(word[0], "probed"));
		return 0;
	}
	/* vanish-at BDF ATTRIBUTE: the device is removed from the bus at a write to it */
	if (!strcmp(word[0], "vanish-at") && dev) {
		snprintf(dev->vanishes_at, sizeof(dev->vanishes_at), "%s", word[2]);
		return 0;
	}
	if (!strcmp(word[0], "module"))
		return module_load(word[1]);
	/* brings DRIVER OTHER: loading the module of DRIVER loads that of OTHER, too */
	if (!strcmp(word[0], "brings"))
		return module_brings(word[1], word[2]);
	if (!strcmp(word[0], "disk"))
		disk_kept = strcmp(word[1], "none") != 0;
	else if (!strcmp(word[0], "log"))
		return kmsg_mode(word[1]);
	else if (!strcmp(word[0], "handler"))
		handler_built = strcmp(word[1], "none") != 0;
	else if (!strcmp(word[0], "release"))
		snprintf(next_release, sizeof(next_release), "%s", word[1]);
	else
		return -EINVAL;
	return 0;
}

static void call_state(const struct call *call)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		die("out of memory");
	state_print(out, call->pid);
	if (fclose(out) || size >= WIRE_MAX)
		die("too much state");
	answer(call->fd, 0, text, size, -1);
	free(text);
}

static void call_file(struct call *call)
{
	struct file *file = file_of_inode(call->head.file);

	if (!file) {
		answer(call->fd, WIRE_NOT_MINE, NULL, 0, -1);
		return;
	}
	switch (call->head.op) {
	case WIRE_IOCTL:
		call_ioctl(call, file);
		break;
	case WIRE_WRITE:
		call_write(call, file);
		break;
	default:
		call_read(call, file);
	}
}

static void call_run(struct call *call)
{
	int ret;

	process_seen(call->pid);
	switch (call->head.op) {
	case WIRE_PROC:
		answer(call->fd, 0, NULL, 0, -1);
		break;
	case WIRE_OPEN:
		call_open(call);
		break;
	case WIRE_SPAWN:
		call_spawn(call);
		break;
	case WIRE_MODULE:
		ret = module_load(call->data);
		calls_note(call->pid, ret, "module %s", call->data);
		answer(call->fd, ret, NULL, 0, -1);
		break;
	case WIRE_REFRESH:
		process_refresh();
		answer(call->fd, 0, NULL, 0, -1);
		break;
	case WIRE_CONTROL:
		/* the process that sends this request is not ended */
		if (strcmp(call->data, "anew") == 0)
			machine_anew(call->pid);
		answer(call->fd, strcmp(call->data, "anew") ? control(call->data) : 0,
		       NULL, 0, -1);
		break;
	case WIRE_STATE:
		call_state(call);
		break;
	default:
		call_file(call);
	}
	if (call->passed_fd >= 0)
		close(call->passed_fd);
	/* Release the files that the call dropped. */
	file_sweep();
}

/* A call is one packet, which the caller sends right after connecting. */
static void take_call(int listener)
{
	static struct call call;
	union fd_space control_space = { 0 };
	struct iovec iov[2] = {
		{ .iov_base = &call.head, .iov_len = sizeof(call.head) },
		{ .iov_base = call.data, .iov_len = WIRE_MAX },
	};
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 2,
		.msg_control = &control_space, .msg_controllen = sizeof(control_space),
	};
	struct cmsghdr *c;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	ssize_t n;

	call.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (call.fd < 0)
		return;
	call.passed_fd = -1;
	n = recvmsg(call.fd, &msg, MSG_CMSG_CLOEXEC);
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&call.passed_fd, CMSG_DATA(c), sizeof(int));
	if (n < (ssize_t)sizeof(call.head) ||
	    getsockopt(call.fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		close(call.fd);
		return;
	}
	call.pid = cred.pid;
	call.data[n - (ssize_t)sizeof(call.head)] = '\0';
	/* Handle first the files that were closed before this call. */
	file_sweep();
	call_run(&call);
}

/* ------------------------------------------------------------------- main */

static int listen_here(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = WIRE_SOCKET ".new" };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	/* The socket gets its name after listen(), so that a program that finds it can connect. */
	unlink(addr.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(fd, 128) || rename(addr.sun_path, WIRE_SOCKET))
		die("socket: %s", strerror(errno));
	return fd;
}

static void read_machine(FILE *from)
{
	char line[1024];

	while (from && fgets(line, sizeof(line), from)) {
		line[strcspn(line, "\n")] = '\0';
		if (control(line))
			die("machine file: %s", line);
	}
	if (from)
		fclose(from);
}

static volatile sig_atomic_t ending;

static void on_term(int signal)
{
	(void)signal;
	ending = 1;
}

static void serve(int listener)
{
	struct pollfd polls[1024];
	size_t n;

	while (!ending) {
		polls[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
		n = 1;
		n += file_poll(polls + n, 700);
		n += process_poll(polls + n, 1024 - n);
		if (poll(polls, n, 1000) < 0 && errno != EINTR)
			die("poll: %s", strerror(errno));
		if (ending)
			break;
		file_sweep();
		process_reap();
		if (polls[0].revents)
			take_call(listener);
	}
}

static int control_client(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = WIRE_SOCKET };
	struct { struct wire_call head; char data[4096]; } out = { .head = { .op = WIRE_CONTROL } };
	struct { struct wire_answer head; char data[WIRE_MAX]; } in = { 0 };
	bool spawn = argc > 3 && strcmp(argv[3], "spawn") == 0;
	int fd;

	if (chdir(argv[2]))
		die("%s: %s", argv[2], strerror(errno));
	if (spawn)
		out.head.op = WIRE_SPAWN;
	else if (argc == 4 && strcmp(argv[3], "state") == 0)
		out.head.op = WIRE_STATE;
	for (int i = spawn ? 4 : 3; i < argc; i++) {
		size_t left = sizeof(out.data) - out.head.size;
		int n = snprintf(out.data + out.head.size, left, "%s", argv[i]);

		if (n < 0 || (size_t)n + 1 >= left)
			die("too long");
		out.head.size += (uint32_t)n;
		/* a program's arguments keep their NUL */
		if (spawn || i + 1 < argc)
			out.data[out.head.size++] = spawn ? '\0' : ' ';
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("no kernel in %s: %s", argv[2], strerror(errno));
	if (send(fd, &out, sizeof(out.head) + out.head.size, MSG_NOSIGNAL) < 0 ||
	    recv(fd, &in, sizeof(in), 0) < (ssize_t)sizeof(in.head))
		die("no answer");
	fputs(in.data, out.head.op == WIRE_STATE ? stdout : stderr);
	if (in.head.ret < 0)
		die("%s", strerror(-in.head.ret));
	return in.head.ret >= WIRE_END ? in.head.ret - WIRE_END : in.head.ret;
}

int main(int argc, char **argv)
{
	FILE *machine;
	int listener;

	if (argc > 3 && strcmp(argv[1], "ctl") == 0)
		return control_client(argc, argv);
	if (argc != 2)
		die("usage: fake-kernel DIR | fake-kernel ctl DIR WORD...");
	if (chdir(argv[1]))
		die("%s: %s", argv[1], strerror(errno));
	machine = fopen("machine", "re");
	calls_begin();
	if (chdir("root"))
		die("%s/root: %s", argv[1], strerror(errno));
	process_bystanders();
	pci_scan();
	read_machine(machine);
	boot_cold();
	if (chdir(".."))
		die("cannot go back");
	/* The socket appears when the machine is ready. */
	listener = listen_here();
	if (chdir("root"))
		die("%s/root: %s", argv[1], strerror(errno));
	signal(SIGTERM, on_term);
	serve(listener);
	process_end_tools();
	/* machine.sh waits until the socket has disappeared. */
	unlink("../" WIRE_SOCKET);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The real kernel: processes and modules. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module.h"
#include "sys-real.h"

/* In the child: no search of a PATH that somebody else may have set. */
static void exec_child(const char *file, char *const argv[])
{
	static const char *const dirs[] = {
		SBINDIR, "/usr/sbin", "/sbin", "/usr/bin", "/bin",
	};
	char path[256];
	size_t i;

	if (file[0] == '/') {
		execv(file, argv);
		return;
	}
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (snprintf(path, sizeof(path), "%s/%s", dirs[i], file) <
		    (int)sizeof(path))
			execv(path, argv);
	}
}

/* In the child: nobody's session, nobody's service. */
static void detach(void)
{
	if (setsid() < 0 || chdir("/") < 0)
		_exit(126);
	/* What a service manager said to the parent is not for the child. */
	unsetenv("NOTIFY_SOCKET");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
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

/* In the child of a process that is about to become another program. */
static void wait_beside(const int pipes[2])
{
	char byte;

	/* a grandchild: what we become may wait for children of its own */
	if (fork() != 0)
		_exit(0);
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 0)
		_exit(0);
	/* and the files that it is to get are not for this one */
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		_exit(126);
}

int real_spawn(struct sys *sys, const char *file, char *const argv[],
		      enum sys_spawn how, char *text, size_t text_size)
{
	int pipes[2] = { -1, -1 };
	int status, null;
	pid_t pid;

	(void)sys;
	if (how != SYS_SPAWN_DETACH && pipe2(pipes, O_CLOEXEC) < 0)
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
		if (how == SYS_SPAWN_BESIDE)
			wait_beside(pipes);
		null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(how == SYS_SPAWN_WAIT ? pipes[1] : null, 1);
		if (how != SYS_SPAWN_BESIDE)
			dup2(how == SYS_SPAWN_WAIT ? pipes[1] : null, 2);
		if (null > 2)
			close(null);
		if (how != SYS_SPAWN_WAIT)
			detach();
		exec_child(file, argv);
		_exit(127);
	}
	if (how == SYS_SPAWN_DETACH)
		return pid;
	if (how == SYS_SPAWN_WAIT) {
		close(pipes[1]);
		collect(pipes[0], text, text_size);
	}
	close(pipes[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (how == SYS_SPAWN_BESIDE)
		return pipes[1];
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int real_reap(struct sys *sys, pid_t pid)
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

int real_take(struct sys *sys, pid_t pid, int fd)
{
	int pidfd, got;

	(void)sys;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return -errno;
	got = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (got < 0)
		got = -errno;
	close(pidfd);
	return got;
}

int real_pass(struct sys *sys, const int *fds, size_t n)
{
	int first = 3 + (int)n, high[64], root;
	size_t i;

	if (n > sizeof(high) / sizeof(high[0]))
		return -E2BIG;
	/* Out of the way of each other, and we out of theirs. */
	root = fcntl(sys->root_fd, F_DUPFD_CLOEXEC, first);
	if (root < 0)
		return -errno;
	close(sys->root_fd);
	sys->root_fd = root;
	for (i = 0; i < n; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, first);
		if (high[i] < 0)
			return -errno;
	}
	for (i = 0; i < n; i++)
		if (dup2(high[i], 3 + (int)i) < 0)
			return -errno;
	/* What our own caller left open is not for the program either. */
	if (close_range((unsigned int)first, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int real_load_module(struct sys *sys, const char *name)
{
	(void)sys;
	return module_load(name);
}

uid_t real_euid(struct sys *sys)
{
	(void)sys;
	return geteuid();
}

int real_max_files(struct sys *sys)
{
	struct rlimit limit;

	(void)sys;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -errno;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			return -errno;
	}
	return limit.rlim_cur < INT_MAX ? (int)limit.rlim_cur : INT_MAX;
}

int real_harden(struct sys *sys)
{
	static const int deaf[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	size_t i;

	(void)sys;
	for (i = 0; i < sizeof(deaf) / sizeof(deaf[0]); i++)
		signal(deaf[i], SIG_IGN);
	/* Its pages may be on a disk that is unmounted before the jump. */
	return mlockall(MCL_CURRENT | MCL_FUTURE) < 0 ? -errno : 0;
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
	.size = real_size,
	.list = real_list,
	.mkdir = real_mkdir,
	.replace = real_replace,
	.unlink = real_unlink,
	.lock = real_lock,
	.write_start = real_write_start,
	.write_end = real_write_end,
	.write_leave = real_write_leave,
	.memfd = real_memfd,
	.listen = real_listen,
	.connect = real_connect,
	.accept = real_accept,
	.send = real_send,
	.recv = real_recv,
	.sync = real_sync,
	.wait = real_wait,
	.spawn = real_spawn,
	.load_module = real_load_module,
	.reap = real_reap,
	.take = real_take,
	.pass = real_pass,
	.euid = real_euid,
	.together = real_together,
	.max_files = real_max_files,
	.harden = real_harden,
};

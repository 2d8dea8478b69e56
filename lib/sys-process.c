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

int real_spawn(struct sys *sys, const char *file, char *const argv[],
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
		if (how == SYS_SPAWN_DETACH)
			detach();
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

/* -------------------------------------------------- writes in a child */

/*
 * A child that the kernel keeps may outlive us for days: our lock, our output
 * and the files of others must not live as long.
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

static void __attribute__((noreturn))
write_in_child(struct sys *sys, int keep, int out, const char *path, const void *data,
	       size_t size)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), file, ret;
	ssize_t n;

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	/* nor is a signal to our parent's terminal meant for it */
	setsid();
	sys_near(sys, NULL);
	close_others((int[]){ sys->root_fd, keep, out }, 3);
	file = sys_open(sys, path, O_WRONLY);
	n = file;
	if (file >= 0) {
		n = sys_write(sys, file, data, size);
		ret = sys_close(sys, file);
		if (ret && n >= 0)
			n = ret;
	}
	/* nobody may be there any more to read it */
	_exit(write(out, &n, sizeof(n)) != sizeof(n));
}

int writer_start(struct sys *sys, int keep, const char *path, const void *data,
		 size_t size, pid_t *ret_pid)
{
	int pipes[2], ret;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		write_in_child(sys, keep, pipes[1], path, data, size);
	ret = pid < 0 ? -errno : pipes[0];
	close(pipes[1]);
	if (pid < 0)
		close(pipes[0]);
	*ret_pid = pid;
	return ret;
}

int real_write_start(struct sys *sys, const char *path, const void *data,
		     size_t size, pid_t *ret_pid)
{
	return writer_start(sys, -1, path, data, size, ret_pid);
}

ssize_t real_write_end(struct sys *sys, int fd, pid_t pid)
{
	ssize_t result, n;

	(void)sys;
	do
		n = read(fd, &result, sizeof(result));
	while (n < 0 && errno == EINTR);
	close(fd);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	/* it was killed before it could say */
	return n == sizeof(result) ? result : -EIO;
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
	.max_files = real_max_files,
	.harden = real_harden,
};

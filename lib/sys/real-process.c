/* SPDX-License-Identifier: GPL-2.0-only */
/* The real kernel: processes, threads and modules. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "module.h"
#include "sys/real.h"

/* Runs in the child. Searches fixed directories, not the caller's PATH. */
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

/*
 * Runs in the child, which outlives the caller: leaves the caller's session and closes the
 * caller's files, so that a lock in a calling script is released.
 */
static void detach(void)
{
	if (setsid() < 0 || chdir("/") < 0 || close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		_exit(126);
	/* The notification socket of the parent's service is not for the child. */
	unsetenv("NOTIFY_SOCKET");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}

static void collect(int fd, char *text, size_t size)
{
	size_t used = 0;
	char rest[256];
	bool fits;
	ssize_t n;

	do {
		fits = text && used + 1 < size;
		n = fits ? read(fd, text + used, size - 1 - used) : read(fd, rest, sizeof(rest));
		if (fits && n > 0)
			used += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (text && size)
		text[used] = '\0';
}

/* Runs in a child of a process that is about to execute another program. */
static void wait_beside(const int pipes[2])
{
	char byte;

	/* a grandchild, since that program may wait for its own children */
	if (fork() != 0)
		_exit(0);
	close(pipes[1]);
	if (read(pipes[0], &byte, 1) != 0)
		_exit(0);
}

static void __attribute__((noreturn))
be_child(const char *file, char *const argv[], enum sys_spawn how, const int pipes[2])
{
	sigset_t none;
	int null;

	/* The child does not inherit blocked signals. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (how == SYS_SPAWN_BESIDE)
		wait_beside(pipes);
	null = open("/dev/null", O_RDWR);
	if (null < 0 && how == SYS_SPAWN_DETACH)
		_exit(126);	/* it would keep the caller's terminal */
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

static int spawn(const char *file, char *const argv[], enum sys_spawn how, char *text,
		 size_t text_size)
{
	int pipes[2] = { -1, -1 };
	int status;
	pid_t pid;

	if (how != SYS_SPAWN_DETACH && pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		be_child(file, argv, how, pipes);
	if (pid < 0) {
		status = -errno;
		if (pipes[0] >= 0) {
			close(pipes[0]);
			close(pipes[1]);
		}
		return status;
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

int real_spawn(struct sys *sys, const char *file, char *const argv[],
		      enum sys_spawn how, char *text, size_t text_size)
{
	struct sigaction wanted = { .sa_handler = SIG_DFL }, before;
	bool ignored;
	int ret;

	(void)sys;
	/* If SIGCHLD is ignored, which exec inherits, a child's exit status is not available. */
	ignored = sigaction(SIGCHLD, NULL, &before) == 0 &&
		  (before.sa_handler == SIG_IGN || (before.sa_flags & SA_NOCLDWAIT));
	if (ignored)
		sigaction(SIGCHLD, &wanted, NULL);
	ret = spawn(file, argv, how, text, text_size);
	if (ignored)
		sigaction(SIGCHLD, &before, NULL);
	return ret;
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
	/*
	 * First duplicate each file to a number above the targets, so that no dup2() below
	 * overwrites one.
	 */
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
	/* The program also inherits no file that was open when vfio-lu started. */
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
	static const int deaf[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE };
	size_t i;

	(void)sys;
	for (i = 0; i < sizeof(deaf) / sizeof(deaf[0]); i++)
		signal(deaf[i], SIG_IGN);
	/* Its program file may be on a disk that is unmounted before the kexec. */
	return mlockall(MCL_CURRENT | MCL_FUTURE) < 0 ? -errno : 0;
}

struct work {
	void (*fn)(void *arg);
	void *arg;
};

static void *work(void *arg)
{
	const struct work *todo = arg;

	todo->fn(todo->arg);
	return NULL;
}

void real_together(struct sys *sys, size_t n, void (*fn)(void *arg), void *arg)
{
	struct work todo = { .fn = fn, .arg = arg };
	pthread_t threads[SYS_THREADS - 1];
	sigset_t every, before;
	size_t have;

	(void)sys;
	/* Signals are for the caller's threads. */
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	for (have = 0; have + 1 < n && have + 1 < SYS_THREADS; have++)
		if (pthread_create(&threads[have], NULL, work, &todo))
			break;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	fn(arg);
	while (have-- > 0)
		pthread_join(threads[have], NULL);
}

int real_follow(struct sys *sys, int dir)
{
	struct stat was, is;
	int root;

	if (!sys->root_is_slash)
		return 0;
	if (fstat(dir, &was) < 0)
		return -errno;
	if (stat("/dev", &is) == 0 && is.st_dev == was.st_dev && is.st_ino == was.st_ino)
		return 0;
	/* dir is the root of a mount; ".." leaves that mount */
	if (fchdir(dir) < 0 || chroot("..") < 0 || chdir("/") < 0)
		return -errno;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	close(sys->root_fd);
	sys->root_fd = root;
	return 0;
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
	.node = real_node,
	.claim = real_claim,
	.size = real_size,
	.stamp = real_stamp,
	.list = real_list,
	.mkdir = real_mkdir,
	.replace = real_replace,
	.unlink = real_unlink,
	.lock = real_lock,
	.write_start = real_write_start,
	.write_end = real_write_end,
	.write_leave = real_write_leave,
	.writers_end = real_writers_end,
	.memfd = real_memfd,
	.listen = real_listen,
	.connect = real_connect,
	.accept = real_accept,
	.send = real_send,
	.recv = real_recv,
	.sync = real_sync,
	.wait = real_wait,
	.pipe = real_pipe,
	.notify_socket = real_notify_socket,
	.journal = real_journal,
	.spawn = real_spawn,
	.load_module = real_load_module,
	.reap = real_reap,
	.start = real_start,
	.end = real_end,
	.take = real_take,
	.pass = real_pass,
	.euid = real_euid,
	.now = real_now,
	.together = real_together,
	.max_files = real_max_files,
	.harden = real_harden,
	.follow = real_follow,
};

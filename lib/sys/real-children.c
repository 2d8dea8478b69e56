/* SPDX-License-Identifier: GPL-2.0-only */
/* The real kernel: child processes that end when this process ends. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/real.h"

#define CHILD_FILES	16

static void __attribute__((noreturn))
be_helper(const char *path, char *const argv[], const int *fds, size_t n, pid_t parent)
{
	int high[CHILD_FILES];
	sigset_t none;
	size_t i;

	/* The parent may have ended before prctl() took effect. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || setpgid(0, 0) < 0)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (i = 0; i < n; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, CHILD_FILES);
		if (high[i] < 0)
			_exit(126);
	}
	for (i = 0; i < n; i++)
		if (dup2(high[i], (int)i) < 0)
			_exit(126);
	if (close_range((unsigned int)n, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		_exit(126);
	execv(path, argv);
	_exit(127);
}

int real_start(struct sys *sys, const char *path, char *const argv[], const int *fds, size_t n)
{
	pid_t parent = getpid(), pid;

	(void)sys;
	if (n > CHILD_FILES)
		return -E2BIG;
	pid = fork();
	if (pid == 0)
		be_helper(path, argv, fds, n, parent);
	return pid < 0 ? -errno : pid;
}

int real_end(struct sys *sys, pid_t pid)
{
	int status;

	(void)sys;
	/* If its process group does not exist yet, it has no children either. */
	if (kill(-pid, SIGKILL) < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

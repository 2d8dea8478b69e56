// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kill.h"

#define LOCK	"/run/vfio-lu/lock"

static const struct sys_ops *ops;
static struct sys_ops counting;
static unsigned long calls, first, kill_at;
static pid_t self;

static void count(bool changes)
{
	if (getpid() != self)
		return;
	calls++;
	if (changes && !first)
		first = calls;
	if (calls == kill_at)
		kill(self, SIGKILL);
}

static int count_open(struct sys *sys, const char *path, int flags)
{
	count(false);
	return ops->open(sys, path, flags);
}

static ssize_t count_readlink(struct sys *sys, const char *path, char *buf, size_t size)
{
	count(false);
	return ops->readlink(sys, path, buf, size);
}

static int count_replace(struct sys *sys, const char *path, const void *data, size_t size)
{
	count(true);
	return ops->replace(sys, path, data, size);
}

static int count_unlink(struct sys *sys, const char *path)
{
	count(true);
	return ops->unlink(sys, path);
}

static int count_write_start(struct sys *sys, const char *path, const void *data,
			     size_t size, pid_t *ret_pid)
{
	count(true);
	return ops->write_start(sys, path, data, size, ret_pid);
}

static ssize_t count_write_end(struct sys *sys, int fd)
{
	count(false);
	return ops->write_end(sys, fd);
}

static int count_wait(struct sys *sys, const int *fds, size_t nfds, int msec)
{
	count(false);
	return ops->wait(sys, fds, nfds, msec);
}

/* -------------------------------------------------------------- the lock */

/* Returns FILE of FAKE_LOCK=WHEN:FILE, or NULL if WHEN is another time or the halt is over. */
static const char *halt_file(const char *when)
{
	const char *order = getenv("FAKE_LOCK");
	size_t len = strlen(when);
	static bool over;

	if (over || !order || strncmp(order, when, len) || order[len] != ':')
		return NULL;
	over = true;
	return order + len + 1;
}

static void make_file(const char *file)
{
	int fd = file ? open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd >= 0)
		close(fd);
}

static void halt(const char *file)
{
	make_file(file);
	while (file && access(file, F_OK) == 0)
		usleep(5000);
}

static int halting_lock(struct sys *sys, const char *path)
{
	int fd;

	if (strcmp(path, LOCK))
		return ops->lock(sys, path);
	halt(halt_file("before"));
	fd = ops->lock(sys, path);
	if (fd >= 0)
		halt(halt_file("after"));
	else if (fd == -EWOULDBLOCK)
		make_file(halt_file("busy"));
	return fd;
}

const struct sys_ops *kill_ops(const struct sys_ops *below)
{
	const char *at = getenv("FAKE_KILL");

	if (!at && !getenv("FAKE_CALLS") && !getenv("FAKE_LOCK"))
		return below;
	self = getpid();
	kill_at = at ? strtoul(at, NULL, 10) : 0;
	ops = below;
	counting = *below;
	counting.open = count_open;
	counting.readlink = count_readlink;
	counting.replace = count_replace;
	counting.unlink = count_unlink;
	counting.write_start = count_write_start;
	counting.write_end = count_write_end;
	counting.wait = count_wait;
	counting.lock = halting_lock;
	return &counting;
}

void kill_report(void)
{
	const char *path = getenv("FAKE_CALLS");
	FILE *file = path ? fopen(path, "we") : NULL;

	if (!file)
		return;
	fprintf(file, "calls %lu\nfirst %lu\n", calls, first);
	fclose(file);
}

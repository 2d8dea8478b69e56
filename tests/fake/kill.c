// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kill.h"

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

const struct sys_ops *kill_ops(const struct sys_ops *below)
{
	const char *at = getenv("FAKE_KILL");

	if (!at && !getenv("FAKE_CALLS"))
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

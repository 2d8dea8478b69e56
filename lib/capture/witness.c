/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/witness.h"

struct witness {
	struct sys_ops ops;	/* the real calls, with the witness's own for reading */
	const struct sys_ops *inner;
	struct sys *sys;
	char *lines;
	size_t size;
	FILE *out;
	bool failed;
};

static bool is_kernels_own(const char *path)
{
	static const char *const places[] = { "/sys", "/proc", "/dev" };
	size_t i, len;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		len = strlen(places[i]);
		if (strncmp(path, places[i], len) == 0 && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

/* A file that does not exist has a stamp too: its errno, "-2". */
static void stamp(struct sys *sys, const struct sys_ops *ops, const char *path, char buf[SYS_STAMP])
{
	int ret = ops->stamp(sys, path, buf);

	if (ret)
		snprintf(buf, SYS_STAMP, "%d", ret);
}

/* Takes the stamp before the file is read, so that a later write changes the stamp. */
static struct witness *see(struct sys *sys, const char *path)
{
	struct witness *witness = sys->witness;
	char is[SYS_STAMP], *line = NULL;

	if (is_kernels_own(path))
		return witness;
	stamp(sys, witness->inner, path, is);
	witness->failed |= strchr(path, '\n') || fflush(witness->out) ||
			   asprintf(&line, "%s %s\n", is, path) < 0;
	if (!witness->failed && !strstr(witness->lines, line))
		witness->failed = fputs(line, witness->out) < 0;
	free(line);
	return witness;
}

static int see_open(struct sys *sys, const char *path, int flags)
{
	return see(sys, path)->inner->open(sys, path, flags);
}

static ssize_t see_readlink(struct sys *sys, const char *path, char *buf, size_t size)
{
	return see(sys, path)->inner->readlink(sys, path, buf, size);
}

static int see_mode(struct sys *sys, const char *path)
{
	return see(sys, path)->inner->mode(sys, path);
}

static off_t see_size(struct sys *sys, const char *path)
{
	return see(sys, path)->inner->size(sys, path);
}

static int see_list(struct sys *sys, const char *path, int (*fn)(void *arg, const char *name),
		    void *arg)
{
	return see(sys, path)->inner->list(sys, path, fn, arg);
}

int witness_start(struct sys *sys, struct witness **ret_witness)
{
	struct witness *witness = calloc(1, sizeof(*witness));

	if (!witness)
		return -ENOMEM;
	witness->out = open_memstream(&witness->lines, &witness->size);
	if (!witness->out) {
		free(witness);
		return -ENOMEM;
	}
	witness->sys = sys;
	witness->inner = sys->ops;
	witness->ops = *sys->ops;
	witness->ops.open = see_open;
	witness->ops.readlink = see_readlink;
	witness->ops.mode = see_mode;
	witness->ops.size = see_size;
	witness->ops.list = see_list;
	/* the lines are written by one thread */
	witness->ops.together = NULL;
	sys->ops = &witness->ops;
	sys->witness = witness;
	*ret_witness = witness;
	return 0;
}

char *witness_stop(struct witness *witness)
{
	bool failed = fclose(witness->out) || witness->failed;
	char *lines = witness->lines;

	witness->sys->ops = witness->inner;
	witness->sys->witness = NULL;
	free(witness);
	if (!failed)
		return lines;
	free(lines);
	return NULL;
}

bool witness_holds(struct sys *sys, const char *lines)
{
	char is[SYS_STAMP], path[4096];
	const char *end, *blank;

	for (; *lines; lines = end + 1) {
		end = strchr(lines, '\n');
		blank = strchr(lines, ' ');
		if (!end || !blank || blank > end || end - blank > (ptrdiff_t)sizeof(path))
			return false;
		snprintf(path, sizeof(path), "%.*s", (int)(end - blank - 1), blank + 1);
		stamp(sys, sys->ops, path, is);
		if (strlen(is) != (size_t)(blank - lines) || memcmp(is, lines, strlen(is)) != 0)
			return false;
	}
	return true;
}

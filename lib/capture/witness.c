/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "capture/witness.h"
#include "machine/device.h"

#define ANSWER	128
/*
 * Of a configuration space, which may have 4 KiB, only the first 64 bytes are used
 * (machine/device.c). Each read of a register waits for the device, so no others are read.
 */
#define CONFIG_HEAD	64
/* From this size on, reading a file again takes too long, so its stamp is compared instead. */
#define LARGE	(64 << 10)
/* Nanoseconds. Two writes closer together may leave the same stamp. */
#define SETTLED	INT64_C(2000000000)

/* What the gate can be asked about a path. */
enum question {
	CONTENT = 'c', STAMP = 't', LINK = 'l', MODE = 'm', NODE = 'n', SIZE = 's', NAMES = 'd',
	HEAD = 'h',
};

struct witness {
	struct sys_ops ops;	/* the real calls, with the witness's own for reading */
	struct sys machine;	/* without the witness */
	struct sys *sys;
	void *seen;		/* the lines, for tsearch(3) */
	bool failed;
};

/* -------------------------------------------------------------- answers */

static long sum_content(struct sys *machine, const char *path, size_t max, unsigned long *sum)
{
	unsigned char buf[1 << 16];
	int fd = sys_open(machine, path, O_RDONLY);
	size_t size = 0, piece;
	ssize_t n = 0;

	if (fd < 0)
		return fd;
	while (size < max) {
		piece = max - size < sizeof(buf) ? max - size : sizeof(buf);
		n = sys_read(machine, fd, buf, piece);
		if (n <= 0)
			break;
		*sum = crc32(*sum, buf, (unsigned int)n);
		size += (size_t)n;
	}
	sys_close(machine, fd);
	return n < 0 ? n : (long)size;
}

/* The order of the names does not matter. */
static int sum_name(void *arg, const char *name)
{
	*(unsigned long *)arg += crc32(0, (const unsigned char *)name, (unsigned int)strlen(name));
	return 0;
}

/* The st_size of a file that the kernel generates, as in /proc, is not large. */
static bool has_stamp(struct sys *machine, const char *path)
{
	struct sys_stamp stamp;
	struct sys_time now;

	if (sys_stamp(machine, path, &stamp) || stamp.size < LARGE)
		return false;
	sys_now(machine, &now);
	return now.wall - stamp.changed > SETTLED;
}

/* sysfs has files, directories and links only, and a read of any of them can be repeated. */
static bool is_sysfs(const char *path)
{
	return strncmp(path, "/sys/", 5) == 0;
}

/* Returns false if the question cannot be repeated: reading a device node may consume data. */
static bool answer(struct sys *machine, enum question question, const char *path, char buf[ANSWER])
{
	bool plain = is_sysfs(path);
	int mode = question == MODE || (question == CONTENT && !plain) ? sys_mode(machine, path) : 0;
	struct sys_stamp stamp = { 0 };
	char target[PATH_MAX];
	unsigned long sum = 0;
	dev_t number = 0;
	long ret = mode;

	switch (question) {
	case CONTENT:
		if (mode > 0 && !S_ISREG(mode) && !S_ISDIR(mode))
			return false;
		if (plain || (S_ISREG(mode) && mode >= 0))
			ret = sum_content(machine, path, SIZE_MAX, &sum);
		break;
	case HEAD:
		ret = sum_content(machine, path, CONFIG_HEAD, &sum);
		break;
	case STAMP:
		ret = sys_stamp(machine, path, &stamp);
		snprintf(buf, ANSWER, "%ld:%jx:%jx:%jd:%jd:%jd", ret, (uintmax_t)stamp.device,
			 (uintmax_t)stamp.inode, (intmax_t)stamp.size, (intmax_t)stamp.modified,
			 (intmax_t)stamp.changed);
		return true;
	case LINK:
		ret = sys_readlink(machine, path, target, sizeof(target));
		if (ret > 0)
			sum = crc32(0, (unsigned char *)target, (unsigned int)ret);
		break;
	case NODE:
		ret = sys_node(machine, path, &number);
		sum = number;
		break;
	case SIZE:
		ret = sys_size(machine, path);
		break;
	case NAMES:
		ret = sys_list(machine, path, sum_name, &sum);
		break;
	case MODE:
		break;
	}
	snprintf(buf, ANSWER, "%ld:%lx", ret, sum);
	return true;
}

/* ------------------------------------------------------------- questions */

/* Returns the rest of the line, which begins with the blank before the path. */
static const char *path_of(const char *line)
{
	return strchrnul(line + 2, ' ');
}

/* By path, so that the lines of a device follow each other. */
static int compare(const void *a, const void *b)
{
	int order = strcmp(path_of(a), path_of(b));

	return order ? order : strcmp(a, b);
}

/* Processes come and go, and none outlives the kexec that the decision is about. */
static bool is_of_process(const char *path)
{
	return strcmp(path, "/proc") == 0 || strcmp(path, "/proc/") == 0 ||
	       strcmp(path, "/proc/self") == 0 ||
	       (strncmp(path, "/proc/", 6) == 0 && path[6] >= '0' && path[6] <= '9');
}

/* Notes the answer before the caller reads, so that a change during the read is noticed. */
static struct witness *see(struct sys *sys, enum question question, const char *path)
{
	struct witness *witness = sys->witness;
	char is[ANSWER], *line, **found;

	if (is_of_process(path))
		return witness;
	if (strchr(path, '\n') || !answer(&witness->machine, question, path, is) ||
	    asprintf(&line, "%c %s %s\n", question, is, path) < 0) {
		witness->failed = true;
		return witness;
	}
	found = tsearch(line, &witness->seen, compare);
	if (!found || *found != line)
		free(line);
	witness->failed |= !found;
	return witness;
}

static bool is_config_space(const char *path)
{
	const char *end = strrchr(path, '/');

	return end && strcmp(end, "/config") == 0 &&
	       strncmp(path, PCI_DEVICES "/", strlen(PCI_DEVICES "/")) == 0;
}

static int see_open(struct sys *sys, const char *path, int flags)
{
	enum question question = is_config_space(path) ? HEAD :
				 has_stamp(&sys->witness->machine, path) ? STAMP : CONTENT;

	return see(sys, question, path)->machine.ops->open(sys, path, flags);
}

static ssize_t see_readlink(struct sys *sys, const char *path, char *buf, size_t size)
{
	return see(sys, LINK, path)->machine.ops->readlink(sys, path, buf, size);
}

static int see_mode(struct sys *sys, const char *path)
{
	return see(sys, MODE, path)->machine.ops->mode(sys, path);
}

static int see_node(struct sys *sys, const char *path, dev_t *ret_number)
{
	return see(sys, NODE, path)->machine.ops->node(sys, path, ret_number);
}

static off_t see_size(struct sys *sys, const char *path)
{
	return see(sys, SIZE, path)->machine.ops->size(sys, path);
}

static int see_list(struct sys *sys, const char *path, int (*fn)(void *arg, const char *name),
		    void *arg)
{
	return see(sys, NAMES, path)->machine.ops->list(sys, path, fn, arg);
}

/* ------------------------------------------------------------- start, end */

int witness_start(struct sys *sys, struct witness **ret_witness)
{
	struct witness *witness = calloc(1, sizeof(*witness));

	if (!witness)
		return -ENOMEM;
	sys_view(sys, &witness->machine);
	witness->sys = sys;
	witness->ops = *sys->ops;
	witness->ops.open = see_open;
	witness->ops.readlink = see_readlink;
	witness->ops.mode = see_mode;
	if (sys->ops->node)
		witness->ops.node = see_node;
	if (sys->ops->size)
		witness->ops.size = see_size;
	witness->ops.list = see_list;
	/* the lines are noted by one thread */
	witness->ops.together = NULL;
	sys->ops = &witness->ops;
	sys->witness = witness;
	*ret_witness = witness;
	return 0;
}

static void put_line(const void *node, VISIT visit, void *out)
{
	if (visit == postorder || visit == leaf)
		fputs(*(char *const *)node, out);
}

char *witness_stop(struct witness *witness)
{
	char *lines = NULL;
	size_t size;
	FILE *out = witness->failed ? NULL : open_memstream(&lines, &size);

	if (out) {
		twalk_r(witness->seen, put_line, out);
		if (ferror(out) | fclose(out)) {
			free(lines);
			lines = NULL;
		}
	}
	witness->sys->ops = witness->machine.ops;
	witness->sys->witness = NULL;
	tdestroy(witness->seen, free);
	free(witness);
	return lines;
}

/*
 * Calls sys_near() for the directory of the device in path: resolving its link takes longer than
 * resolving the rest of the path. dir: on entry the directory of the previous call, on return that of
 * this one; "": none.
 */
static void near_device(struct sys *machine, const char *path, char dir[64])
{
	const size_t len = strlen(PCI_DEVICES "/");
	const char *slash = strncmp(path, PCI_DEVICES "/", len) == 0 ? strchr(path + len, '/') : NULL;
	size_t size = slash && slash - path < 64 ? (size_t)(slash - path) : 0;

	if (strlen(dir) == size && strncmp(path, dir, size) == 0)
		return;
	if (*dir)
		sys_near(machine, NULL, NULL);
	memcpy(dir, path, size);
	dir[size] = '\0';
	if (*dir)
		sys_near(machine, dir, NULL);
}

static bool line_holds(struct sys *machine, const char *line, const char *end, char dir[64])
{
	char is[ANSWER], path[PATH_MAX];
	const char *blank = end - line > 2 ? memchr(line + 2, ' ', (size_t)(end - line - 2)) : NULL;

	if (!blank || end - blank > (ptrdiff_t)sizeof(path))
		return false;
	memcpy(path, blank + 1, (size_t)(end - blank - 1));
	path[end - blank - 1] = '\0';
	near_device(machine, path, dir);
	return answer(machine, (enum question)line[0], path, is) &&
	       strlen(is) == (size_t)(blank - line - 2) && memcmp(is, line + 2, strlen(is)) == 0;
}

bool witness_holds(const struct sys *sys, const char *lines)
{
	struct sys machine;
	const char *end;
	char dir[64] = "";
	bool holds = true;

	sys_view(sys, &machine);
	for (; holds && (end = strchr(lines, '\n')); lines = end + 1)
		holds = line_holds(&machine, lines, end, dir);
	near_device(&machine, "", dir);
	return holds && !*lines;
}

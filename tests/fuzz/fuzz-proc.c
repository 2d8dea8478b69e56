// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of /proc and sysfs with content that no kernel would write. First each parser gets the input,
 * then a whole check runs on a machine in which every file has the input as its content.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "vfio-lu-inspect.h"
#include "inuse/uses.h"
#include "machine/interrupts.h"
#include "machine/kernel-log.h"
#include "machine/processes.h"

struct input {
	const uint8_t *data;
	size_t size;
	size_t at;	/* position in the open file; only one file is open at a time */
};

/* A static, because the operations get no argument of ours. There is one input at a time. */
static struct input input;

static int fake_open(struct sys *sys, const char *path, int flags)
{
	(void)sys, (void)path;
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	input.at = 0;
	return 1000;
}

static ssize_t fake_pread(struct sys *sys, int fd, void *buf, size_t size, off_t offset)
{
	size_t left = (size_t)offset < input.size ? input.size - (size_t)offset : 0;

	(void)sys, (void)fd;
	if (size > left)
		size = left;
	if (size)
		memcpy(buf, input.data + offset, size);
	return (ssize_t)size;
}

static ssize_t fake_read(struct sys *sys, int fd, void *buf, size_t size)
{
	ssize_t n = fake_pread(sys, fd, buf, size, (off_t)input.at);

	input.at += (size_t)n;
	return n;
}

static int fake_close(struct sys *sys, int fd)
{
	(void)sys, (void)fd;
	return 0;
}

/* Copies a line of the input; the path chooses which. */
static size_t some_line(const char *path, char *buf, size_t size)
{
	const uint8_t *p = input.data, *end = p + input.size, *eol;
	size_t skip = 0, n;

	for (; *path; path++)
		skip = (skip * 31 + (unsigned char)*path) % 7;
	for (;; p = eol + 1) {
		eol = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
		if (!eol || !skip--)
			break;
	}
	if (!eol)
		eol = end;
	n = p < eol ? (size_t)(eol - p) : 0;
	if (n >= size)
		n = size - 1;
	if (n)
		memcpy(buf, p, n);
	buf[n] = '\0';
	return strlen(buf);
}

static ssize_t fake_readlink(struct sys *sys, const char *path, char *buf, size_t size)
{
	char line[512];
	size_t n = some_line(path, line, sizeof(line));

	(void)sys;
	if (!n)
		return -ENOENT;
	if (n >= size)
		return -ENAMETOOLONG;
	memcpy(buf, line, n + 1);
	return (ssize_t)n;
}

static int fake_mode(struct sys *sys, const char *path)
{
	(void)sys;
	return strlen(path) % 3 ? 0100644 : -ENOENT;
}

static int fake_list(struct sys *sys, const char *path,
		     int (*fn)(void *arg, const char *name), void *arg)
{
	static const char *const names[] = {
		"0000:01:00.0", "dm-0", "loop1", "nvme0", "eth0", "fb0", "7",
	};
	char line[64];
	size_t i;
	int ret = 0;

	(void)sys;
	for (i = 0; !ret && i < ARRAY_SIZE(names); i++)
		ret = fn(arg, names[i]);
	if (!ret && some_line(path, line, sizeof(line)) && !strchr(line, '/'))
		ret = fn(arg, line);
	return ret;
}

static int fake_connect(struct sys *sys, const char *path)
{
	(void)sys, (void)path;
	return -ENOENT;
}

static uid_t fake_euid(struct sys *sys)
{
	(void)sys;
	return 0;
}

static const struct sys_ops ops = {
	.open = fake_open, .read = fake_read, .pread = fake_pread, .close = fake_close,
	.readlink = fake_readlink, .mode = fake_mode, .list = fake_list,
	.connect = fake_connect, .euid = fake_euid,
};

static void parse_lines(const char *text, size_t size)
{
	const char *end = text + size, *p, *next;
	struct mount mount;
	struct route route;
	char path[256];

	for (p = text; p < end; p = next) {
		next = next_line(p, end);
		mount_parse(p, next, &mount);
		swap_parse(p, next, path);
		pppoe_parse(p, next, path);
		route4_parse(p, next, &route);
		route6_parse(p, next, &route);
		address6_parse(p, next, &route);
	}
}

static void parse_whole(const char *text, size_t size)
{
	struct proc_file file = { 0 };
	struct vlu_bdf bdf;
	char line[256];

	pool_end(irqs_parse(text, size));
	pool_end(klog_parse(text, size));
	(void)proc_fdinfo_parse(text, size, &bdf);
	(void)proc_path_bdf(text, size, &bdf);
	some_line("", line, sizeof(line));
	(void)proc_link_parse(line, &file);
}

static void check_machine(void)
{
	const struct vlu_bdf bdf = { 0, 1, 0, 0 };
	struct vlu_handover *handover;
	struct vlu_report *report;
	struct vlu_device *dev;
	struct vlu_ctx *ctx;
	int64_t number;
	char text[48];

	if (vlu_new_sys(&ops, "/", &ctx))
		return;
	vlu_set_read_only(ctx);
	if (attr_number(ctx, &number, "/x") == 0)
		(void)number;
	if (attr_read(ctx, text, sizeof(text), "/x") >= 0)
		(void)strlen(text);
	if (vlu_device_find(ctx, bdf, &dev) == 0 && vlu_check_device(dev, &report) == 0) {
		(void)vlu_report_verdict(report);
		vlu_report_free(report);
	}
	if (vlu_handover_read(ctx, NULL, &handover) == 0)
		vlu_handover_free(handover);
	vlu_free(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);

	if (!text)
		return 0;
	/* no NUL follows, because the parsers get a size */
	if (size)
		memcpy(text, data, size);
	input = (struct input){ .data = data, .size = size };
	parse_lines(text, size);
	parse_whole(text, size);
	free(text);
	check_machine();
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <limits.h>

#include "attr.h"

static int __attribute__((format(printf, 2, 0)))
format_path(char path[PATH_MAX], const char *fmt, va_list args)
{
	int n = vsnprintf(path, PATH_MAX, fmt, args);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int read_text(struct vlu_ctx *ctx, const char *path, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n = 0;
	int fd;

	fd = sys_open(&ctx->sys, path, O_RDONLY);
	if (fd < 0)
		return fd;
	while (used < size) {
		n = sys_read(&ctx->sys, fd, buf + used, size - used);
		if (n <= 0)
			break;
		used += (size_t)n;
		/*
		 * sysfs and procfs return an attribute in one read. The text ends at a
		 * newline, so a further read, which would return 0, is not needed.
		 */
		if (buf[used - 1] == '\n')
			break;
	}
	sys_close(&ctx->sys, fd);
	if (n < 0)
		return (int)n;
	if (used && buf[used - 1] == '\n')
		used--;
	else if (used == size)
		return -EOVERFLOW;
	buf[used] = '\0';
	return (int)used;
}

int attr_read(struct vlu_ctx *ctx, char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list args;
	int ret;

	va_start(args, fmt);
	ret = format_path(path, fmt, args);
	va_end(args);
	return ret ? ret : read_text(ctx, path, buf, size);
}

int attr_number(struct vlu_ctx *ctx, int64_t *ret_number, const char *fmt, ...)
{
	char path[PATH_MAX], text[32], *end;
	va_list args;
	long long number;
	int ret;

	va_start(args, fmt);
	ret = format_path(path, fmt, args);
	va_end(args);
	if (!ret)
		ret = read_text(ctx, path, text, sizeof(text));
	if (ret < 0)
		return ret;
	errno = 0;
	number = strtoll(text, &end, 0);
	if (errno || end == text || *end)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

int attr_link(struct vlu_ctx *ctx, char *buf, size_t size, const char *fmt, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *base;
	va_list args;
	ssize_t n;
	int ret;

	va_start(args, fmt);
	ret = format_path(path, fmt, args);
	va_end(args);
	if (ret)
		return ret;
	n = sys_readlink(&ctx->sys, path, target, sizeof(target));
	if (n < 0)
		return (int)n;
	base = strrchr(target, '/');
	base = base ? base + 1 : target;
	return take_text(buf, size, base, strlen(base)) ? (int)strlen(base) : -EOVERFLOW;
}

int attr_write(struct vlu_ctx *ctx, const char *path, const char *value)
{
	size_t size = strlen(value);
	ssize_t n;
	int fd, ret;

	fd = sys_open(&ctx->sys, path, O_WRONLY);
	if (fd < 0)
		return fd;
	n = sys_write(&ctx->sys, fd, value, size);
	ret = sys_close(&ctx->sys, fd);
	if (n < 0)
		return (int)n;
	return (size_t)n != size ? -EIO : ret;
}

static int read_whole(struct vlu_ctx *ctx, const char *path, int flags, size_t max,
		      char **ret_data, size_t *ret_size)
{
	/* devkmsg_read() fails if the record does not fit. No record is longer than 8 KiB. */
	const size_t piece = flags & O_NONBLOCK ? 8192 : 2;
	size_t used = 0, room = 0;
	char *data = NULL, *more;
	ssize_t n;
	int fd;

	fd = sys_open(&ctx->sys, path, O_RDONLY | flags);
	if (fd < 0)
		return fd;
	do {
		if (room - used < piece) {
			room = room ? room * 2 : 2048 + piece;
			more = room > max * 2 + 8192 ? NULL : realloc(data, room);
			if (!more) {
				n = -ENOMEM;
				break;
			}
			data = more;
		}
		n = sys_read(&ctx->sys, fd, data + used, room - used - 1);
		if (n > 0)
			used += (size_t)n;
		if (used > max)
			n = -EFBIG;
		/* EPIPE: records were overwritten meanwhile. EAGAIN: there are no more records now. */
	} while (n > 0 || (n == -EPIPE && flags & O_NONBLOCK));
	sys_close(&ctx->sys, fd);
	if (n < 0 && !(n == -EAGAIN && flags & O_NONBLOCK)) {
		free(data);
		return (int)n;
	}
	data[used] = '\0';
	*ret_data = data;
	*ret_size = used;
	return 0;
}

int any_name(void *arg, const char *name)
{
	(void)arg, (void)name;
	return 1;
}

int attr_read_all(struct vlu_ctx *ctx, const char *path, size_t max,
		  char **ret_data, size_t *ret_size)
{
	return read_whole(ctx, path, 0, max, ret_data, ret_size);
}

int attr_read_records(struct vlu_ctx *ctx, const char *path, size_t max,
		      char **ret_data, size_t *ret_size)
{
	return read_whole(ctx, path, O_NONBLOCK, max, ret_data, ret_size);
}

struct entries {
	size_t n;
	char (*at)[NAME_MAX + 1];
};

static int note_entry(void *arg, const char *name)
{
	struct entries *entries = arg;
	char (*more)[NAME_MAX + 1];

	more = reallocarray(entries->at, entries->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	entries->at = more;
	snprintf(entries->at[entries->n++], sizeof(*more), "%s", name);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

int attr_each(struct vlu_ctx *ctx, const char *dir,
	      int (*fn)(void *arg, const char *name), void *arg)
{
	struct entries entries = { .n = 0 };
	size_t i;
	int ret;

	ret = sys_list(&ctx->sys, dir, note_entry, &entries);
	if (!ret && entries.n)
		qsort(entries.at, entries.n, sizeof(*entries.at), by_name);
	for (i = 0; !ret && i < entries.n; i++)
		ret = fn(arg, entries.at[i]);
	free(entries.at);
	return ret;
}

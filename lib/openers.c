/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>

#include "attr.h"
#include "openers.h"

struct look {
	struct vlu_ctx *ctx;
	bool (*wanted)(const char *link);
	int (*fn)(void *arg, const struct opener *opener);
	void *arg;
	struct openers_seen seen;
	int64_t pid;
	int ret;
};

static int look_at_fd(void *arg, const char *name)
{
	struct look *look = arg;
	char path[64], link[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%lld/fd/%.16s", (long long)look->pid, name);
	if (sys_readlink(&look->ctx->sys, path, link, sizeof(link)) < 0 ||
	    !look->wanted(link))
		return 0;
	look->ret = look->fn(look->arg, &(struct opener){
		.pid = look->pid, .fd = name, .link = link,
	});
	return look->ret != 0;
}

static int look_at_process(void *arg, const char *name)
{
	struct look *look = arg;
	char path[64], *end;
	int ret;

	look->pid = strtoll(name, &end, 10);
	if (*end || look->pid <= 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%lld/fd", (long long)look->pid);
	ret = sys_list(&look->ctx->sys, path, look_at_fd, look);
	if (ret >= 0)
		look->seen.processes++;
	else if (ret == -EACCES || ret == -EPERM)
		look->seen.hidden++;
	return look->ret != 0;
}

int openers_each(struct vlu_ctx *ctx, bool (*wanted)(const char *link),
		 int (*fn)(void *arg, const struct opener *opener), void *arg,
		 struct openers_seen *ret_seen)
{
	struct look look = { .ctx = ctx, .wanted = wanted, .fn = fn, .arg = arg };
	int ret;

	ret = sys_list(&ctx->sys, "/proc", look_at_process, &look);
	*ret_seen = look.seen;
	return look.ret ? look.ret : ret < 0 ? ret : 0;
}

void process_name(struct vlu_ctx *ctx, int64_t pid, char *buf, size_t size)
{
	if (attr_read(ctx, buf, size, "/proc/%lld/comm", (long long)pid) <= 0)
		snprintf(buf, size, "?");
}

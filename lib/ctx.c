/* SPDX-License-Identifier: GPL-2.0-only */
/* The context: what belongs to one user of the library, and its last error. */
#include <time.h>

#include "device.h"
#include "inuse.h"
#include "klog.h"
#include "names.h"
#include "private.h"

int vlu_new_sys(const struct sys_ops *ops, const char *root,
		struct vlu_ctx **ret_ctx)
{
	struct vlu_ctx *ctx = calloc(1, sizeof(*ctx));
	int ret;

	if (!ctx)
		return -ENOMEM;
	ctx->timeout = 10;
	ctx->lock_fd = -1;
	ret = sys_init(&ctx->sys, ops, root);
	if (ret) {
		free(ctx);
		return ret;
	}
	*ret_ctx = ctx;
	return 0;
}

int vlu_new(struct vlu_ctx **ret_ctx)
{
	return vlu_new_sys(&sys_real_ops, "/", ret_ctx);
}

void vlu_free(struct vlu_ctx *ctx)
{
	if (!ctx)
		return;
	devices_drop(ctx);
	inuse_drop(ctx);
	klog_free(ctx->klog);
	names_free(ctx->names);
	if (ctx->lock_fd >= 0)
		sys_close(&ctx->sys, ctx->lock_fd);
	sys_exit(&ctx->sys);
	free(ctx->holder);
	free(ctx);
}

int vlu_set_holder(struct vlu_ctx *ctx, const char *path)
{
	char *copy = strdup(path ? path : "/proc/self/exe");

	if (!copy)
		return vlu_nomem(ctx);
	free(ctx->holder);
	ctx->holder = copy;
	return 0;
}

int vlu_set_root(struct vlu_ctx *ctx, const char *dir)
{
	struct sys sys;
	int ret;

	ret = sys_init(&sys, ctx->sys.ops, dir);
	if (ret)
		return vlu_fail(ctx, VLU_FAILED, ret, "%s: %s", dir, strerror(-ret));
	sys_exit(&ctx->sys);
	ctx->sys = sys;
	/* Even "/" given as a captured tree is only looked at. */
	ctx->sys.read_only = true;
	return 0;
}

void vlu_set_read_only(struct vlu_ctx *ctx)
{
	ctx->sys.read_only = true;
}

void vlu_set_timeout(struct vlu_ctx *ctx, unsigned int seconds)
{
	ctx->timeout = seconds;
}

void vlu_set_log(struct vlu_ctx *ctx, vlu_log_fn fn, void *arg)
{
	ctx->log = fn;
	ctx->log_arg = arg;
}

const char *vlu_error(const struct vlu_ctx *ctx)
{
	return ctx->error;
}

enum vlu_status vlu_status(const struct vlu_ctx *ctx)
{
	return ctx->status;
}

int vlu_fail(struct vlu_ctx *ctx, enum vlu_status status, int err,
	     const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ctx->error, sizeof(ctx->error), fmt, args);
	va_end(args);
	ctx->status = status;
	vlu_log(ctx, VLU_LOG_DEBUG, "%s", ctx->error);
	return err;
}

int vlu_nomem(struct vlu_ctx *ctx)
{
	return vlu_fail(ctx, VLU_FAILED, -ENOMEM, "out of memory");
}

void vlu_log(struct vlu_ctx *ctx, enum vlu_level level, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	if (!ctx->log)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ctx->log(ctx->log_arg, level, text);
}

long long vlu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void vlu_sleep(unsigned int msec)
{
	struct timespec t = { msec / 1000, (long)(msec % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

int vlu_lock(struct vlu_ctx *ctx)
{
	long long deadline = vlu_now() + ctx->timeout * 1000LL;
	int ret;

	if (ctx->lock_depth++)
		return 0;
	ret = sys_mkdir(&ctx->sys, RUN_DIR);
	if (ret) {
		ctx->lock_depth--;
		return vlu_fail(ctx, VLU_FAILED, ret, "cannot make " RUN_DIR ": %s",
				strerror(-ret));
	}
	for (;;) {
		ret = sys_lock(&ctx->sys, RUN_DIR "/lock");
		if (ret >= 0)
			break;
		if (ret != -EWOULDBLOCK || vlu_now() >= deadline)
			break;
		vlu_sleep(20);
	}
	if (ret < 0) {
		ctx->lock_depth--;
		if (ret == -EWOULDBLOCK)
			return vlu_fail(ctx, VLU_BUSY, -EBUSY,
					"another vfio-lu is at work: its lock " RUN_DIR
					"/lock was not free within %u s", ctx->timeout);
		return vlu_fail(ctx, VLU_FAILED, ret, "cannot take " RUN_DIR "/lock: %s",
				strerror(-ret));
	}
	ctx->lock_fd = ret;
	return 0;
}

void vlu_unlock(struct vlu_ctx *ctx)
{
	if (--ctx->lock_depth)
		return;
	sys_close(&ctx->sys, ctx->lock_fd);
	ctx->lock_fd = -1;
}

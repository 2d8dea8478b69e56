/* SPDX-License-Identifier: GPL-2.0-only */
/* The context: the state of one user of the library, and its last failure. */
#include <time.h>

#include "base/cache.h"

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
	cache_end(ctx);
	if (ctx->lock_fd >= 0)
		sys_close(&ctx->sys, ctx->lock_fd);
	sys_exit(&ctx->sys);
	free(ctx->holder);
	free(ctx->rehearsals);
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

int vlu_set_rehearsals(struct vlu_ctx *ctx, const char *dir)
{
	char *copy = dir ? strdup(dir) : NULL;

	if (dir && !copy)
		return vlu_nomem(ctx);
	free(ctx->rehearsals);
	ctx->rehearsals = copy;
	return 0;
}

int vlu_set_root(struct vlu_ctx *ctx, const char *dir)
{
	struct sys sys;
	int ret;

	ret = sys_init(&sys, ctx->sys.ops, dir);
	if (ret)
		return vlu_failed(ctx, ret, "%s", dir);
	cache_end(ctx);
	sys_exit(&ctx->sys);
	ctx->sys = sys;
	/* A captured tree is read-only, even if it is "/". */
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

void vlu_set_stop(struct vlu_ctx *ctx, vlu_stop_fn fn, void *arg)
{
	ctx->stop = fn;
	ctx->stop_arg = arg;
}

void vlu_set_log(struct vlu_ctx *ctx, vlu_log_fn fn, void *arg)
{
	ctx->log = fn;
	ctx->log_arg = arg;
}

int vlu_journal(struct vlu_ctx *ctx, int priority, const char *const *fields, size_t n)
{
	return sys_journal(&ctx->sys, priority, fields, n);
}

const char *vlu_error(const struct vlu_ctx *ctx)
{
	return ctx->failure.text;
}

enum vlu_status vlu_status(const struct vlu_ctx *ctx)
{
	return ctx->failure.status;
}

const struct vlu_problem *vlu_problem(struct vlu_ctx *ctx)
{
	return failure_problem(&ctx->failure, &ctx->told);
}

int vlu_fail(struct vlu_ctx *ctx, unsigned int why, int err, const char *fmt, ...)
{
	struct failure failure = { .err = err, .code = why, .status = failure_status(why) };
	va_list args;

	va_start(args, fmt);
	vsnprintf(failure.text, sizeof(failure.text), fmt, args);
	va_end(args);
	ctx->failure = failure;
	vlu_log(ctx, VLU_LOG_DEBUG, "%s", failure.text);
	return err;
}

int vlu_failed(struct vlu_ctx *ctx, int err, const char *fmt, ...)
{
	bool denied = (err == -EACCES || err == -EPERM) && sys_euid(&ctx->sys) != 0;
	char text[sizeof(ctx->failure.text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return vlu_fail(ctx, denied ? FAIL_NO_ROOT : VLU_FAILED, err, "%s: %s", text, strerror(-err));
}

int vlu_nomem(struct vlu_ctx *ctx)
{
	return vlu_fail(ctx, VLU_FAILED, -ENOMEM, "out of memory");
}

void vlu_log(struct vlu_ctx *ctx, enum vlu_level level, const char *fmt, ...)
{
	struct failure what = { .code = FAIL_WARNING };
	va_list args;

	if (!ctx->log)
		return;
	va_start(args, fmt);
	vsnprintf(what.text, sizeof(what.text), fmt, args);
	va_end(args);
	/* A log line with the text of the last failure carries its code and fix. */
	failure_log(ctx, level, strcmp(what.text, ctx->failure.text) ? &what : &ctx->failure);
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

bool is_stopped(const struct vlu_ctx *ctx)
{
	return ctx->stop && ctx->stop(ctx->stop_arg);
}

int stop_check(struct vlu_ctx *ctx)
{
	return ctx->plan_depth || !is_stopped(ctx) ? 0 :
	       vlu_fail(ctx, FAIL_STOPPED, -EINTR, "stopped by a signal; nothing %swas changed",
			ctx->plan_ran ? "more " : "");
}

int vlu_lock(struct vlu_ctx *ctx)
{
	long long deadline = vlu_now() + ctx->timeout * 1000LL;
	int ret, stopped = 0;

	if (ctx->lock_depth++)
		return 0;
	ret = ctx->sys.read_only ? 0 : sys_mkdir(&ctx->sys, RUN_DIR);
	if (ret) {
		ctx->lock_depth--;
		return vlu_failed(ctx, ret, "cannot make " RUN_DIR);
	}
	progress_begin(ctx, ctx->timeout, "waiting until another vfio-lu command ends");
	for (;;) {
		ret = sys_lock(&ctx->sys, RUN_DIR "/lock");
		if (ret != -EWOULDBLOCK || vlu_now() >= deadline)
			break;
		stopped = stop_check(ctx);
		if (stopped)
			break;
		vlu_sleep(20);
	}
	progress_end(ctx);
	/* No command has ever run, or this user may not see the lock. */
	if (ret < 0 && ret != -EWOULDBLOCK && ctx->sys.read_only)
		return 0;
	if (ret < 0) {
		ctx->lock_depth--;
		if (stopped)
			return stopped;
		if (ret == -EWOULDBLOCK)
			return vlu_fail(ctx, FAIL_LOCKED, -EBUSY,
					"another vfio-lu command is running: its lock "
					RUN_DIR "/lock was not free within %u s", ctx->timeout);
		return vlu_failed(ctx, ret, "cannot take " RUN_DIR "/lock");
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

int change_begin(struct vlu_ctx *ctx)
{
	int ret = vlu_lock(ctx);

	/* Cached data is from before the lock. */
	if (!ret)
		cache_drop(ctx);
	return ret;
}

void change_end(struct vlu_ctx *ctx)
{
	vlu_unlock(ctx);
}

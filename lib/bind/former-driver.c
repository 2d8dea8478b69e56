/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "bind/former-driver.h"

static void memory_path(struct vlu_bdf bdf, char path[64])
{
	char name[VLU_BDF_SIZE];

	snprintf(path, 64, RUN_DIR "/driver-%s", vlu_bdf_format(bdf, name));
}

int driver_remembered(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *buf,
		      size_t size)
{
	char path[64];
	int ret;

	memory_path(bdf, path);
	ret = attr_read(ctx, buf, size, "%s", path);
	/* only root may read it; a dry run of another user assumes that nothing is remembered */
	if (ret == -EACCES && ctx->sys.read_only)
		ret = -ENOENT;
	if (ret < 0 && ret != -ENOENT)
		vlu_failed(ctx, ret, "cannot read %s", path);
	return ret < 0 ? ret : 0;
}

int driver_remember(struct vlu_ctx *ctx, struct vlu_bdf bdf, const char *driver)
{
	char path[64], line[72], before[64];
	int ret;

	memory_path(bdf, path);
	/* restore often notes one driver twice: when it binds the device, and from the manifest */
	if (attr_read(ctx, before, sizeof(before), "%s", path) >= 0 && strcmp(before, driver) == 0)
		return 0;
	snprintf(line, sizeof(line), "%s\n", driver);
	ret = sys_replace(&ctx->sys, path, line, strlen(line));
	if (ret)
		return vlu_failed(ctx, ret, "cannot write %s", path);
	return 0;
}

static int forget(struct vlu_ctx *ctx, const char *path)
{
	int ret = sys_unlink(&ctx->sys, path);

	if (ret && ret != -ENOENT)
		return vlu_fail(ctx, VLU_PARTIAL, ret, "cannot remove %s: %s", path,
				strerror(-ret));
	return 0;
}

static int run_remember(struct step *step)
{
	return driver_remember(step->plan->ctx, step->bdf, step->value);
}

/* extra: the driver remembered before, or NULL */
static int undo_remember(struct step *step)
{
	return step->extra ? driver_remember(step->plan->ctx, step->bdf, step->extra) :
	       forget(step->plan->ctx, step->path);
}

static const struct step_kind step_remember = {
	.text = "%d: remember its driver (%v) in %p",
	.run = run_remember,
	.undo = undo_remember,
};

int remember_add(struct vlu_plan *plan, const struct vlu_device *dev)
{
	char path[64], before[64];
	bool known;
	int ret;

	ret = driver_remembered(plan->ctx, dev->bdf, before, sizeof(before));
	if (ret && ret != -ENOENT)
		return ret;
	known = !ret;
	/*
	 * The device has no driver, but one is remembered: a bind or unbind was killed before it
	 * was complete, and the remembered driver is still the right one.
	 */
	if (known && (!dev->driver[0] || strcmp(before, dev->driver) == 0))
		return 0;
	memory_path(dev->bdf, path);
	return plan_add(plan, &step_remember, dev->bdf, path, dev->driver,
			known ? before : NULL);
}

static int run_forget(struct step *step)
{
	struct vlu_ctx *ctx = step->plan->ctx;

	/* If the device has a driver, the next bind overwrites a file left here. */
	failure_warn(ctx, forget(ctx, step->path));
	return 0;
}

static const struct step_kind step_forget = {
	.text = "%d: remove %p",
	.run = run_forget,
};

int forget_add(struct vlu_plan *plan, struct vlu_bdf bdf)
{
	char path[64];

	memory_path(bdf, path);
	return plan_add(plan, &step_forget, bdf, path, NULL, NULL);
}

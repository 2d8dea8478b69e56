/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/cache.h"
#include "bind.h"
#include "bind/claim.h"
#include "bind/refusals.h"
#include "bind/driver-override.h"
#include "bind/at-boot.h"
#include "bind/former-driver.h"

#define VFIO_DIR	"/sys/bus/pci/drivers/" VFIO_DRIVER

static bool has_vfio(const struct vlu_device *dev)
{
	return strcmp(dev->driver, VFIO_DRIVER) == 0;
}

/* ---------------------------------------------------------------- module */

static int run_module(struct step *step)
{
	struct vlu_ctx *ctx = step->plan->ctx;
	int ret = sys_load_module(&ctx->sys, step->value);

	switch (ret) {
	case 0:
		break;
	case -ENOENT:
		return vlu_fail(ctx, FAIL_HOST, ret, "this kernel has no module %s and "
				"no such driver built in", step->value);
	case -EACCES:
		return vlu_fail(ctx, FAIL_DRIVER, ret, "module %s is blacklisted; look for it in "
				"/etc/modprobe.d and for modprobe.blacklist= in /proc/cmdline",
				step->value);
	case -ECANCELED:
		return vlu_fail(ctx, FAIL_DRIVER, ret, "module %s was not loaded: the command of "
				"its install rule failed; look for \"install %s\" in "
				"/etc/modprobe.d", step->value, step->value);
	case -EPERM:
		return vlu_fail(ctx, FAIL_DRIVER, ret, "the kernel refuses module %s: it is in "
				"module_blacklist= of /proc/cmdline, or modules are disabled",
				step->value);
	default:
		return vlu_failed(ctx, ret, "cannot load module %s", step->value);
	}
	if (sys_exists(&ctx->sys, VFIO_DIR))
		return 0;
	return vlu_fail(ctx, FAIL_DRIVER, -ENODEV, "module %s was requested, but the kernel has no "
			"such driver: an install rule in /etc/modprobe.d may do nothing",
			step->value);
}

static const struct step_kind step_module = {
	.text = "load module %v",
	.run = run_module,
};

int bind_add_module(struct vlu_plan *plan)
{
	if (sys_exists(&plan->ctx->sys, VFIO_DIR))
		return 0;
	return plan_add(plan, &step_module, (struct vlu_bdf){ 0 }, NULL, VFIO_DRIVER, NULL);
}

/* ------------------------------------------------------------------ steps */

static int add_to_vfio(struct vlu_plan *plan, struct vlu_device *dev, enum unused_force force)
{
	int ret = remember_add(plan, dev);

	if (!ret)
		ret = claim_add(plan, dev, force);
	return ret ? ret : move_add(plan, dev, VFIO_DRIVER);
}

int bind_add(struct vlu_plan *plan, struct vlu_bdf bdf)
{
	struct vlu_device *dev;
	int ret;

	ret = device_refresh(plan->ctx, bdf, OF_ALL, &dev);
	if (ret || has_vfio(dev))
		return ret;
	ret = check_unused(dev, FORCE_NONE);
	if (ret)
		return ret;
	plan->group++;
	ret = add_to_vfio(plan, dev, FORCE_NONE);
	plan->group++;
	return ret;
}

static int add_bind(struct vlu_plan *plan, struct vlu_device *dev,
		    const struct bind_request *request)
{
	int ret = 0;

	if (dev->kind == VLU_BRIDGE)
		return vlu_fail(plan->ctx, VLU_NOT_PRESERVABLE, -EINVAL,
				"%s: a bridge; name the device behind it", dev->name);
	if (!has_vfio(dev))
		ret = guard_bind(dev, request);
	if (!ret && request->flags & VLU_PERSIST)
		ret = persist_add(plan, dev->bdf);
	if (ret)
		return ret;
	if (has_vfio(dev))
		return plan_say_already(plan, "bind", "%s  already bound to vfio-pci", dev->name);
	return add_to_vfio(plan, dev, force_of(request));
}

/* unbind of a function that is not bound to vfio-pci. before: the remembered driver, or NULL. */
static int tidy_up(struct vlu_plan *plan, struct vlu_device *dev, const char *before)
{
	const char *override = vlu_device_override(dev);
	int ret;

	/* a bind or unbind was killed halfway */
	if (!dev->driver[0] && before && *before)
		return move_add(plan, dev, before);
	ret = plan_say_already(plan, "unbind", "%s  already unbound from vfio-pci (driver: %s)",
		       dev->name, dev->driver[0] ? dev->driver : "none");
	if (!ret && override && (strcmp(override, VFIO_DRIVER) == 0 ||
				 (before && strcmp(override, before) == 0)))
		ret = move_add_clear(plan, dev->bdf);
	return ret;
}

static int add_unbind(struct vlu_plan *plan, struct vlu_device *dev,
		      const struct bind_request *request)
{
	char before[64];
	bool known;
	int ret;

	ret = driver_remembered(plan->ctx, dev->bdf, before, sizeof(before));
	if (ret && ret != -ENOENT)
		return ret;
	known = !ret;
	ret = has_vfio(dev) ? guard_unbind(dev) : 0;
	if (!ret)
		ret = persist_drop(plan, dev->bdf, request->flags & VLU_PERSIST);
	if (!ret && has_vfio(dev))
		ret = move_add(plan, dev, known ? before : ANY_DRIVER);
	else if (!ret)
		ret = tidy_up(plan, dev, known ? before : NULL);
	if (!ret && known)
		ret = forget_add(plan, dev->bdf);
	return ret;
}

/* --------------------------------------------------------------- commands */

typedef int (*add_fn)(struct vlu_plan *plan, struct vlu_device *dev,
		      const struct bind_request *request);

/* Checks all functions, and collects all refusals, before any step runs. */
static int add_each(struct vlu_plan *plan, const struct bind_request *request, add_fn add)
{
	struct vlu_ctx *ctx = plan->ctx;
	struct failures failures = { 0 };
	struct vlu_device *dev;
	size_t i;
	int ret;

	for (i = 0; i < request->n; i++) {
		plan->group++;
		ret = device_refresh(ctx, request->bdfs[i], FOR_REPORT, &dev);
		if (!ret)
			ret = add(plan, dev, request);
		if (ret)
			failures_add(ctx, &failures, &ctx->failure);
	}
	return failures_end(ctx, &failures);
}

static int make_plan(struct vlu_ctx *ctx, const struct bind_request *request,
		     int (*before)(struct vlu_plan *plan), add_fn add,
		     struct vlu_plan **ret_plan)
{
	struct vlu_plan *plan;
	int ret;

	ret = plan_begin(ctx, PLAN_STOP, &plan);
	if (ret)
		return ret;
	if (before)
		ret = before(plan);
	plan->beside = true;
	if (!ret)
		ret = add_each(plan, request, add);
	return plan_give(plan, ret, ret_plan);
}

int vlu_plan_bind(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs, size_t n,
		  unsigned int flags, struct vlu_plan **ret_plan)
{
	const struct bind_request request = { bdfs, n, flags };

	return make_plan(ctx, &request, bind_add_module, add_bind, ret_plan);
}

int vlu_plan_unbind(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs, size_t n,
		    unsigned int flags, struct vlu_plan **ret_plan)
{
	const struct bind_request request = { bdfs, n, flags };

	return make_plan(ctx, &request, NULL, add_unbind, ret_plan);
}

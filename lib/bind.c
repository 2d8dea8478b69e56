/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Only driver_override, unbind and drivers_probe are written: new_id would
 * catch every other card of the same make, and a scan of bind files would ask
 * every driver of the bus.
 */
#include "attr.h"
#include "bind.h"
#include "check-device.h"
#include "device.h"
#include "held.h"
#include "inuse.h"
#include "klog.h"

#define VFIO_DRIVER	"vfio-pci"
#define PCI_PROBE	"/sys/bus/pci/drivers_probe"
/* drivers/base/driver.c driver_set_override(): an empty line clears it */
#define NO_OVERRIDE	"\n"
#define ANY_DRIVER	"*"

static void override_path(struct vlu_bdf bdf, char path[128])
{
	char name[VLU_BDF_SIZE];

	snprintf(path, 128, PCI_DEVICES "/%s/driver_override",
		 vlu_bdf_format(bdf, name));
}

static void unbind_path(struct vlu_bdf bdf, char path[128])
{
	char name[VLU_BDF_SIZE];

	snprintf(path, 128, PCI_DEVICES "/%s/driver/unbind",
		 vlu_bdf_format(bdf, name));
}

/* ---------------------------------------------------------------- memory */

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
	return ret < 0 ? ret : 0;
}

int driver_remember(struct vlu_ctx *ctx, struct vlu_bdf bdf, const char *driver)
{
	char path[64], line[72];
	int ret;

	memory_path(bdf, path);
	snprintf(line, sizeof(line), "%s\n", driver);
	ret = sys_replace(&ctx->sys, path, line, strlen(line));
	if (ret)
		return vlu_fail(ctx, VLU_FAILED, ret, "cannot write %s: %s", path,
				strerror(-ret));
	return 0;
}

static int run_remember(struct vlu_plan *plan, struct step *step)
{
	return driver_remember(plan->ctx, step->bdf, step->value);
}

static int undo_remember(struct vlu_plan *plan, struct step *step)
{
	int ret = sys_unlink(&plan->ctx->sys, step->path);

	if (ret && ret != -ENOENT)
		return vlu_fail(plan->ctx, VLU_PARTIAL, ret, "cannot remove %s: %s",
				step->path, strerror(-ret));
	return 0;
}

static const struct step_kind step_remember = {
	.text = "%d: remember its driver (%v) in %p",
	.run = run_remember,
	.undo = undo_remember,
};

static int run_forget(struct vlu_plan *plan, struct step *step)
{
	/* What cannot be forgotten is overwritten by the next bind. */
	sys_unlink(&plan->ctx->sys, step->path);
	return 0;
}

static const struct step_kind step_forget = {
	.text = "%d: remove %p",
	.run = run_forget,
};

/* ---------------------------------------------------------------- moving */

static int set_override(struct vlu_ctx *ctx, struct vlu_bdf bdf, const char *driver)
{
	char path[128], now[64];

	override_path(bdf, path);
	/* What is so already needs no write, and no right to write. */
	if (attr_read(ctx, now, sizeof(now), "%s", path) >= 0 &&
	    strcmp(strcmp(now, "(null)") == 0 ? "" : now, driver) == 0)
		return 0;
	return attr_write(ctx, path, *driver ? driver : NO_OVERRIDE);
}

/* Put a function back to a driver and an override, whatever it is on now. */
static int go_back(struct vlu_ctx *ctx, struct vlu_bdf bdf, const char *driver,
		   const char *override)
{
	char name[VLU_BDF_SIZE], path[128], now[64];
	int ret;

	vlu_bdf_format(bdf, name);
	ret = device_driver_now(ctx, bdf, now, sizeof(now));
	if (!ret && strcmp(now, driver) != 0) {
		ret = set_override(ctx, bdf, driver);
		if (!ret && now[0]) {
			unbind_path(bdf, path);
			ret = attr_write(ctx, path, name);
		}
		if (!ret && *driver)
			ret = attr_write(ctx, PCI_PROBE, name);
	}
	if (!ret)
		ret = set_override(ctx, bdf, override);
	if (!ret)
		ret = device_driver_now(ctx, bdf, now, sizeof(now));
	if (!ret && strcmp(now, driver) != 0)
		ret = -EIO;
	if (ret)
		return vlu_fail(ctx, VLU_PARTIAL, ret,
				"%s: it should be back at %s, but %s", name,
				*driver ? driver : "no driver", strerror(-ret));
	return 0;
}

/* The first step of a move carries the way back: "driver override". */
static int undo_override(struct vlu_plan *plan, struct step *step)
{
	char *space = strchr(step->before, ' ');

	*space = '\0';
	return go_back(plan->ctx, step->bdf, step->before, space + 1);
}

static int run_override(struct vlu_plan *plan, struct step *step)
{
	int ret = step_write.run(plan, step);
	char name[VLU_BDF_SIZE];

	if (ret == -ENOENT || ret == -ENODEV)
		return vlu_fail(plan->ctx, VLU_FAILED, ret,
				"%s: gone while being bound (removed from the bus?)",
				vlu_bdf_format(step->bdf, name));
	return ret;
}

static const struct step_kind step_override = {
	.text = "%d: write %v to %p",
	.run = run_override,
	.undo = undo_override,
};

/* The last word on driver_override, after which there is no way back to take. */
static const struct step_kind step_clear = {
	.text = "%d: clear %p",
	.run = run_override,
};

static int run_unbind(struct vlu_plan *plan, struct step *step)
{
	char now[64];
	int ret;

	/* The driver may have let go by itself since the plan was made. */
	ret = device_driver_now(plan->ctx, step->bdf, now, sizeof(now));
	if (!ret && !now[0])
		return 0;
	return step_write.run(plan, step);
}

static const struct step_kind step_unbind = {
	.text = "%d: write %v to %p",
	.run = run_unbind,
};

static int run_verify(struct vlu_plan *plan, struct step *step)
{
	char now[64], name[VLU_BDF_SIZE];
	int ret;

	vlu_bdf_format(step->bdf, name);
	ret = device_driver_now(plan->ctx, step->bdf, now, sizeof(now));
	if (ret)
		return vlu_fail(plan->ctx, VLU_FAILED, ret,
				"%s: cannot read which driver it has: %s", name,
				strerror(-ret));
	if (strcmp(step->value, ANY_DRIVER) != 0 && strcmp(now, step->value) != 0)
		return vlu_fail(plan->ctx, VLU_FAILED, -EIO,
				"%s: %s did not take it (driver now: %s); the kernel "
				"log may say why", name,
				*step->value ? step->value : "no driver",
				now[0] ? now : "none");
	if (strcmp(step->value, VFIO_DRIVER) == 0)
		return plan_say(plan, "%s  bound to vfio-pci (was %s)", name,
				*step->before ? step->before : "without a driver");
	if (now[0])
		return plan_say(plan, "%s  back with %s", name, now);
	return plan_say(plan, "%s  without a driver%s", name, *step->value ?
			": no loaded driver matches it" : ", as it was before bind");
}

static const struct step_kind step_verify = {
	.text = "%d: see that its driver is %v",
	.run = run_verify,
};

/* driver: a name, "" for none, ANY_DRIVER for whatever matches. */
static int add_move(struct vlu_plan *plan, struct vlu_device *dev,
		    const char *driver)
{
	const char *override = vlu_device_override(dev);
	bool to_vfio = strcmp(driver, VFIO_DRIVER) == 0;
	bool named = *driver && strcmp(driver, ANY_DRIVER) != 0;
	char path[128], back[160];
	int ret;

	snprintf(back, sizeof(back), "%s %s", dev->driver, override ? override : "");
	override_path(dev->bdf, path);
	ret = plan_add(plan, &step_override, dev->bdf, path,
		       named ? driver : NO_OVERRIDE, back);
	if (!ret && dev->driver[0]) {
		unbind_path(dev->bdf, path);
		ret = plan_add(plan, &step_unbind, dev->bdf, path, dev->name, NULL);
	}
	if (!ret && *driver)
		ret = plan_add(plan, &step_write, dev->bdf, PCI_PROBE, dev->name, NULL);
	if (!ret && named && !to_vfio) {
		override_path(dev->bdf, path);
		ret = plan_add(plan, &step_clear, dev->bdf, path, NO_OVERRIDE, NULL);
	}
	if (!ret)
		ret = plan_add(plan, &step_verify, dev->bdf, NULL, driver, dev->driver);
	return ret;
}

static int run_module(struct vlu_plan *plan, struct step *step)
{
	int ret = sys_load_module(&plan->ctx->sys, step->value);

	if (ret == -ENOENT)
		return vlu_fail(plan->ctx, VLU_UNSUPPORTED, ret,
				"this kernel has no module %s and no such driver built in",
				step->value);
	if (ret == -EACCES)
		return vlu_fail(plan->ctx, VLU_FAILED, ret,
				"module %s is blacklisted; look in /etc/modprobe.d",
				step->value);
	if (ret)
		return vlu_fail(plan->ctx, VLU_FAILED, ret, "cannot load module %s: %s",
				step->value, strerror(-ret));
	return 0;
}

static const struct step_kind step_module = {
	.text = "load module %v",
	.run = run_module,
};

int bind_add_module(struct vlu_plan *plan)
{
	if (sys_exists(&plan->ctx->sys, "/sys/bus/pci/drivers/" VFIO_DRIVER))
		return 0;
	return plan_add(plan, &step_module, (struct vlu_bdf){ 0 }, NULL,
			VFIO_DRIVER, NULL);
}

int bind_add(struct vlu_plan *plan, struct vlu_bdf bdf)
{
	struct vlu_device *dev;
	char path[64];
	int ret;

	ret = device_refresh(plan->ctx, bdf, &dev);
	if (ret || strcmp(dev->driver, VFIO_DRIVER) == 0)
		return ret;
	/* The kernel unbinds a mounted disk as readily as an idle one. */
	ret = check_unused(dev);
	if (ret)
		return ret;
	plan->group++;
	memory_path(bdf, path);
	ret = plan_add(plan, &step_remember, bdf, path, dev->driver, NULL);
	if (!ret)
		ret = add_move(plan, dev, VFIO_DRIVER);
	plan->group++;
	return ret;
}

/* --------------------------------------------------------------- commands */

static int plan_each(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs, size_t n,
		     int (*add)(struct vlu_plan *plan, struct vlu_device *dev),
		     int (*before)(struct vlu_plan *plan),
		     struct vlu_plan **ret_plan)
{
	struct vlu_plan *plan;
	struct vlu_device *dev;
	size_t i;
	int ret;

	inuse_drop(ctx);
	ret = plan_new(ctx, PLAN_EACH, &plan);
	if (ret)
		return ret;
	if (before)
		ret = before(plan);
	for (i = 0; !ret && i < n; i++) {
		plan->group++;
		ret = device_refresh(ctx, bdfs[i], &dev);
		if (!ret)
			ret = add(plan, dev);
	}
	if (ret) {
		vlu_plan_free(plan);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}

/* A PF's driver takes its VFs along, from whoever has them. */
static int refuse_with_vfs(struct vlu_ctx *ctx, const struct vlu_device *dev)
{
	int64_t vfs;

	if (dev->kind != VLU_PF || !dev->driver[0] ||
	    attr_number(ctx, &vfs, PCI_DEVICES "/%s/sriov_numvfs", dev->name) < 0 || !vfs)
		return 0;
	return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EBUSY,
			"%s: in use: %lld virtual functions of it are enabled; fix: take "
			"them away from who has them, then echo 0 > " PCI_DEVICES
			"/%s/sriov_numvfs", dev->name, (long long)vfs, dev->name);
}

static int add_bind(struct vlu_plan *plan, struct vlu_device *dev)
{
	int ret;

	if (dev->kind == VLU_BRIDGE)
		return vlu_fail(plan->ctx, VLU_NOT_PRESERVABLE, -EINVAL,
				"%s: a bridge; name the device behind it", dev->name);
	if (strcmp(dev->driver, VFIO_DRIVER) == 0)
		return plan_say(plan, "%s  already bound to vfio-pci", dev->name);
	ret = refuse_with_vfs(plan->ctx, dev);
	return ret ? ret : bind_add(plan, dev->bdf);
}

int vlu_plan_bind(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs, size_t n,
		  struct vlu_plan **ret_plan)
{
	return plan_each(ctx, bdfs, n, add_bind, bind_add_module, ret_plan);
}

/*
 * A sysfs unbind of a preserved device waits in the kernel, unkillable, until
 * its session is closed, and hangs a kexec for ever
 * (vfio_unregister_group_dev(), drivers/vfio/vfio_main.c).
 */
static int refuse_preserved(struct vlu_plan *plan, struct vlu_device *dev)
{
	char session[64];
	int ret;

	ret = held_device_session(plan->ctx, dev->bdf, session, sizeof(session));
	if (!ret)
		return vlu_fail(plan->ctx, VLU_NOT_PRESERVABLE, -EBUSY,
				"%s: in session %s, an unbind would hang; first: "
				"vfio-lu release (before the jump) or vfio-lu finish "
				"(after it), with --session %s",
				dev->name, session, session);
	if (ret != -ENOENT)
		return ret;
	if (klog_incoming(plan->ctx, dev->bdf) == VLU_YES)
		return vlu_fail(plan->ctx, VLU_NOT_PRESERVABLE, -EBUSY,
				"%s: preserved by the previous kernel and not finished; "
				"first: vfio-lu restore and vfio-lu finish", dev->name);
	return 0;
}

static int add_unbind(struct vlu_plan *plan, struct vlu_device *dev)
{
	const char *override;
	char before[64], path[128];
	int ret, known;

	if (strcmp(dev->driver, VFIO_DRIVER) != 0) {
		ret = plan_say(plan, "%s  already not bound to vfio-pci (driver: %s)",
			       dev->name, dev->driver[0] ? dev->driver : "none");
		override = vlu_device_override(dev);
		if (!ret && override && strcmp(override, VFIO_DRIVER) == 0) {
			override_path(dev->bdf, path);
			ret = plan_add(plan, &step_clear, dev->bdf, path,
				       NO_OVERRIDE, NULL);
		}
		return ret;
	}
	ret = refuse_preserved(plan, dev);
	if (ret)
		return ret;
	known = driver_remembered(plan->ctx, dev->bdf, before, sizeof(before));
	ret = add_move(plan, dev, known ? ANY_DRIVER : before);
	if (!ret && !known) {
		memory_path(dev->bdf, path);
		ret = plan_add(plan, &step_forget, dev->bdf, path, NULL, NULL);
	}
	return ret;
}

int vlu_plan_unbind(struct vlu_ctx *ctx, const struct vlu_bdf *bdfs, size_t n,
		    struct vlu_plan **ret_plan)
{
	return plan_each(ctx, bdfs, n, add_unbind, NULL, ret_plan);
}

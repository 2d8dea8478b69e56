/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes only driver_override, unbind and drivers_probe. new_id would also bind all other
 * devices with the same ids. To write a bind file, one must know the driver; drivers_probe finds it.
 */
#include "base/attr.h"
#include "bind/driver-override.h"

/* drivers/base/dd.c __device_set_driver_override(): an empty line clears it */
#define NO_OVERRIDE	"\n"

static void device_path(struct vlu_bdf bdf, const char *attr, char path[128])
{
	char name[VLU_BDF_SIZE];

	snprintf(path, 128, PCI_DEVICES "/%s/%s", vlu_bdf_format(bdf, name), attr);
}

/* Was the device removed from the bus? */
static bool is_gone(const struct step *step)
{
	char path[128];
	int mode;

	device_path(step->bdf, "", path);
	mode = sys_mode(&step->plan->ctx->sys, path);
	return mode == -ENOENT || mode == -ENODEV;
}

/* Is the device being removed? It loses its driver first, so this gives it 0.2 s to go. */
static bool is_going(const struct step *step)
{
	int i;

	for (i = 0; i < 10 && !is_gone(step); i++)
		vlu_sleep(20);
	return is_gone(step);
}

static int driver_of(const struct step *step, char now[64])
{
	return device_driver_now(step->plan->ctx, step->bdf, now, 64);
}

/* ---------------------------------------------------------------- writing */

static int wrote(struct step *step, int ret)
{
	if (!ret)
		return 0;
	if (is_gone(step))
		return vlu_fail(step->plan->ctx, VLU_FAILED, -ENODEV,
				"%s: it disappeared during the command (removed from the bus?)", step->name);
	return vlu_fail(step->plan->ctx, ret == -EBUSY ? VLU_BUSY : VLU_FAILED, ret,
			"%s: cannot write to %s: %s", step->name, step->path, strerror(-ret));
}

/* Does not write a value that is already set, since the write might not be permitted. */
static int run_unless_set(struct step *step)
{
	const char *want = strcmp(step->value, NO_OVERRIDE) ? step->value : "";
	char now[64];

	if (attr_read(step->plan->ctx, now, sizeof(now), "%s", step->path) >= 0 &&
	    strcmp(strcmp(now, "(null)") == 0 ? "" : now, want) == 0)
		return 0;
	return STEP_WRITE;
}

/*
 * extra: the driver when the plan was made. If another driver came later, plan->taken() rebinds
 * the device; if that is NULL, the step fails, since the plan could not give the device back.
 */
static int run_override(struct step *step)
{
	struct vlu_plan *plan = step->plan;
	char now[64];

	if (driver_of(step, now) || !now[0] || strcmp(now, step->extra) == 0 ||
	    strcmp(now, step->value) == 0)
		return run_unless_set(step);
	if (plan->taken)
		return plan->taken(plan, step->bdf);
	return vlu_fail(plan->ctx, VLU_BUSY, -EBUSY, "%s: driver %s took the device during the "
			"command; nothing was changed; repeat the command", step->name, now);
}

static const struct step_kind step_override = {
	.text = "%d: write %v to %p",
	.run = run_override,
	.wrote = wrote,
};

static const struct step_kind step_clear = {
	.text = "%d: clear %p",
	.run = run_unless_set,
	.wrote = wrote,
};

/*
 * extra: the driver that gets the device in the end. A driver that is being loaded probes its
 * devices first and gets its unbind file afterwards (bus_add_driver(), drivers/base/bus.c).
 */
static int run_unbind(struct step *step)
{
	char now[64];
	int ret;

	/* The driver may have lost the device since the plan was made. */
	ret = driver_of(step, now);
	if (!ret && (!now[0] || strcmp(now, step->extra) == 0))
		return 0;
	if (!ret && sys_mode(&step->plan->ctx->sys, step->path) == -ENOENT && !is_gone(step))
		return STEP_AGAIN;
	return STEP_WRITE;
}

/* unbind_store(), drivers/base/bus.c: ENODEV when the driver does not have the device */
static int wrote_unbind(struct step *step, int ret)
{
	char now[64];

	if (ret == -ETIMEDOUT && driver_of(step, now) == 0)
		return vlu_fail(step->plan->ctx, VLU_BUSY, ret, "%s: driver %s has no unbind file after "
				"%u s; if it is still being loaded, repeat the command; otherwise "
				"it cannot be unbound", step->name, now,
				step->plan->ctx->timeout);
	if ((ret == -ENODEV || ret == -ENOENT) && !is_gone(step) &&
	    driver_of(step, now) == 0 && !now[0])
		return 0;
	return wrote(step, ret);
}

static const struct step_kind step_unbind = {
	.text = "%d: write %v to %p",
	.run = run_unbind,
	.wrote = wrote_unbind,
};

static int run_probe(struct step *step)
{
	char now[64];

	return driver_of(step, now) == 0 && now[0] ? 0 : STEP_WRITE;
}

static const struct step_kind step_probe = {
	.text = "%d: write %v to %p",
	.run = run_probe,
	.wrote = wrote,
};

/* ---------------------------------------------------------------- looking */

/* value: the driver that must have the device; extra: the driver when planned */
static int run_verify(struct step *step)
{
	struct vlu_plan *plan = step->plan;
	char now[64];
	bool taken;
	int ret;

	ret = driver_of(step, now);
	if (ret)
		return vlu_failed(plan->ctx, ret, "%s: cannot read which driver it has",
				  step->name);
	taken = strcmp(step->value, ANY_DRIVER) == 0 || strcmp(now, step->value) == 0;
	if (!now[0] && (taken ? is_gone(step) : is_going(step)))
		return wrote(step, -ENODEV);
	if (!taken)
		return vlu_fail(plan->ctx, FAIL_DRIVER, -EIO,
				"%s: %s did not take it (driver now: %s); the kernel "
				"log may say why", step->name, *step->value ?
				step->value : "no driver", now[0] ? now : "none");
	if (strcmp(step->value, VFIO_DRIVER) == 0)
		return plan_say(plan, "bind", "%s  bound to vfio-pci (was %s)", step->name,
				*step->extra ? step->extra : "without a driver");
	if (now[0])
		return plan_say(plan, "unbind", "%s  back with %s", step->name, now);
	return plan_say(plan, "unbind", "%s  without a driver%s", step->name, *step->value ?
			": no loaded driver matches it" : ", as it was before bind");
}

static const struct step_kind step_verify = {
	.text = "%d: verify that its driver is %v",
	.run = run_verify,
};

static const struct step_kind step_verify_any = {
	.text = "%d: see which driver binds it",
	.run = run_verify,
};

/* --------------------------------------------------------------- way back */

/* extra of each step: the driver when planned, which gets the device back */
static int not_back(struct step *step, int err, const char *why)
{
	char now[64];

	if (driver_of(step, now))
		strcpy(now, "unknown");
	return vlu_fail(step->plan->ctx, VLU_PARTIAL, err,
			"%s: cannot be given back to %s: %s; its driver is now: %s",
			step->name, *step->extra ? step->extra : "no driver", why,
			now[0] ? now : "none");
}

static int wrote_back(struct step *step, int ret)
{
	char why[192];

	if (!ret || is_gone(step))
		return 0;
	snprintf(why, sizeof(why), "%s cannot be written: %s", step->path, strerror(-ret));
	return not_back(step, ret, why);
}

static bool is_back(const struct step *step)
{
	char now[64];

	return driver_of(step, now) == 0 && strcmp(now, step->extra) == 0;
}

static int run_unless_back(struct step *step)
{
	return is_back(step) ? 0 : STEP_WRITE;
}

static const struct step_kind step_back_write = {
	.text = "%d: write %v to %p",
	.run = run_unless_back,
	.wrote = wrote_back,
};

static const struct step_kind step_back_unbind = {
	.text = "%d: write %v to %p",
	.run = run_unbind,
	.wrote = wrote_back,
};

static const struct step_kind step_back_prior = {
	.text = "%d: write %v to %p",
	.run = run_unless_set,
	.wrote = wrote_back,
};

static int run_back(struct step *step)
{
	if (is_back(step) || is_gone(step))
		return 0;
	return not_back(step, -EIO, "the undo had no effect");
}

static const struct step_kind step_back = {
	.text = "%d: verify that its driver is %v again",
	.run = run_back,
};

static int add_way_back(struct vlu_plan *plan, struct vlu_device *dev)
{
	const char *override = vlu_device_override(dev), *had = dev->driver;
	char overridden[128], unbind[128];
	int ret;

	device_path(dev->bdf, "driver_override", overridden);
	device_path(dev->bdf, "driver/unbind", unbind);
	ret = plan_add_back(plan, &step_back_write, dev->bdf, overridden,
			    *had ? had : NO_OVERRIDE, had);
	if (!ret)
		ret = plan_add_back(plan, &step_back_unbind, dev->bdf, unbind, dev->name, had);
	if (!ret && *had)
		ret = plan_add_back(plan, &step_back_write, dev->bdf, PCI_PROBE, dev->name,
				    had);
	if (!ret)
		ret = plan_add_back(plan, &step_back_prior, dev->bdf, overridden,
				    override && *override ? override : NO_OVERRIDE, had);
	if (!ret)
		ret = plan_add_back(plan, &step_back, dev->bdf, NULL, had, had);
	return ret;
}

/* ---------------------------------------------------------------- building */

int move_add_clear(struct vlu_plan *plan, struct vlu_bdf bdf)
{
	char path[128];

	device_path(bdf, "driver_override", path);
	return plan_add(plan, &step_clear, bdf, path, NO_OVERRIDE, NULL);
}

int move_add(struct vlu_plan *plan, struct vlu_device *dev, const char *driver)
{
	bool named = *driver && strcmp(driver, ANY_DRIVER) != 0;
	char path[128];
	int ret;

	device_path(dev->bdf, "driver_override", path);
	ret = plan_add(plan, &step_override, dev->bdf, path,
		       named ? driver : NO_OVERRIDE, dev->driver);
	if (!ret && dev->driver[0]) {
		device_path(dev->bdf, "driver/unbind", path);
		ret = plan_add(plan, &step_unbind, dev->bdf, path, dev->name, driver);
	}
	if (!ret && *driver)
		ret = plan_add(plan, &step_probe, dev->bdf, PCI_PROBE, dev->name, NULL);
	if (!ret && named && strcmp(driver, VFIO_DRIVER) != 0)
		ret = move_add_clear(plan, dev->bdf);
	if (!ret)
		ret = plan_add(plan, named || !*driver ? &step_verify : &step_verify_any,
			       dev->bdf, NULL, driver, dev->driver);
	return ret ? ret : add_way_back(plan, dev);
}

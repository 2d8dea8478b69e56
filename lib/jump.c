/* SPDX-License-Identifier: GPL-2.0-only */
/* The jump: everything once more, then quiet, then away. */
#include "check-device.h"
#include "device.h"
#include "host.h"
#include "incoming.h"
#include "inuse.h"
#include "jump.h"
#include "kexec.h"
#include "klog.h"
#include "manifest.h"
#include "service.h"
#include "vfio.h"

/* The way there, and why this one. */
struct way {
	const char *command;
	const char *why;
};

/* Freed with the plan, and the lock with it. */
struct jump {
	struct vlu_ctx *ctx;
	struct vlu_plan *plan;
	struct held held;
	size_t sessions;
	int ret;
};

static void jump_free(void *data)
{
	struct jump *jump = data;

	held_free(&jump->held);
	session_unlock(jump->ctx);
	free(jump);
}

/*
 * vfio_pci_core_liveupdate_freeze() of the VFIO series does not freeze a
 * device that sleeps, and one that refuses stops the jump of all.
 */
static int check_awake(struct vlu_ctx *ctx, struct vlu_bdf bdf, const char *name)
{
	struct vlu_device *dev;
	const char *state;
	int ret;

	ret = vlu_device_refresh(ctx, bdf, &dev);
	if (ret)
		return ret;
	state = vlu_device_power_state(dev);
	if (!state || strcmp(state, "D0") == 0 || strcmp(state, "unknown") == 0)
		return 0;
	return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EINVAL, "%s: it is in %s, and the kernel "
			"does not jump with it; fix: vfio-lu release %s, then vfio-lu preserve "
			"%s, which wakes it", name, state, name, name);
}

static int run_quiet(struct vlu_plan *plan, struct step *step)
{
	char key[HOLDER_KEY], name[VLU_BDF_SIZE];
	struct vlu_ctx *ctx = plan->ctx;
	int fd, ret;

	vlu_bdf_format(step->bdf, name);
	held_device_key(key, step->value, step->bdf);
	ret = held_get(ctx, key, &fd);
	if (ret)
		return ret;
	ret = vfio_irqs_off(ctx, name, fd);
	sys_close(&ctx->sys, fd);
	return ret ? ret : check_awake(ctx, step->bdf, name);
}

static const struct step_kind step_quiet = {
	.text = "%d: turn its interrupts off through its file in session %v",
	.run = run_quiet,
};

static int run_sync(struct vlu_plan *plan, struct step *step)
{
	(void)step;
	return sys_sync(&plan->ctx->sys);
}

static const struct step_kind step_sync = {
	.text = "sync the disks",
	.run = run_sync,
};

/* Who refused, in the kernel's own words, and what became of the others. */
static int jump_failed(struct vlu_plan *plan, int ret, const char *text,
		       unsigned int freezes_before)
{
	struct vlu_ctx *ctx = plan->ctx;
	const struct jump *jump = plan->data;
	char why[512], thawed[512] = "";
	const struct klog *log;

	klog_drop(ctx);
	log = klog_get(ctx);
	if (log && log->n_freezes > freezes_before)
		snprintf(why, sizeof(why), "\"%s\"", log->freeze);
	else
		snprintf(why, sizeof(why), "%s", ret < 0 ? strerror(-ret) :
			 *text ? text : "kexec said nothing");
	if (thaw(ctx, &jump->held, thawed, sizeof(thawed)))
		return vlu_fail(ctx, VLU_PARTIAL, -EIO, "the jump failed: %s; and not all devices "
				"that it had frozen could be brought back: %s; see vfio-lu status",
				why, thawed);
	return vlu_fail(ctx, VLU_FAILED, -EIO, "the jump failed: %s; all sessions are still "
			"held%s%s. Once the cause is gone: vfio-lu kexec", why,
			*thawed ? ", frozen devices were bound again: " : "", thawed);
}

static int run_jump(struct vlu_plan *plan, struct step *step)
{
	static const char *const direct[] = { "kexec", "-e", NULL };
	static const char *const managed[] = { "systemctl", "kexec", NULL };
	bool systemd = strcmp(step->value, "systemctl kexec") == 0;
	const struct klog *log;
	unsigned int freezes;
	char text[512] = "";
	int ret;

	klog_drop(plan->ctx);
	log = klog_get(plan->ctx);
	freezes = log ? log->n_freezes : 0;
	ret = sys_spawn(&plan->ctx->sys, systemd ? "systemctl" : "kexec",
			(char *const *)(systemd ? managed : direct), SYS_SPAWN_WAIT,
			text, sizeof(text));
	/* systemctl only asks; the shutdown comes for us too. */
	if (systemd && ret == 0)
		return 0;
	return jump_failed(plan, ret, text, freezes);
}

static const struct step_kind step_jump = {
	.text = "jump: %v (%p)",
	.run = run_jump,
};

/* Nobody may be at work on it: his interrupts would come back at once. */
static int check_ready(struct jump *jump, struct vlu_bdf bdf, const char *session)
{
	struct vlu_device *dev;
	int ret;

	ret = vlu_device_refresh(jump->ctx, bdf, &dev);
	if (!ret)
		ret = check_unused(dev, FORCE_NONE);
	return ret ? ret : plan_add(jump->plan, &step_quiet, bdf, NULL, session, NULL);
}

/* A manifest of this boot is a promise: its session must be held, whole. */
static int check_promise(void *arg, const char *name)
{
	struct jump *jump = arg;
	struct vlu_ctx *ctx = jump->ctx;
	char bdf[VLU_BDF_SIZE];
	struct manifest manifest;
	const char *value;
	size_t i;

	jump->ret = manifest_read(ctx, RUN_DIR, name, &manifest);
	if (jump->ret)
		return 1;
	value = held_find(&jump->held, "session/%s", name);
	if (!value)
		jump->ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT, "session %s is gone: "
				     "its holder was killed, and its devices would not "
				     "survive the jump; fix: vfio-lu preserve them again, or "
				     "vfio-lu release --session %s", name, name);
	for (i = 0; !jump->ret && i < manifest.n_devices; i++) {
		vlu_bdf_format(manifest.devices[i].bdf, bdf);
		value = held_find(&jump->held, "device/%s/%s", name, bdf);
		if (!value || !held_says(value, "state=preserved"))
			jump->ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT,
					     "%s: not preserved any more, though session %s "
					     "promises it; fix: vfio-lu preserve --session %s %s",
					     bdf, name, name, bdf);
		else
			jump->ret = check_ready(jump, manifest.devices[i].bdf, name);
	}
	for (i = 0; !jump->ret && i < manifest.n_files; i++) {
		value = held_find(&jump->held, "file/%s/%s", name, manifest.files[i].name);
		if (!value || !held_says(value, "state=preserved"))
			jump->ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT,
					     "%s: not preserved any more, though session %s "
					     "promises it; fix: preserve it again, or vfio-lu "
					     "release --session %s", manifest.files[i].name,
					     name, name);
	}
	manifest_free(&manifest);
	jump->sessions++;
	return jump->ret != 0;
}

static int check_unfinished(void *arg, const char *name, bool restored)
{
	struct jump *jump = arg;

	if (restored)
		jump->ret = vlu_fail(jump->ctx, VLU_NOT_PRESERVABLE, -EBUSY,
				     "session %s of the previous kernel is not finished, and the "
				     "jump would lose it; first: vfio-lu finish --session %s",
				     name, name);
	else
		jump->ret = vlu_fail(jump->ctx, VLU_NOT_PRESERVABLE, -EBUSY,
				     "session %s of the previous kernel waits to be restored, "
				     "and the jump would drop it; first: vfio-lu restore and "
				     "vfio-lu finish, with --session %s", name, name);
	return jump->ret;
}

static int check_image(struct vlu_ctx *ctx)
{
	switch (kexec_loaded(ctx)) {
	case VLU_NO:
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT,
				"no kernel is loaded; first: vfio-lu load KERNEL");
	case VLU_DONT_KNOW:
		return vlu_fail(ctx, VLU_UNSUPPORTED, -ENOENT,
				"this kernel does not say whether an image is loaded");
	default:
		break;
	}
	if (kexec_loaded_by_us(ctx) != VLU_YES)
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EPERM, "the loaded kernel was not "
				"loaded by vfio-lu, and an image loaded the old way hands "
				"nothing over; first: vfio-lu load KERNEL");
	return 0;
}

/*
 * systemctl kexec stops services and unmounts file systems first, which is
 * better, if only the holder outlives that; but when the jump fails then, it
 * becomes a reboot (systemd-shutdown, src/shutdown/shutdown.c).
 */
static struct way choose_way(struct vlu_ctx *ctx, pid_t holder)
{
	struct way direct = { "kexec -e", NULL };

	if (!service_systemd(ctx)) {
		direct.why = "process 1 is not systemd";
		return direct;
	}
	switch (service_of(ctx, holder)) {
	case SERVICE_OURS:
		return (struct way){ "systemctl kexec", "the holder is " SERVICE_UNIT
				     ", which systemd carries through its shutdown" };
	case SERVICE_NONE:
		return (struct way){ "systemctl kexec", "the holder is in no unit that a "
				     "shutdown stops" };
	case SERVICE_OTHER:
		direct.why = "the holder is in a unit of others, with which systemd would end "
			     "it before the jump";
		break;
	case SERVICE_UNKNOWN:
		direct.why = "what systemd would do to the holder cannot be told";
		break;
	}
	return direct;
}

static int add_jump(struct jump *jump)
{
	struct vlu_ctx *ctx = jump->ctx;
	struct vlu_bdf none = { 0 };
	struct way way;
	int ret;

	inuse_drop(ctx);
	ret = manifest_each(ctx, RUN_DIR, check_promise, jump);
	if (jump->ret)
		ret = jump->ret;
	else if (ret == -ENOENT)
		ret = 0;
	else if (ret)
		ret = vlu_fail(ctx, VLU_FAILED, ret, "cannot read " RUN_DIR ": %s", strerror(-ret));
	if (!ret)
		ret = incoming_unfinished(ctx, &jump->held, check_unfinished, jump);
	if (!ret && !jump->sessions)
		ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT, "nothing is preserved; "
			       "first: vfio-lu preserve BDF (or 'kexec -e' for a jump "
			       "that keeps nothing)");
	if (!ret)
		ret = check_image(ctx);
	way = choose_way(ctx, jump->held.pid);
	if (!ret && strcmp(way.command, "kexec -e") == 0)
		ret = plan_add(jump->plan, &step_sync, none, NULL, NULL, NULL);
	return ret ? ret : plan_add(jump->plan, &step_jump, none, way.why, way.command, NULL);
}

int vlu_plan_kexec(struct vlu_ctx *ctx, struct vlu_plan **ret_plan)
{
	struct vlu_plan *plan;
	struct jump *jump;
	int ret;

	ret = session_check_host(ctx, HOST_JUMP);
	if (!ret)
		ret = plan_new(ctx, PLAN_ALL, &plan);
	if (ret)
		return ret;
	jump = calloc(1, sizeof(*jump));
	ret = jump ? session_lock(ctx) : vlu_nomem(ctx);
	if (ret) {
		free(jump);
		vlu_plan_free(plan);
		return ret;
	}
	jump->ctx = ctx;
	jump->plan = plan;
	plan->data = jump;
	plan->free_data = jump_free;
	ret = session_held(ctx, &jump->held);
	if (!ret)
		ret = add_jump(jump);
	if (ret) {
		vlu_plan_free(plan);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks all again, loads the image again, disables interrupts, starts the next kernel. */
#include "formats/cmdline.h"
#include "base/cache.h"
#include "base/text.h"
#include "base/program.h"
#include "checks/device-rules.h"
#include "machine/device.h"
#include "machine/kernel.h"
#include "jump/kexec-image.h"
#include "jump.h"
#include "machine/kernel-log.h"
#include "machine/kexec-state.h"
#include "machine/systemd.h"
#include "session/session.h"
#include "holder/service.h"

/* The command that makes the kexec, and why this one. */
struct way {
	const char *command;
	const char *why;
};

static void jump_free(void *data)
{
	struct jump *jump = data;

	kexec_image_free(&jump->image);
	moments_free(&jump->moments);
	ledger_free(jump->ledger);
	free(jump);
}

int jump_plan(struct vlu_ctx *ctx, enum host_use use, struct jump **ret_jump)
{
	struct vlu_plan *plan;
	struct jump *jump;
	int ret;

	ret = plan_begin(ctx, PLAN_ALL, &plan);
	if (ret)
		return ret;
	jump = calloc(1, sizeof(*jump));
	if (jump) {
		*jump = (struct jump){ .ctx = ctx, .plan = plan };
		plan->data = jump;
		plan->free_data = jump_free;
	}
	/* after the lock: a command that had it may have left an unbind that waits in the kernel */
	ret = jump ? session_check_host(ctx, use) : vlu_nomem(ctx);
	if (!ret)
		ret = session_ledger(ctx, VLU_SESSION, &jump->ledger);
	if (ret)
		vlu_plan_free(plan);
	else
		*ret_jump = jump;
	return ret;
}

static int run_sync(struct vlu_plan *plan, struct step *step)
{
	jump_announce(plan->data, step->value);
	return sys_sync(&plan->ctx->sys);
}

static const struct step_kind step_sync = {
	.text = "sync the disks",
	.run = run_sync,
};

/* Thaws the devices, and fails with the kernel's message about the one that refused. */
static int jump_failed(struct vlu_plan *plan, int ret, const char *text)
{
	struct vlu_ctx *ctx = plan->ctx;
	const struct jump *jump = plan->data;
	char why[512], thawed[512] = "";
	const struct klog *log;

	cache_drop(ctx);
	log = klog_get(ctx);
	if (log && log->n_freezes > jump->freezes)
		snprintf(why, sizeof(why), "\"%s\"", log->freeze);
	else
		snprintf(why, sizeof(why), "%s", ret < 0 ? strerror(-ret) :
			 *text ? text : "kexec said nothing");
	if (thaw(ctx, &jump->ledger->held, thawed, sizeof(thawed)))
		return vlu_fail(ctx, VLU_PARTIAL, -EIO, "the kexec failed: %s; not all devices "
				"that it froze are usable again: %s; see vfio-lu status",
				why, thawed);
	return vlu_fail(ctx, FAIL_JUMP, -EIO, "the kexec failed: %s; all sessions are still "
			"held%s%s; remove the cause, then: vfio-lu kexec", why,
			*thawed ? ", frozen devices were bound again: " : "", thawed);
}

static int run_jump(struct vlu_plan *plan, struct step *step)
{
	/* -x keeps the network: a kexec that fails would leave it down */
	static const char *const direct[] = { "kexec", "-e", "-x", NULL };
	static const char *const managed[] = { "systemctl", "kexec", NULL };
	bool systemd = strcmp(step->value, "systemctl kexec") == 0;
	struct jump *jump = plan->data;
	char text[512] = "";
	int ret;

	if (systemd)
		jump_announce(plan->data, step->value);
	moments_note(plan->ctx, &jump->moments, KEXEC_CALLED, NULL);
	moments_write(plan->ctx, STATE_DIR, KEXEC_MOMENTS, &jump->moments);
	if (!systemd && plan->leave)
		plan->leave(plan->leave_arg, step_text(plan, step));
	ret = program_run(plan->ctx, systemd ? managed : direct, text, sizeof(text));
	if (systemd && ret != -ENOENT && systemd_is_stopping(plan->ctx, ret))
		return plan_say(plan, "kexec", "systemd stops its services, and starts the next "
				"kernel");
	/* no kexec was called, so its moments are of none */
	moments_remove(plan->ctx, STATE_DIR, KEXEC_MOMENTS);
	return ret == -ENOENT ? ret : jump_failed(plan, ret, text);
}

static const struct step_kind step_jump = {
	.text = "kexec: %v (%p)",
	.run = run_jump,
};

static int run_load_again(struct vlu_plan *plan, struct step *step)
{
	struct moment now = moment_now_rtc(plan->ctx);
	struct jump *jump = plan->data;
	char loaded[MOMENT_SIZE];

	(void)step;
	moments_add(&jump->moments, LOADED, NULL, &now);
	return kexec_image_load(plan->ctx, &jump->image, moment_format(&now, loaded));
}

static const struct step_kind step_load_again = {
	.text = "load %p with kexec_file_load once more, in place of whatever is loaded now, command "
		"line: %v",
	.run = run_load_again,
};

/* Collects the failure, so that the user sees all of them at once. */
static void refuse(struct jump *jump)
{
	failures_add(jump->ctx, &jump->failures, &jump->ctx->failure);
}

/* With --force, the failure is a warning. */
static void refuse_unforced(struct jump *jump)
{
	if (jump->force)
		vlu_log(jump->ctx, VLU_LOG_WARNING, "%s", vlu_error(jump->ctx));
	else
		refuse(jump);
}

/* A process that uses the device would enable its interrupts again at once. */
static void check_ready(struct jump *jump, const struct vlu_member *member)
{
	struct vlu_device *dev;
	int ret;

	ret = device_refresh(jump->ctx, member->bdf, &dev);
	if (!ret)
		ret = check_unused(dev, FORCE_NONE);
	if (ret)
		refuse(jump);
}

static void refuse_incoming(struct jump *jump, const struct vlu_session *session)
{
	vlu_fail(jump->ctx, FAIL_UNFINISHED, -EBUSY, "session %s of the previous kernel is not "
		 "finished (%s); the kexec would lose it", session->name,
		 vlu_standing_word(session->standing));
	session_first(jump->ctx, session);
	refuse_unforced(jump);
}

/* A session is handed over whole or not at all. */
static void check_session(struct jump *jump, const struct vlu_session *session)
{
	const struct vlu_member *member;
	char names[400] = "";
	size_t i;

	if (is_unfinished(session))
		refuse_incoming(jump, session);
	if (session->direction != VLU_OUTGOING)
		return;
	jump->sessions++;
	for (i = 0; (member = member_at(session, i)); i++) {
		if (i < session->n_devices && is_held(member))
			check_ready(jump, member);
		if (member->detail)
			text_add(names, sizeof(names), "; %s: %s", member->name, member->detail);
	}
	if (session->standing == VLU_STANDING_HELD)
		return;
	vlu_fail(jump->ctx, session->standing == VLU_STANDING_LOST ? FAIL_LOST : FAIL_INCOMPLETE,
		 -ENOENT, "session %s is %s: %s%s", session->name,
		 vlu_standing_word(session->standing), session->detail ? session->detail : "",
		 names);
	session_first(jump->ctx, session);
	refuse(jump);
}

static bool is_in_a_session(const struct vlu_state *state, struct vlu_bdf bdf)
{
	size_t i;

	for (i = 0; i < state->n_sessions; i++)
		if (state->sessions[i].direction != VLU_INCOMING &&
		    member_of(&state->sessions[i], bdf))
			return true;
	return false;
}

/* The kexec ends VMs whose devices are in no session. */
static void check_vms(struct jump *jump)
{
	const struct proc_file *user;
	char name[VLU_BDF_SIZE];
	size_t i;

	for (i = 0; (user = ledger_user(jump->ledger, NULL, i)); i++) {
		if (is_in_a_session(&jump->ledger->state, user->bdf))
			continue;
		vlu_fail(jump->ctx, FAIL_WOULD_LOSE, -EBUSY, "%s: process %d (%s) has it open and "
			 "it is in no session, so the kexec ends that process; preserve the "
			 "device: vfio-lu preserve --pid %d, or end the process, or lose it: "
			 "vfio-lu kexec --force", vlu_bdf_format(user->bdf, name), (int)user->pid,
			 user->comm, (int)user->pid);
		refuse_unforced(jump);
	}
}

static int check_image(struct jump *jump)
{
	struct vlu_ctx *ctx = jump->ctx;
	int ret = kexec_image_read(ctx, &jump->image);
	const char *missing;

	if (ret == -ENOENT)
		return vlu_fail(ctx, FAIL_NO_IMAGE, ret, "%s; first: vfio-lu load KERNEL",
				kexec_is_loaded(ctx) == VLU_YES ?
				"the loaded kernel was not loaded by vfio-lu" : "no kernel is loaded");
	missing = ret ? NULL : kexec_image_missing(ctx, &jump->image);
	if (missing)
		return vlu_fail(ctx, FAIL_NO_IMAGE, -ENOENT, "%s does not exist any more; first: vfio-lu "
				"load KERNEL", missing);
	return ret ? ret : kexec_image_judge(jump->ledger, &jump->image, false);
}

/*
 * systemctl kexec stops services and unmounts file systems first. It is better if the holder
 * outlives the shutdown. But when this kexec fails, systemd reboots (src/shutdown/shutdown.c).
 */
static struct way choose_way(struct vlu_ctx *ctx, pid_t holder)
{
	struct way direct = { "kexec -e", NULL };

	if (!systemd_is_running(ctx)) {
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
		direct.why = "the holder runs in a unit that systemd stops before the kexec";
		break;
	case SERVICE_UNKNOWN:
		direct.why = "vfio-lu cannot see whether systemd would stop the holder";
		break;
	}
	return direct;
}

static int check_sessions(struct jump *jump)
{
	const struct vlu_state *state = &jump->ledger->state;
	size_t i;
	int ret;

	for (i = 0; i < state->n_sessions; i++)
		check_session(jump, &state->sessions[i]);
	check_vms(jump);
	ret = failures_end(jump->ctx, &jump->failures);
	if (!ret && !jump->sessions)
		ret = vlu_fail(jump->ctx, FAIL_NOTHING, -ENOENT, "nothing is preserved; "
			       "first: vfio-lu preserve BDF (or '%s' for a kexec that preserves nothing)",
			       systemd_is_running(jump->ctx) ? "systemctl kexec" : "kexec -e");
	return ret;
}

/* All checks come before the first change, and the image before the interrupts. */
static int add_jump(struct jump *jump)
{
	struct vlu_ctx *ctx = jump->ctx;
	const struct klog *log = klog_get(ctx);
	struct vlu_bdf none = { 0 };
	struct way way;
	int ret;

	/* jump_failed() looks for messages newer than these */
	jump->freezes = log ? log->n_freezes : 0;
	ret = check_sessions(jump);
	if (!ret)
		ret = check_image(jump);
	if (ret)
		return ret;
	plan_add(jump->plan, &step_load_again, none, jump->image.kernel, jump->image.line, NULL);
	jump_add_quiet(jump);
	way = choose_way(ctx, (pid_t)jump->ledger->state.holder_pid);
	if (strcmp(way.command, "kexec -e") == 0)
		plan_add(jump->plan, &step_sync, none, NULL, way.command, NULL);
	return plan_add(jump->plan, &step_jump, none, way.why, way.command, NULL);
}

int vlu_plan_kexec(struct vlu_ctx *ctx, bool force, struct vlu_plan **ret_plan)
{
	struct jump *jump;
	int ret;

	ret = jump_plan(ctx, HOST_JUMP, &jump);
	if (ret)
		return ret;
	jump->force = force;
	return plan_give(jump->plan, add_jump(jump), ret_plan);
}

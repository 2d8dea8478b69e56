/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks everything again, loads the image again, disables interrupts, starts the next kernel. */
#include "base/cache.h"
#include "base/program.h"
#include "base/text.h"
#include "checks/device-rules.h"
#include "holder/service.h"
#include "jump/jump.h"
#include "machine/device.h"
#include "machine/kernel-log.h"
#include "machine/kexec-state.h"
#include "machine/systemd.h"

/* the ways to make the kexec */
#define DIRECT	"kexec -e"
#define MANAGED	"systemctl kexec"

#define NAMED	6	/* devices of a session */

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
	/* under the lock: the previous owner of the lock may have left a pending unbind */
	ret = jump ? session_check_host(ctx, use) : vlu_nomem(ctx);
	if (!ret)
		ret = session_ledger(ctx, VLU_SESSION, &jump->ledger);
	if (ret)
		vlu_plan_free(plan);
	else
		*ret_jump = jump;
	return ret;
}

void jump_step(struct jump *jump, step_fn run, step_fn undo, const char *text, const char *path,
	       const char *value)
{
	const struct step_kind kind = { .text = text, .run = run, .undo = undo };

	plan_add(jump->plan, &kind, (struct vlu_bdf){ 0 }, path, value, NULL);
}

static void name_devices(const struct vlu_session *session, char *text, size_t size)
{
	size_t i;

	text_add(text, size, "%s session %s (", *text ? "," : "", session->name);
	for (i = 0; i < session->n_devices && i < NAMED; i++)
		text_add(text, size, "%s%s", i ? " " : "", session->devices[i].name);
	if (i < session->n_devices)
		text_add(text, size, " and %zu more", session->n_devices - i);
	text_add(text, size, ")");
}

/* Logs kernel, way, sessions and devices, before network connections break. */
static void announce(const struct jump *jump, const char *way)
{
	const struct vlu_state *state = &jump->ledger->state;
	const struct vlu_session *session;
	char what[700] = "";

	each_session(session, state)
		if (session->direction == VLU_OUTGOING)
			name_devices(session, what, sizeof(what));
	vlu_log(jump->ctx, VLU_LOG_INFO, "starting %s by %s, with%s; network connections break",
		jump->image.kernel, way, what);
}

static int run_sync(struct step *step)
{
	announce(step->plan->data, step->value);
	return sys_sync(&step->plan->ctx->sys);
}

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

static int run_jump(struct step *step)
{
	struct vlu_plan *plan = step->plan;
	/* without -x, a kexec that fails would leave the network down */
	static const char *const direct[] = { "kexec", "-e", "-x", NULL };
	static const char *const managed[] = { "systemctl", "kexec", NULL };
	bool systemd = strcmp(step->value, MANAGED) == 0;
	struct jump *jump = plan->data;
	char text[512] = "";
	int ret;

	if (systemd)
		announce(jump, step->value);
	moments_note(jump->ctx, &jump->moments, KEXEC_CALLED, NULL);
	moments_write(jump->ctx, STATE_DIR, KEXEC_MOMENTS, &jump->moments);
	if (!systemd && plan->leave)
		plan->leave(plan->leave_arg, step_text(step));
	ret = program_run(jump->ctx, systemd ? managed : direct, text, sizeof(text));
	if (systemd && ret != -ENOENT && systemd_is_stopping(jump->ctx, ret))
		return plan_say(plan, "kexec", "systemd stops its services, and starts the next "
				"kernel");
	/* the kexec did not happen, so its moments are wrong */
	moments_remove(jump->ctx, STATE_DIR, KEXEC_MOMENTS);
	return ret == -ENOENT ? ret : jump_failed(plan, ret, text);
}

static int run_load_again(struct step *step)
{
	struct jump *jump = step->plan->data;
	struct moment now = moment_now_rtc(jump->ctx);
	char loaded[MOMENT_SIZE];

	moments_add(&jump->moments, LOADED, NULL, &now);
	return kexec_image_load(jump->ctx, &jump->image, moment_format(&now, loaded));
}

/*
 * vfio_pci_liveupdate_freeze() of the VFIO series refuses a device that sleeps. Opening its file
 * again wakes it.
 */
static int check_awake(const struct vlu_device *dev, const struct vlu_session *session)
{
	if (dev->power_state[0] != 'D' || strcmp(dev->power_state, "D0") == 0)
		return 0;
	return vlu_fail(dev->ctx, FAIL_DEVICE, -EINVAL, "%s: it is in %s, and the kernel refuses a "
			"kexec unless it is in D0; fix: vfio-lu release --session %s %s, then vfio-lu "
			"preserve --session %s %s, which wakes it", dev->name, dev->power_state,
			session->name, dev->name, session->name, dev->name);
}

/* A process that uses the device would enable its interrupts again at once. */
static void check_ready(struct jump *jump, const struct vlu_session *session,
			const struct vlu_member *member)
{
	struct vlu_device *dev;
	int ret;

	ret = device_refresh(jump->ctx, member->bdf, FOR_VERDICT, &dev);
	if (!ret)
		ret = check_unused(dev, FORCE_NONE);
	if (!ret)
		ret = check_awake(dev, session);
	if (ret)
		failures_note(jump->ctx, &jump->failures, true);
}

/* A session is handed over whole or not at all. */
static void check_session(struct jump *jump, const struct vlu_session *session)
{
	const struct vlu_member *member;
	char names[400] = "";
	size_t i;

	if (is_unfinished(session) &&
	    session_unfinished(jump->ctx, session, "; the kexec would lose it"))
		failures_note(jump->ctx, &jump->failures, !jump->force);
	if (session->direction != VLU_OUTGOING)
		return;
	jump->sessions++;
	for (i = 0; (member = member_at(session, i)); i++) {
		if (i < session->n_devices && is_held(member))
			check_ready(jump, session, member);
		if (member->detail)
			text_add(names, sizeof(names), "; %s: %s", member->name, member->detail);
	}
	if (!is_broken(session))
		return;
	vlu_fail(jump->ctx, session->standing == VLU_STANDING_LOST ? FAIL_LOST : FAIL_INCOMPLETE,
		 -ENOENT, "session %s is %s: %s%s", session->name,
		 vlu_standing_word(session->standing), session->detail ? session->detail : "",
		 names);
	session_first(jump->ctx, session);
	failures_note(jump->ctx, &jump->failures, true);
}

static bool is_outgoing(const struct vlu_session *session)
{
	return session->direction != VLU_INCOMING;
}

static bool is_in_a_session(const struct vlu_state *state, struct vlu_bdf bdf,
			    bool (*which)(const struct vlu_session *session))
{
	const struct vlu_session *session;

	each_session(session, state)
		if (which(session) && member_of(session, bdf))
			return true;
	return false;
}

/* The kexec ends VMs whose devices are in no session. */
static void check_vms(struct jump *jump)
{
	const struct vlu_state *state = &jump->ledger->state;
	const struct proc_file *user;
	char name[VLU_BDF_SIZE], preserve[80];
	size_t i;

	for (i = 0; (user = ledger_user(jump->ledger, NULL, i)); i++) {
		preserve[0] = '\0';
		if (is_in_a_session(state, user->bdf, is_outgoing))
			continue;
		/* a device of a session that was given up cannot be preserved again */
		if (ledger_device(jump->ledger, user->bdf) != VLU_INCOMING ||
		    is_in_a_session(state, user->bdf, is_unfinished))
			snprintf(preserve, sizeof(preserve), "preserve the device: vfio-lu preserve "
				 "--pid %d, or ", (int)user->pid);
		vlu_fail(jump->ctx, FAIL_WOULD_LOSE, -EBUSY, "%s: process %d (%s) has it open and "
			 "it is not preserved, so a kexec would end that process; %send the process, "
			 "or let the kexec end it: vfio-lu kexec --force", vlu_bdf_format(user->bdf, name),
			 (int)user->pid, user->comm, preserve);
		failures_note(jump->ctx, &jump->failures, !jump->force);
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
	if (ret)
		return ret;
	missing = kexec_image_missing(ctx, &jump->image);
	return missing ? vlu_fail(ctx, FAIL_NO_IMAGE, -ENOENT, "%s does not exist any more; first: "
				  "vfio-lu load KERNEL", missing) :
	       kexec_image_judge_again(jump->ledger, &jump->image);
}

/*
 * Should systemd make the kexec? It stops services and unmounts file systems first, which is better
 * if the holder outlives the shutdown. But when this kexec fails, systemd reboots
 * (src/shutdown/shutdown.c).
 */
static bool is_for_systemd(struct vlu_ctx *ctx, pid_t holder, const char **ret_why)
{
	static const char *const why[] = {
		[SERVICE_OURS] = "the holder is " SERVICE_UNIT ", which systemd carries through its "
				 "shutdown",
		[SERVICE_NONE] = "the holder is in no unit that a shutdown stops",
		[SERVICE_OTHER] = "the holder runs in a unit that systemd stops before the kexec",
		[SERVICE_UNKNOWN] = "vfio-lu cannot see whether systemd would stop the holder",
	};
	enum service_place place;

	*ret_why = "process 1 is not systemd";
	if (!systemd_is_running(ctx))
		return false;
	place = service_of(ctx, holder);
	*ret_why = why[place];
	return place == SERVICE_OURS || place == SERVICE_NONE;
}

static int check_sessions(struct jump *jump)
{
	const struct vlu_session *session;
	int ret;

	each_session(session, &jump->ledger->state)
		check_session(jump, session);
	check_vms(jump);
	ret = failures_end(jump->ctx, &jump->failures);
	if (!ret && !jump->sessions)
		ret = vlu_fail(jump->ctx, FAIL_NOTHING, -ENOENT, "nothing is preserved; "
			       "first: vfio-lu preserve BDF (or '%s' for a kexec that preserves nothing)",
			       systemd_is_running(jump->ctx) ? "systemctl kexec" : "kexec -e");
	return ret;
}

/* All checks come before the first change. The image is loaded before interrupts are disabled. */
static int add_jump(struct jump *jump)
{
	struct vlu_ctx *ctx = jump->ctx;
	const struct klog *log = klog_get(ctx);
	const char *why;
	bool systemd;
	int ret;

	/* jump_failed() looks for messages newer than these */
	jump->freezes = log ? log->n_freezes : 0;
	ret = check_sessions(jump);
	if (!ret)
		ret = check_image(jump);
	if (ret)
		return ret;
	jump_step(jump, run_load_again, NULL, "load %p with kexec_file_load once more, in place of "
		  "whatever is loaded now, command line: %v", jump->image.kernel, jump->image.line);
	jump_add_quiet(jump);
	systemd = is_for_systemd(ctx, (pid_t)jump->ledger->state.holder_pid, &why);
	if (!systemd)
		jump_step(jump, run_sync, NULL, "sync the disks", NULL, DIRECT);
	jump_step(jump, run_jump, NULL, "kexec: %v (%p)", why, systemd ? MANAGED : DIRECT);
	return 0;
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

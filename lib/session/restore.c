/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * restore: retrieves a session after the kexec. A wrong order cannot be repaired: vfio-pci must have
 * registered its LUO handler before the first open of /dev/liveupdate, a device must be bound to
 * vfio-pci before its file is retrieved, and a retrieved session must be kept until it is finished.
 * The session is retrieved before any device is bound, so no driver loses a device if the session
 * does not exist.
 */
#include "base/cache.h"
#include "bind/bind.h"
#include "machine/device.h"
#include "session/session.h"
#include "uapi/liveupdate.h"
#include "bind/former-driver.h"

/* The kernel decides whether the session exists. Its "no" is noted, so that it is asked once. */
static int run_retrieve_session(struct step *step)
{
	struct session *session = step->plan->data;
	struct failure first;
	const char *word;
	int ret;

	moments_note(session->ctx, &session->moments, RESTORE_CALLED, NULL);
	ret = held_retrieve_session(session->ctx, step->value);
	first = session->ctx->failure;
	if (!session->now || (ret != -ENOENT && ret != -EINVAL) || session->now->holder_pid >= 0)
		return ret;
	/* a session that was restored and no longer exists has been finished */
	word = ret == -EINVAL ? "closed" :
	       session->now->sources & VLU_FROM_PROMISE ? "finished" : "absent";
	failure_warn(session->ctx, settle(session->ctx, step->value, word));
	session->ctx->failure = first;
	return ret;
}

/* The state of the step that retrieves the files. */
struct restoring {
	struct manifest inner;
	const struct manifest *manifest;	/* inner, or the ledger's manifest; NULL: none */
	size_t strangers;
	struct failures failures;	/* one device's failure does not stop the others */
};

/*
 * Binds a device in the middle of a plan, after a new look at its users: if the host is still
 * booting, a driver may have taken the device since the plan was made.
 */
static int bind_now(struct vlu_plan *outer, struct vlu_bdf bdf)
{
	struct vlu_plan *plan;
	int ret;

	cache_drop(outer->ctx);
	ret = plan_new(outer->ctx, PLAN_ALL, &plan);
	if (ret)
		return ret;
	ret = bind_add(plan, bdf);
	if (!ret)
		ret = vlu_plan_run(plan);
	vlu_plan_free(plan);
	return ret;
}

static void count_failure(struct session *session, struct restoring *restoring)
{
	failures_add(session->ctx, &restoring->failures, &session->ctx->failure);
}

/* Checks that the device is the one that was preserved. */
static int check_identity(struct vlu_ctx *ctx, struct member *member,
			  const struct manifest_device *was, const struct vlu_device *dev)
{
	struct manifest_device is;
	const char *difference = NULL;
	int ret;

	if (session_identity(dev, &is))
		vlu_log(ctx, VLU_LOG_WARNING, "%s; vfio-lu cannot verify that it is the device "
			"that was preserved", vlu_error(ctx));
	else
		difference = identity_differs(was, &is);
	/* Remember the driver that it had before the first bind, for unbind. */
	failure_warn(ctx, driver_remember(ctx, member->bdf, was->driver_before));
	if (!difference)
		return 0;
	ret = held_put(ctx, member->fd, "state=mismatch", "%s", member->key);
	return ret ? ret : vlu_fail(ctx, VLU_FAILED, -EXDEV, "%s: retrieved, but it is not the "
				    "device that was preserved: %s", member->name, difference);
}

static int retrieve(struct session *session, struct member *member,
		    const struct manifest_device *was)
{
	struct vlu_device *dev = NULL;
	int ret = member->is_file ? 0 : device_refresh(session->ctx, member->bdf, OF_ALL, &dev);

	/*
	 * Do not retrieve the file of a device without vfio-pci: the kernel would fail, and never
	 * try again. The reason why the device is not bound was reported before.
	 */
	if (!ret && dev && strcmp(dev->driver, VFIO_DRIVER) != 0)
		return -ENOTCONN;
	if (!ret)
		ret = luo_retrieve(session->ctx, session->fd, member->token, member->name, &member->fd);
	if (!ret && was)
		ret = check_identity(session->ctx, member, was, dev);
	member->done = !ret;
	return ret;
}

static void say_retrieved(struct vlu_plan *plan, const struct member *member)
{
	const struct session *session = plan->data;

	plan_say(plan, "retrieve", "%s  retrieved from session %s%s", member->name, session->name,
		 member->is_file ? "" : ", not bound to an iommufd");
	/* a driver's probe() resets and sets up the device, although it was preserved */
	if (*member->driver)
		vlu_log(plan->ctx, VLU_LOG_WARNING, "%s: driver %s used the device in this boot "
			"before vfio-pci did, so the guest's settings in it are gone; fix: for "
			"the next time, vfio-lu bind --persist %s", member->name, member->driver,
			member->name);
}

/* Gives the retrieved files to the holder. */
static void keep_members(struct vlu_plan *plan, struct restoring *restoring)
{
	struct session *session = plan->data;
	int ret = session_ask(session, KEEP, DONE, "state=retrieved");
	struct member *member;

	if (ret)
		count_failure(session, restoring);
	for (member = session->members; member < session->members + session->n; member++) {
		member->done = member->done && !ret;
		if (member->done)
			say_retrieved(plan, member);
	}
}

/* Reads the manifest inside the retrieved session. */
static int inner_manifest(struct session *session, struct manifest *ret_manifest)
{
	struct vlu_ctx *ctx = session->ctx;
	_cleanup_free_ char *text = malloc(MANIFEST_MAX);
	size_t used = 0;
	ssize_t n;
	int fd, ret;

	if (!text)
		return vlu_nomem(ctx);
	ret = luo_retrieve(ctx, session->fd, VLU_TOKEN_MANIFEST, "the manifest", &fd);
	if (ret)
		return ret;
	do {
		n = sys_pread(&ctx->sys, fd, text + used, MANIFEST_MAX - used, (off_t)used);
		used += n > 0 ? (size_t)n : 0;
	} while (n > 0 && used < MANIFEST_MAX);
	sys_close(&ctx->sys, fd);
	return n < 0 ? vlu_failed(ctx, (int)n, "cannot read the manifest inside the session") :
	       manifest_take(ctx, text, used, session->name, "the manifest inside the session",
			     ret_manifest);
}

/* Finds the manifest: the one inside the session, or else the one in /run or on the disk. */
static void find_manifest(struct session *session, struct restoring *restoring)
{
	if (inner_manifest(session, &restoring->inner) == 0) {
		restoring->manifest = &restoring->inner;
	} else {
		restoring->manifest = ledger_manifest(session->ledger, session->name);
		vlu_log(session->ctx, VLU_LOG_WARNING, "%s; session %s is restored %s",
			vlu_error(session->ctx), session->name, restoring->manifest ?
			"from its saved manifest" : "without a manifest: "
			"vfio-lu cannot verify that each device is the one that was preserved");
	}
	/* write it to the disk, and to /run as the promise that the files are held from now on */
	if (restoring->manifest && manifest_format(restoring->manifest, &session->manifest) == 0)
		failure_warn(session->ctx,
			     manifest_keep(session->ctx, session->name, session->manifest));
}

static int add_members(struct session *session, const struct manifest *manifest)
{
	char name[FILE_NAME];
	size_t i;
	int ret = 0;

	for (i = 0; !ret && manifest_name(manifest, i, name); i++)
		ret = session_add(session, name, false);
	return ret;
}

/* Binds all devices at the same time, since each may take a while. */
static int bind_members(struct vlu_plan *outer, struct restoring *restoring)
{
	const struct manifest *manifest = restoring->manifest;
	struct session *session = outer->data;
	struct member *member;
	const struct vlu_deed *deed;
	struct vlu_plan *plan;
	size_t i;
	int ret;

	ret = plan_new(outer->ctx, PLAN_EACH, &plan);
	if (ret)
		return ret;
	plan->taken = bind_now;
	plan->beside = true;
	plan->watch = outer->watch;
	plan->watch_arg = outer->watch_arg;
	for (member = session->members; member < session->members + session->n_devices; member++) {
		/* A device that is not in the session stays with its driver. */
		if (member->held || (manifest && !manifest_find(manifest, member->bdf)))
			continue;
		if (device_driver_now(outer->ctx, member->bdf, member->driver, sizeof(member->driver)) ||
		    strcmp(member->driver, VFIO_DRIVER) == 0)
			member->driver[0] = '\0';
		member->err = bind_add(plan, member->bdf);
		if (member->err)
			count_failure(session, restoring);
	}
	if (vlu_plan_run(plan))
		count_failure(session, restoring);
	for (i = 0; (deed = vlu_plan_result(plan, i)); i++)
		plan_say_so(outer, deed->action, deed->already, "%s", deed->text);
	vlu_plan_free(plan);
	return 0;
}

static void retrieve_member(struct vlu_plan *plan, struct member *member, struct restoring *restoring)
{
	const struct manifest *manifest = restoring->manifest;
	const struct manifest_device *was = manifest && !member->is_file ?
					    manifest_find(manifest, member->bdf) : NULL;
	int ret;

	if (member->held)
		plan_say_already(plan, "retrieve", "%s  already retrieved", member->name);
	if (member->held || member->err)
		return;
	/* The kernel log names no sessions, so a device that it names may be in another session. */
	ret = manifest && !was && !member->is_file ? -ENOENT : retrieve(plan->data, member, was);
	if (ret == -ENOENT && !was && !member->is_file)
		restoring->strangers++;
	else if (ret && ret != -ENOTCONN)
		count_failure(plan->data, restoring);
}

static int retrieve_all(struct vlu_plan *plan, struct restoring *restoring)
{
	struct session *session = plan->data;
	size_t i;
	int ret;

	find_manifest(session, restoring);
	ret = restoring->manifest ? add_members(session, restoring->manifest) : session_add_bound(session);
	if (!ret)
		ret = bind_members(plan, restoring);
	for (i = 0; !ret && i < session->n; i++)
		retrieve_member(plan, &session->members[i], restoring);
	if (!ret)
		keep_members(plan, restoring);
	return ret;
}

static int not_all_back(const struct session *session, const struct restoring *restoring)
{
	bool gone = restoring->failures.last.code == FAIL_NO_DEVICE;
	size_t i, back = 0;
	char fix[400];

	for (i = 0; i < session->n; i++)
		back += session->members[i].done || session->members[i].held;
	vlu_fail(session->ctx, FAIL_NOT_RESTORED, -EIO, "%.600s%s; %zu of %zu files of session %s are "
		 "retrieved and held", restoring->failures.last.text, gone ? " any more: the previous kernel "
		 "preserved it" : "", back, session->n - restoring->strangers, session->name);
	/* With the name, since a command without it is about the default session. */
	snprintf(fix, sizeof(fix), "echo 1 >/sys/bus/pci/rescan, then vfio-lu restore --session %s again; "
		 "without the device: %s%s%svfio-lu release --abandon --session %s", session->name,
		 back ? "vfio-lu run --session " : "", back ? session->name : "",
		 back ? ", and in the end " : "", session->name);
	return gone ? failure_fix(session->ctx, "fix", fix, NULL) : -EIO;
}

static int run_retrieve_files(struct step *step)
{
	struct restoring restoring = { .strangers = 0 };
	struct session *session = step->plan->data;
	struct vlu_ctx *ctx = session->ctx;
	int ret = held_get(ctx, &session->fd, "session/%s", session->name);

	if (!ret)
		ret = retrieve_all(step->plan, &restoring);
	/* also after a failure: a repeated command would note a later time */
	session_note(session, RESTORED, DONE);
	manifest_free(&restoring.inner);
	if (ret)
		return vlu_fail(ctx, FAIL_NOT_RESTORED, ret, "%.600s; session %s is retrieved and "
				"held, but not all of its files are; continue: vfio-lu restore "
				"--session %s", vlu_error(ctx), session->name, session->name);
	if (restoring.failures.n)
		return not_all_back(session, &restoring);
	if (!restoring.manifest && restoring.strangers == session->n_devices &&
	    session->n == session->n_devices)
		return vlu_fail(ctx, FAIL_NOT_RESTORED, -ENOENT, "session %s is retrieved and "
				"held, but its devices are unknown: no manifest and no kernel log "
				"names them, and vfio-pci is bound to none of them; bind them: "
				"vfio-lu bind BDF..., then: vfio-lu restore --session %s", session->name,
				session->name);
	if (restoring.strangers && restoring.strangers == session->n_devices)
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT, "session %s has none of the "
				"devices that the previous kernel handed over", session->name);
	return 0;
}

static int check_restorable(struct session *session)
{
	const struct ledger *ledger = session->ledger;
	const struct vlu_session *now = session->now;

	if (!now && ledger->state.kho_boot == VLU_NO)
		return vlu_fail(session->ctx, FAIL_NO_SESSION, -ENOENT, "nothing to restore: "
				"nothing was handed over to this kernel");
	/* No source names the session: ask the kernel, unless all sessions are known. */
	if (!now)
		return ledger->state.named ? ledger_no_session(ledger, session->name) : 0;
	if (now->direction == VLU_OUTGOING)
		return vlu_fail(session->ctx, FAIL_WRONG_ORDER, -EINVAL, "session %s was made by "
				"this kernel; restore it in the next kernel, after vfio-lu kexec",
				session->name);
	if (now->standing != VLU_STANDING_LOST && now->standing != VLU_STANDING_FINISHED)
		return 0;
	vlu_fail(session->ctx, FAIL_LOST, -ENOENT, "session %s cannot be restored: %s", session->name,
		 now->detail ? now->detail : vlu_standing_word(now->standing));
	return session_first(session->ctx, now);
}

static int add_restore(struct vlu_plan *plan, struct session *session)
{
	const char *manifest = session->now ? session->now->manifest : "";
	const struct member *member;
	int ret;

	if (!session->now && session_is_settled(plan->ctx, session->name, "finished"))
		return plan_say_already(plan, "finish", "session %s  already finished", session->name);
	ret = check_restorable(session);
	if (ret)
		return ret;
	/* without a valid manifest, the session may have members that are not known */
	if (session->now && session->now->standing == VLU_STANDING_RESTORED &&
	    strcmp(manifest, "ok") == 0) {
		for (member = session->members; member < session->members + session->n_devices; member++)
			plan_say_already(plan, "retrieve", "%s  already retrieved from session %s", member->name,
				 session->name);
		return 0;
	}
	if (strcmp(manifest, "invalid") == 0)
		vlu_log(plan->ctx, VLU_LOG_WARNING, "%s", session->now->detail);
	ret = session_add_known(session, false);
	ret = ret ? ret : bind_add_module(plan);
	holder_step(plan);
	if (!session->held)
		session_step(plan, run_retrieve_session, NULL, "have the holder retrieve LUO session %v");
	/* for --dry-run: the members that are known before the session is retrieved */
	for (member = session->members; member < session->members + session->n_devices; member++)
		if (!member->held)
			member_step(plan, NULL, NULL, "%d: if it is in the session, bind it to vfio-pci "
				    "and retrieve its file", member, NULL);
	session_step(plan, run_retrieve_files, NULL, "retrieve the files of session %v and give them "
		     "to the holder");
	return ret;
}

static void note_waiting(struct vlu_plan *plan, const struct session *session)
{
	const struct vlu_state *state = &session->ledger->state;
	size_t i;

	for (i = 0; i < state->n_sessions; i++)
		if (state->sessions[i].standing == VLU_STANDING_WAITING &&
		    strcmp(state->sessions[i].name, session->name) != 0)
			plan->waiting = pool_print(&plan->pool, "%s%s%s", vlu_plan_waiting(plan),
						   plan->waiting ? ", " : "", state->sessions[i].name);
}

int vlu_plan_restore(struct vlu_ctx *ctx, const char *name, struct vlu_plan **ret_plan)
{
	struct session *session;
	struct vlu_plan *plan;
	int ret;

	/* A retrieval cannot be undone, so the earlier steps are not undone either. */
	ret = session_plan(ctx, name, HOST_RESTORE, PLAN_STOP, &plan, &session);
	if (ret)
		return ret;
	note_waiting(plan, session);
	return plan_give(plan, add_restore(plan, session), ret_plan);
}

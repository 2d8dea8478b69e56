/* SPDX-License-Identifier: GPL-2.0-only */
#include "machine/device.h"
#include "session/session.h"
#include "vmm.h"

int vlu_session_name_check(struct vlu_ctx *ctx, const char *name)
{
	if (!is_session_name(name))
		return vlu_fail(ctx, VLU_USAGE, -EINVAL, "'%.80s' is not a session name: "
				"1-63 characters of A-Z a-z 0-9 . _ @ : -%s", name,
				name[0] == '.' ? ", and the first is not a dot" : "");
	return !is_reserved_name(name) ? 0 : vlu_fail(ctx, VLU_USAGE, -EINVAL, "session name '%s' "
						      "belongs to another program", name);
}

static void session_free(void *data)
{
	struct session *session = data;

	session_close(session, ALL);
	sys_close(&session->ctx->sys, session->fd);
	sys_close(&session->ctx->sys, session->iommufd);
	vmm_free(session->vmm);
	session->ctx->vmm = 0;
	free(session->members);
	free(session->manifest);
	free(session->manifest_before);
	moments_free(&session->moments);
	ledger_free(session->ledger);
	free(session);
}

int session_check(struct vlu_ctx *ctx, const struct vlu_report *report, const char *ignored,
		  unsigned int code, const char *what)
{
	const struct vlu_check *row;
	size_t i;

	for (i = 0; (row = vlu_report_at(report, i)); i++) {
		if (row->result != VLU_FAIL || (ignored && strcmp(row->id, ignored) == 0))
			continue;
		vlu_fail(ctx, code, -EINVAL, "%s: %s (%s)", what, row->detail, row->id);
		return failure_fix(ctx, "fix", row->fix, row->fix_argv);
	}
	return 0;
}

int session_check_host(struct vlu_ctx *ctx, enum host_use use)
{
	struct vlu_report *report;
	int ret;

	ret = check_host_for(ctx, use, &report);
	if (ret)
		return ret;
	ret = session_check(ctx, report, NULL, FAIL_HOST, "this host");
	vlu_report_free(report);
	return ret;
}

int session_identity(const struct vlu_device *dev, struct manifest_device *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->bdf = dev->bdf;
	ret->vendor = dev->vendor;
	ret->device = dev->device;
	ret->subsystem = vlu_device_subsystem(dev);
	ret->class = dev->class;
	snprintf(ret->path, sizeof(ret->path), "%s", dev->path ? dev->path : "");
	if (dev->path && ret->vendor >= 0 && ret->device >= 0 && ret->subsystem >= 0 &&
	    ret->class >= 0)
		return 0;
	return vlu_fail(dev->ctx, VLU_FAILED, -EIO, "%s: sysfs does not show all of its ids and its "
			"path, which identify the device after the kexec", dev->name);
}

const char *identity_differs(const struct manifest_device *was, const struct manifest_device *is)
{
	if (was->vendor != is->vendor || was->device != is->device)
		return "another vendor or device id";
	if (was->subsystem != is->subsystem)
		return "another subsystem id";
	if (was->class != is->class)
		return "another class";
	if (was->path[0] && strcmp(was->path, is->path) != 0)
		return "another place in the topology";
	return NULL;
}

static int run_start_holder(struct step *step)
{
	return held_start(step->plan->ctx);
}

void holder_step(struct vlu_plan *plan)
{
	session_step(plan, run_start_holder, NULL, "start the holder");
}

int session_ledger(struct vlu_ctx *ctx, const char *name, struct ledger **ret_ledger)
{
	int ret = ledger_read(ctx, name, NULL, 0, ret_ledger);

	return ret ? ret : ledger_known(*ret_ledger);
}

int session_absent(struct vlu_plan *plan, const char *action)
{
	const struct session *session = plan->data;
	int ret = ledger_no_session(session->ledger, session->name);

	if (strcmp(session->name, VLU_SESSION) != 0)
		return ret;
	if (session->ledger->state.n_sessions)
		failure_warn(plan->ctx, ret);
	return plan_say_already(plan, action, "session %s  does not exist: nothing to %s", session->name,
				action);
}

int session_changeable(const struct session *session)
{
	const struct vlu_session *now = session->now;

	if (now && now->standing == VLU_STANDING_UNKNOWN && now->direction == VLU_OUTGOING) {
		vlu_fail(session->ctx, FAIL_INCOMPLETE, -EBUSY, "session %s: %s, and it cannot be "
			 "asked", now->name, now->detail);
		return now->next ? session_first(session->ctx, now) :
		       failure_fix(session->ctx, "first", "end that process (kill -KILL)", NULL);
	}
	return now && is_unfinished(now) ? session_unfinished(session->ctx, now, "") : 0;
}

static int session_new(struct vlu_plan *plan, const char *name, struct session **ret_session)
{
	struct session *session = calloc(1, sizeof(*session));
	int ret;

	if (!session)
		return vlu_nomem(plan->ctx);
	session->ctx = plan->ctx;
	session->fd = session->iommufd = -1;
	snprintf(session->name, sizeof(session->name), "%s", name);
	plan->data = session;
	plan->free_data = session_free;
	ret = session_ledger(plan->ctx, name, &session->ledger);
	if (ret)
		return ret;
	session->now = ledger_find(session->ledger, name);
	session->held = held_find(&session->ledger->held, "session/%s", name);
	*ret_session = session;
	return session_add_known(session, true);
}

int session_plan(struct vlu_ctx *ctx, const char *name, unsigned int use,
		 enum plan_policy policy, struct vlu_plan **ret_plan, struct session **ret_session)
{
	struct vlu_plan *plan;
	int ret;

	ret = vlu_session_name_check(ctx, name);
	if (!ret)
		ret = plan_begin(ctx, policy, &plan);
	if (ret)
		return ret;
	/* the host may have changed while this command waited for the lock */
	ret = use ? session_check_host(ctx, use) : 0;
	if (!ret)
		ret = session_new(plan, name, ret_session);
	return plan_give(plan, ret, ret_plan);
}

int vlu_session_device_fd(struct vlu_ctx *ctx, const char *session,
			  struct vlu_bdf bdf, int *ret_fd)
{
	char name[VLU_BDF_SIZE];

	return held_get(ctx, ret_fd, "device/%s/%s", session, vlu_bdf_format(bdf, name));
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "device.h"
#include "incoming.h"
#include "inuse.h"
#include "klog.h"

int incoming_plan(struct vlu_ctx *ctx, const char *name, struct held *held,
		  struct vlu_plan **ret_plan, struct session **ret_session)
{
	struct vlu_plan *plan;
	int ret;

	inuse_drop(ctx);
	ret = vlu_session_name_check(ctx, name);
	if (!ret)
		ret = session_lock(ctx);
	if (ret)
		return ret;
	ret = session_held(ctx, held);
	if (ret) {
		session_unlock(ctx);
		return ret;
	}
	/* What was retrieved cannot be taken back, so what led to it stays. */
	ret = plan_new(ctx, PLAN_STOP, &plan);
	if (ret) {
		held_free(held);
		session_unlock(ctx);
		return ret;
	}
	ret = session_new(plan, name, held, ret_session);
	if (ret) {
		vlu_plan_free(plan);
		held_free(held);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}

enum incoming_fate incoming_fate(struct vlu_ctx *ctx, const struct manifest *manifest)
{
	size_t i, finished = 0, absent = 0;

	if (klog_leaked(ctx, manifest->session))
		return FATE_LEAKED;
	for (i = 0; i < manifest->n_devices; i++) {
		finished += klog_finished(ctx, manifest->devices[i].bdf);
		absent += klog_incoming(ctx, manifest->devices[i].bdf) == VLU_NO;
	}
	/* what is finished is not incoming any more */
	if (!i || absent < i)
		return FATE_WAITING;
	return finished == i ? FATE_FINISHED : FATE_ABSENT;
}

const char *incoming_fate_text(enum incoming_fate fate)
{
	switch (fate) {
	case FATE_LEAKED:
		return "it was retrieved, and its holder ended before it was finished: its devices "
		       "are of no use before the next kexec or reboot";
	case FATE_FINISHED:
		return "its holder ended when all its devices were bound, which finished it";
	case FATE_ABSENT:
		return "this kernel was handed none of its devices";
	case FATE_WAITING:
		break;
	}
	return NULL;
}

int incoming_add(struct session *session, const struct manifest *manifest)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < manifest->n_devices; i++)
		ret = session_add(session, manifest->devices[i].bdf, false);
	return ret;
}

int incoming_find(struct session *session, bool *ret_known,
		  enum incoming_fate *ret_fate)
{
	struct vlu_ctx *ctx = session->ctx;
	struct manifest manifest;
	const struct klog *log;
	struct vlu_device *dev;
	char id[40];
	size_t i;
	int ret;

	*ret_known = false;
	*ret_fate = klog_leaked(ctx, session->name) ? FATE_LEAKED : FATE_WAITING;
	ret = manifest_read(ctx, STATE_DIR, session->name, &manifest);
	if (ret == 0) {
		ret = boot_id(ctx, id);
		if (!ret && strcmp(id, manifest.boot_id) == 0)
			ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EINVAL,
				       "session %s was made by this kernel: it is restored "
				       "after the jump", session->name);
		if (!ret)
			ret = incoming_add(session, &manifest);
		*ret_fate = incoming_fate(ctx, &manifest);
		manifest_free(&manifest);
		*ret_known = true;
		return ret;
	}
	if (ret != -ENOENT)
		vlu_log(ctx, VLU_LOG_WARNING, "%s", vlu_error(ctx));
	log = klog_get(ctx);
	for (i = 0; log && i < log->n_incoming; i++) {
		/* The bridges above a device came along; they have no file. */
		if (vlu_device_find(ctx, log->incoming[i], &dev) ||
		    dev->kind == VLU_BRIDGE)
			continue;
		ret = session_add(session, log->incoming[i], false);
		if (ret)
			return ret;
	}
	return 0;
}

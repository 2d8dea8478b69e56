/* SPDX-License-Identifier: GPL-2.0-only */
#include "device.h"
#include "incoming.h"
#include "inuse.h"
#include "klog.h"
#include "session-file.h"

int incoming_plan(struct vlu_ctx *ctx, const char *name, struct held *held,
		  struct vlu_plan **ret_plan, struct session **ret_session)
{
	inuse_drop(ctx);
	/* What was retrieved cannot be taken back, so what led to it stays. */
	return session_plan(ctx, name, PLAN_STOP, held, ret_plan, ret_session);
}

enum incoming_fate incoming_fate_of(struct vlu_ctx *ctx, const char *session)
{
	return klog_leaked(ctx, session) ? FATE_LEAKED :
	       klog_shut(ctx) ? FATE_SHUT : FATE_WAITING;
}

enum incoming_fate incoming_fate(struct vlu_ctx *ctx, const struct manifest *manifest)
{
	enum incoming_fate fate = incoming_fate_of(ctx, manifest->session);
	size_t i, finished = 0, absent = 0;

	if (fate != FATE_WAITING)
		return fate;
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
	case FATE_SHUT:
		return "somebody opened /dev/liveupdate before vfio-pci was registered, and the kernel "
		       "does not try again before the next kexec or reboot";
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
	for (i = 0; !ret && i < manifest->n_files; i++)
		ret = session_file_add(session, manifest->files[i].name, false);
	return ret;
}

/* The bridges above a device came along; they have no file. */
static int add_logged(struct session *session)
{
	struct vlu_ctx *ctx = session->ctx;
	const struct klog *log = klog_get(ctx);
	struct vlu_device *dev;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && log && i < log->n_incoming; i++)
		if (vlu_device_find(ctx, log->incoming[i], &dev) == 0 &&
		    dev->kind != VLU_BRIDGE)
			ret = session_add(session, log->incoming[i], false);
	return ret;
}

/*
 * A manifest on disk may be old, or of another machine: what the kernel knows
 * nothing of is left alone, and what is really in the session will be read
 * from its own manifest.
 */
static int add_known(struct session *session, const struct manifest *manifest)
{
	struct vlu_ctx *ctx = session->ctx;
	char name[VLU_BDF_SIZE];
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < manifest->n_devices; i++) {
		struct vlu_bdf bdf = manifest->devices[i].bdf;

		if (session_find(session, bdf) || klog_incoming(ctx, bdf) != VLU_NO)
			ret = session_add(session, bdf, false);
		else
			vlu_log(ctx, VLU_LOG_WARNING, "%s: in the manifest of session %s, but "
				"the kernel's log does not name it as preserved",
				vlu_bdf_format(bdf, name), session->name);
	}
	return ret;
}

int incoming_find(struct session *session, bool *ret_known,
		  enum incoming_fate *ret_fate)
{
	struct vlu_ctx *ctx = session->ctx;
	struct manifest manifest;
	char id[40];
	int ret;

	*ret_known = false;
	*ret_fate = incoming_fate_of(ctx, session->name);
	ret = manifest_read(ctx, STATE_DIR, session->name, &manifest);
	if (ret) {
		if (ret != -ENOENT)
			vlu_log(ctx, VLU_LOG_WARNING, "%s", vlu_error(ctx));
		return add_logged(session);
	}
	ret = boot_id(ctx, id);
	if (!ret && strcmp(id, manifest.boot_id) == 0)
		ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EINVAL,
			       "session %s was made by this kernel: it is restored "
			       "after the jump", session->name);
	if (!ret)
		ret = add_known(session, &manifest);
	*ret_known = true;
	*ret_fate = incoming_fate(ctx, &manifest);
	manifest_free(&manifest);
	/* Then it says nothing of this session, whatever it says. */
	if (!ret && *ret_fate == FATE_ABSENT) {
		ret = add_logged(session);
		if (session->n)
			*ret_fate = FATE_WAITING;
	}
	return ret;
}

struct unfinished {
	struct vlu_ctx *ctx;
	const struct held *held;
	int (*fn)(void *arg, const char *name, bool restored);
	void *arg;
	int ret;	/* of fn */
};

static int look_at_waiting(void *arg, const char *name)
{
	struct unfinished *look = arg;
	struct vlu_ctx *ctx = look->ctx;
	struct manifest manifest;
	char id[40];

	if (held_find(look->held, "session/%s", name) ||
	    manifest_read(ctx, STATE_DIR, name, &manifest))
		return 0;
	if (boot_id(ctx, id) == 0 && strcmp(id, manifest.boot_id) != 0 &&
	    incoming_fate(ctx, &manifest) == FATE_WAITING)
		look->ret = look->fn(look->arg, name, false);
	manifest_free(&manifest);
	return look->ret;
}

int incoming_unfinished(struct vlu_ctx *ctx, const struct held *held,
			int (*fn)(void *arg, const char *name, bool restored), void *arg)
{
	struct unfinished look = { ctx, held, fn, arg, 0 };
	size_t i;
	int ret;

	for (i = 0; !look.ret && i < held->n; i++)
		if (strncmp(held->items[i].key, "session/", 8) == 0 &&
		    held_says(held->items[i].value, "direction=incoming"))
			look.ret = fn(arg, held->items[i].key + 8, true);
	if (look.ret)
		return look.ret;
	ret = manifest_each(ctx, STATE_DIR, look_at_waiting, &look);
	if (look.ret || !ret || ret == -ENOENT)
		return look.ret;
	return vlu_fail(ctx, VLU_FAILED, ret, "cannot read " STATE_DIR ", where sessions that are "
			"not finished would be: %s", strerror(-ret));
}

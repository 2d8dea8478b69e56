/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/bdf.h"
#include "base/cache.h"
#include "base/text.h"
#include "bind/driver-override.h"
#include "jump/jump.h"
#include "session/session.h"
#include "uapi/vfio.h"

#define VFIO_PCI "/sys/bus/pci/drivers/vfio-pci"

/* Finds the devices of a session whose files answer EIO. */
static int find_frozen(struct session *session, struct vlu_bdf **ret_bdfs, size_t *ret_n)
{
	struct vlu_ctx *ctx = session->ctx;
	size_t i;
	int fd, ret = 0;

	for (i = 0; !ret && i < session->n_devices; i++) {
		ret = held_get(ctx, &fd, "%s", session->members[i].key);
		if (ret)
			return ret;
		if (vfio_is_frozen(ctx, fd))
			ret = bdf_add(ctx, ret_bdfs, ret_n, session->members[i].bdf);
		sys_close(&ctx->sys, fd);
	}
	return ret;
}

static int run_release(struct step *step)
{
	return outgoing_drop(step->plan->data);
}

static int run_write(struct step *step)
{
	(void)step;
	return STEP_WRITE;
}

static int wrote(struct step *step, int ret)
{
	return ret ? vlu_failed(step->plan->ctx, ret, "%s: cannot write to %s",
				step->name, step->path) : 0;
}

static const struct step_kind step_rebind = {
	.text = "%d: write %v to %p",
	.run = run_write,
	.wrote = wrote,
};

/* An unbind waits until the device's file is closed, so the holder closes it first. */
static void add_bind_again(struct vlu_plan *plan, const struct member *member)
{
	member_step(plan, session_drop, NULL, "%d: close its file", member, NULL);
	plan_add(plan, &step_rebind, member->bdf, VFIO_PCI "/unbind", member->name, NULL);
	plan_add(plan, &step_rebind, member->bdf, PCI_PROBE, member->name, NULL);
}

static int run_plan(struct vlu_plan *plan)
{
	int ret = vlu_plan_run(plan);

	vlu_plan_free(plan);
	return ret;
}

static int thaw_session(struct vlu_ctx *ctx, const char *name, char *text, size_t size)
{
	_cleanup_free_ struct vlu_bdf *bdfs = NULL;
	char bdf[VLU_BDF_SIZE];
	struct session *session;
	struct vlu_plan *plan;
	size_t i, n = 0;
	int ret;

	ret = session_plan(ctx, name, 0, PLAN_ALL, &plan, &session);
	if (ret)
		return ret;
	ret = find_frozen(session, &bdfs, &n);
	session_step(plan, run_release, NULL, "close LUO session %v, which releases all of it");
	for (i = 0; !ret && i < n; i++)
		add_bind_again(plan, session_device(session, bdfs[i]));
	if (ret || !n) {
		vlu_plan_free(plan);
		return ret;
	}
	ret = run_plan(plan);
	cache_drop(ctx);		/* the log now says that they are not preserved */
	if (!ret)
		ret = vlu_plan_preserve(ctx, name, bdfs, n, &plan);
	if (!ret)
		ret = run_plan(plan);
	for (i = 0; !ret && i < n; i++)
		text_add(text, size, "%s%s", *text ? " " : "", vlu_bdf_format(bdfs[i], bdf));
	return ret;
}

int thaw(struct vlu_ctx *ctx, const struct held *held, char *text, size_t size)
{
	size_t i, failed = 0;

	for (i = 0; i < held->n; i++) {
		const char *key = held->items[i].key;

		if (strncmp(key, "session/", 8) != 0)
			continue;
		if (thaw_session(ctx, key + 8, text, size) == 0)
			continue;
		text_add(text, size, "%ssession %s: %s", *text ? "; " : "", key + 8, vlu_error(ctx));
		failed++;
	}
	return failed ? -EIO : 0;
}

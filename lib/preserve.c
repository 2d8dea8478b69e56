/* SPDX-License-Identifier: GPL-2.0-only */
/* Before the jump: device files into a session. */
#include "device.h"
#include "inuse.h"
#include "outgoing.h"
#include "vfio.h"

static int run_open(struct vlu_plan *plan, struct step *step)
{
	struct member *member = session_member(plan, step);
	struct session *session = plan->data;
	struct vlu_ctx *ctx = plan->ctx;
	struct vlu_device *dev;
	char key[HOLDER_KEY];
	int ret;

	if (session->iommufd < 0) {
		held_iommufd_key(key, session->name);
		ret = held_get(ctx, key, &session->iommufd);
		if (ret == -ENOENT)
			ret = iommufd_open(ctx, &session->iommufd);
		if (ret)
			return ret;
	}
	ret = device_refresh(ctx, member->bdf, &dev);
	if (!ret)
		ret = vfio_open(ctx, dev, &member->fd);
	if (!ret)
		ret = vfio_bind(ctx, member->name, member->fd, session->iommufd);
	if (!ret) {
		held_device_key(key, session->name, member->bdf);
		ret = held_put(ctx, key, "state=opened", member->fd);
	}
	if (ret) {
		sys_close(&ctx->sys, member->fd);
		member->fd = -1;
	}
	return ret;
}

static const struct step_kind step_open = {
	.text = "%d: open %p and bind it to an iommufd",
	.run = run_open,
	.undo = outgoing_close,
};

static int run_hold_iommufd(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	char key[HOLDER_KEY];
	int ret;

	(void)step;
	if (session->iommufd < 0)
		return 0;
	held_iommufd_key(key, session->name);
	ret = held_put(plan->ctx, key, "", session->iommufd);
	return ret == -EEXIST ? 0 : ret;
}

static int undo_hold_iommufd(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	char key[HOLDER_KEY];

	(void)step;
	if (session->held)
		return 0;
	held_iommufd_key(key, session->name);
	return held_drop(plan->ctx, key);
}

static const struct step_kind step_hold_iommufd = {
	.text = "keep the iommufd in the holder",
	.run = run_hold_iommufd,
	.undo = undo_hold_iommufd,
};

static int check_device(struct vlu_ctx *ctx, struct vlu_bdf bdf,
			struct vlu_device **ret_dev)
{
	struct vlu_report *report;
	int ret;

	ret = device_refresh(ctx, bdf, ret_dev);
	if (!ret)
		ret = vlu_check_device(*ret_dev, &report);
	if (ret)
		return ret;
	ret = session_check(ctx, report, VLU_NOT_PRESERVABLE, (*ret_dev)->name);
	vlu_report_free(report);
	return ret;
}

/* A token is a device's address, so a device is in one session of a host. */
static int check_elsewhere(struct vlu_ctx *ctx, const struct held *held,
			   const char *name, struct vlu_bdf bdf)
{
	char session[64], text[VLU_BDF_SIZE];
	struct vlu_bdf other;
	size_t i;

	for (i = 0; i < held->n; i++) {
		if (!held_device(held->items[i].key, session, &other) ||
		    vlu_bdf_compare(other, bdf) || strcmp(session, name) == 0)
			continue;
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EBUSY,
				"%s: already in session %s", vlu_bdf_format(bdf, text),
				session);
	}
	return 0;
}

static int add_preserve(struct vlu_plan *plan, struct session *session,
			const struct held *held, const struct vlu_bdf *bdfs, size_t n)
{
	struct vlu_device *dev;
	bool changes = !session->held;
	const char *value;
	struct member *member;
	char name[VLU_BDF_SIZE];
	size_t i;
	int ret;

	/* A device there that was never preserved: an earlier run was killed. */
	for (i = 0; i < session->n; i++) {
		value = held_find(held, "device/%s/%s", session->name,
				  session->members[i].name);
		if (!value || !held_says(value, "state=preserved"))
			changes = true;
	}
	ret = plan_add(plan, &step_start_holder, (struct vlu_bdf){ 0 }, NULL, NULL, NULL);
	for (i = 0; !ret && i < n; i++) {
		member = session_find(session, bdfs[i]);
		vlu_bdf_format(bdfs[i], name);
		if (member && member->held && !changes) {
			ret = plan_say(plan, "%s  already preserved in session %s", name,
				       session->name);
			continue;
		}
		ret = check_device(plan->ctx, bdfs[i], &dev);
		if (!ret)
			ret = check_elsewhere(plan->ctx, held, session->name, bdfs[i]);
		if (!ret)
			ret = session_add(session, bdfs[i], false);
		member = session_find(session, bdfs[i]);
		if (!ret && member && !member->held) {
			changes = true;
			ret = plan_add(plan, &step_open, bdfs[i], dev->cdev, NULL, NULL);
		}
		if (!ret)
			ret = plan_say(plan, "%s  preserved in session %s", name,
				       session->name);
	}
	if (!ret && changes)
		ret = plan_add(plan, &step_hold_iommufd, (struct vlu_bdf){ 0 }, NULL,
			       NULL, NULL);
	if (!ret && changes)
		ret = outgoing_add(plan, session);
	if (!ret && !changes)
		plan->forth.n = 0;	/* nothing to do: not even the holder */
	return ret;
}

int vlu_plan_preserve(struct vlu_ctx *ctx, const char *name,
		      const struct vlu_bdf *bdfs, size_t n,
		      struct vlu_plan **ret_plan)
{
	struct session *session;
	struct vlu_device *dev;
	struct vlu_plan *plan;
	struct held held;
	size_t i;
	int ret = 0;

	inuse_drop(ctx);
	/* A wrong address is wrong on every host; all else needs the kernel. */
	for (i = 0; !ret && i < n; i++)
		ret = vlu_device_find(ctx, bdfs[i], &dev);
	if (!ret)
		ret = session_check_host(ctx, HOST_PRESERVE);
	if (!ret)
		ret = outgoing_plan(ctx, name, &held, &plan, &session);
	if (ret)
		return ret;
	ret = add_preserve(plan, session, &held, bdfs, n);
	held_free(&held);
	if (ret) {
		vlu_plan_free(plan);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}

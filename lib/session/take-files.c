/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps that open device files, or take them from a VMM, and give them to the holder. */
#include "machine/device.h"
#include "outgoing.h"
#include "uapi/vfio.h"
#include "vmm.h"

static int run_open(struct step *step)
{
	struct member *member = session_member(step);
	struct vlu_device *dev;
	int ret;

	ret = vlu_device_find(step->plan->ctx, member->bdf, &dev);
	if (ret)
		return ret;
	/* the number of its cdev may have changed since the last look */
	device_read_cdev(dev);
	return vfio_open(step->plan->ctx, dev, &member->fd);
}

/* Undo of an open: the holder does not have the file yet. */
static int close_here(struct step *step)
{
	struct member *member = session_member(step);
	int fd = member->fd;

	member->fd = -1;
	return sys_close(&step->plan->ctx->sys, fd);
}

static bool is_new(const struct member *member)
{
	return !member->held;
}

static int run_bind(struct step *step)
{
	struct session *session = step->plan->data;
	struct vlu_ctx *ctx = session->ctx;
	int ret;

	ret = held_get(ctx, &session->iommufd, "iommufd/%s", session->name);
	if (ret == -ENOENT)
		ret = iommufd_open(ctx, &session->iommufd);
	if (!ret)
		ret = session_bind(session, is_new);
	/* The close of a bound file resets its device, so close in parallel too. */
	if (ret)
		session_close(session, is_new);
	return ret;
}

static int undo_bind(struct step *step)
{
	session_close(step->plan->data, is_new);
	return 0;
}

void bind_step(struct vlu_plan *plan)
{
	session_step(plan, run_bind, undo_bind, "bind the opened files to an iommufd, all at the "
		     "same time");
}

/*
 * A VMM's file stays bound to the VMM's iommufd. So nothing is opened or bound here, and the
 * guest does not notice.
 */
static int run_take(struct step *step)
{
	struct member *member = session_member(step);
	struct session *session = step->plan->data;

	return member->is_file ?
	       vmm_take(session->ctx, session->vmm, member->from, member->name, &member->fd) :
	       vmm_take_device(session->ctx, session->vmm, member->bdf, &member->fd);
}

void take_step(struct vlu_plan *plan, const struct member *member, const char *cdev, const char *from)
{
	member_step(plan, cdev ? run_open : run_take, close_here, cdev ? "%d: open %p" :
		    member->is_file ? "%p: take file %v of the VMM" : "%d: take its file from %v",
		    member, cdev, from);
}

static int run_hold(struct step *step)
{
	struct session *session = step->plan->data;
	struct vlu_ctx *ctx = session->ctx;
	struct failure first;
	int ret;

	ret = held_settle(ctx);
	if (ret)
		return ret;
	/* Give the iommufd last: without a device, no entry would refer to it. */
	ret = session_ask(session, KEEP, is_new, "state=opened");
	if (!ret && session->iommufd >= 0)
		ret = held_put(ctx, session->iommufd, "", "iommufd/%s", session->name);
	if (!ret || ret == -EEXIST)
		return 0;
	/* session_ask() may send several requests, of which some may have succeeded. */
	first = ctx->failure;
	if (step->kind->undo(step))
		return failure_join(ctx, &first, "; and ");
	ctx->failure = first;
	return ret;
}

static int undo_hold(struct step *step)
{
	struct session *session = step->plan->data;
	int ret = session_ask(session, LET_GO, is_new, NULL);

	if (!ret && session->iommufd >= 0 && !session->held)
		ret = held_drop(session->ctx, "iommufd/%s", session->name);
	return ret;
}

void hold_step(struct vlu_plan *plan)
{
	session_step(plan, run_hold, undo_hold, "keep their files in the holder");
}

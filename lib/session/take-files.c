/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps that open device files, or take them from a VMM, and give them to the holder. */
#include "machine/device.h"
#include "session/session.h"
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

static int run_bind(struct step *step)
{
	struct session *session = step->plan->data;
	struct vlu_ctx *ctx = session->ctx;
	int ret;

	ret = held_get(ctx, &session->iommufd, "iommufd/%s", session->name);
	if (ret == -ENOENT)
		ret = iommufd_open(ctx, &session->iommufd);
	if (!ret)
		ret = session_bind(session, NEW);
	return ret ? step_retreat(step, ret) : 0;
}

static int undo_bind(struct step *step)
{
	/* The close of a bound file resets its device, so close in parallel too. */
	session_close(step->plan->data, NEW);
	return 0;
}


static int run_hold(struct step *step)
{
	struct session *session = step->plan->data;
	struct vlu_ctx *ctx = session->ctx;
	int ret = held_settle(ctx);

	if (ret)
		return ret;
	/* Give the iommufd last: if the devices cannot be given, the holder must not keep it alone. */
	ret = session_ask(session, KEEP, NEW, "state=opened");
	if (!ret && session->iommufd >= 0)
		ret = held_put(ctx, session->iommufd, "", "iommufd/%s", session->name);
	if (!ret || ret == -EEXIST)
		return 0;
	/* session_ask() may send several requests, of which some may have succeeded. */
	return step_retreat(step, ret);
}

static int undo_hold(struct step *step)
{
	struct session *session = step->plan->data;
	int ret = session_ask(session, LET_GO, NEW, NULL);

	if (!ret && session->iommufd >= 0 && !session->held)
		ret = held_drop(session->ctx, "iommufd/%s", session->name);
	return ret;
}

static bool is_same_file(struct vlu_ctx *ctx, int a, int b)
{
	struct sys_stamp of[2];
	int fds[] = { a, b }, i;
	char path[64];

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		if (sys_stamp(&ctx->sys, path, &of[i]))
			return false;	/* not a memfd */
	}
	return of[0].device == of[1].device && of[0].inode == of[1].inode;
}

/* The holder's file may be of another VMM, which gave its file the same name. */
static int run_compare(struct step *step)
{
	struct member *member = session_member(step);
	struct session *session = step->plan->data;
	struct vlu_ctx *ctx = session->ctx;
	bool same;
	int fd, ret;

	ret = member->fd < 0 ? held_get(ctx, &member->fd, "%s", member->key) : 0;
	if (!ret)
		ret = vmm_take(session->vmm, member->from, member->name, &fd);
	if (ret)
		return ret;
	same = is_same_file(ctx, member->fd, fd);
	sys_close(&ctx->sys, fd);
	return same ? 0 : vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EEXIST, "session %s already has another file "
				   "with the name %s; preserve file %d of %s under another name: "
				   "--fd %d=NAME", session->name, member->name, member->from,
				   session->vmm->who, member->from);
}

/* The kernel would refuse the file, and say only that it is preserved somewhere. */
static int check_other_names(struct session *session, const struct member *taken)
{
	struct vlu_ctx *ctx = session->ctx;
	const struct member *other;
	bool same;
	int fd, ret;

	for (other = session->members; other < session->members + session->n; other++) {
		if (!other->held || !other->is_file)
			continue;
		ret = held_get(ctx, &fd, "%s", other->key);
		if (ret)
			return ret;
		same = is_same_file(ctx, taken->fd, fd);
		sys_close(&ctx->sys, fd);
		if (same)
			return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EEXIST, "%s: file %d of %s is in session "
					"%s already, with the name %s", taken->name, taken->from,
					session->vmm->who, session->name, other->name);
	}
	return 0;
}

/*
 * A VMM's file stays bound to the VMM's iommufd. So nothing is opened or bound here, and the
 * guest does not notice.
 */
static int run_take(struct step *step)
{
	struct member *member = session_member(step);
	struct session *session = step->plan->data;
	int ret;

	if (!member->is_file)
		return vmm_take_device(session->vmm, member->bdf, &member->fd);
	ret = vmm_take(session->vmm, member->from, member->name, &member->fd);
	return ret ? ret : check_other_names(session, member);
}

void outgoing_compare(struct vlu_plan *plan, const struct session *session)
{
	const struct member *member = session->members, *end = member + session->n;
	char number[16];

	for (; member < end; member++) {
		if (!member->held || member->from < 0)
			continue;
		snprintf(number, sizeof(number), "%d", member->from);
		member_step(plan, run_compare, NULL, "%p: check that it is file %v of the VMM", member,
			    number);
	}
}

static void take_step(struct vlu_plan *plan, const struct vmm *vmm, const struct member *member)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", member->from);
	member_step(plan, run_take, close_here, member->is_file ? "%p: take file %v of the VMM" :
		    "%d: take its file from %v", member, member->is_file ? number : vmm->who);
}

int outgoing_take(struct vlu_plan *plan, struct session *session)
{
	const struct member *member = session->members, *end = member + session->n;
	struct vlu_device *dev;
	bool opens = false;
	int ret = 0;

	for (; !ret && member < end; member++) {
		if (member->held)
			continue;
		if (session->vmm) {
			take_step(plan, session->vmm, member);
			continue;
		}
		ret = vlu_device_find(plan->ctx, member->bdf, &dev);
		if (!ret)
			member_step(plan, run_open, close_here, "%d: open %v", member, dev->cdev);
		opens = true;
	}
	if (opens)
		session_step(plan, run_bind, undo_bind,
			     "bind the opened files to an iommufd, all at the same time");
	session_step(plan, run_hold, undo_hold, "keep their files in the holder");
	return ret;
}

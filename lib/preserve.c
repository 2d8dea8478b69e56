/* SPDX-License-Identifier: GPL-2.0-only */
/* Before the jump: device files into a session. */
#include "device.h"
#include "incoming.h"
#include "inuse.h"
#include "outgoing.h"
#include "session-file.h"
#include "vfio.h"
#include "vmm.h"

static int run_open(struct vlu_plan *plan, struct step *step)
{
	struct member *member = session_member(plan, step);
	struct vlu_device *dev;
	int ret;

	ret = vlu_device_find(plan->ctx, member->bdf, &dev);
	if (ret)
		return ret;
	/* another device may have its number since it was looked at */
	device_read_cdev(dev);
	return vfio_open(plan->ctx, dev, &member->fd);
}

/* The holder has it no more, or not yet. */
static int close_here(struct vlu_plan *plan, struct step *step)
{
	struct member *member = session_member(plan, step);
	int fd = member->fd;

	member->fd = -1;
	return sys_close(&plan->ctx->sys, fd);
}

static const struct step_kind step_open = {
	.text = "%d: open %p",
	.run = run_open,
	.undo = close_here,
};

static bool is_new(const struct member *member)
{
	return !member->held;
}

static int run_bind(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	struct vlu_ctx *ctx = plan->ctx;
	char key[HOLDER_KEY];
	int ret;

	(void)step;
	held_iommufd_key(key, session->name);
	ret = held_get(ctx, key, &session->iommufd);
	if (ret == -ENOENT)
		ret = iommufd_open(ctx, &session->iommufd);
	if (!ret)
		ret = session_bind(session, is_new);
	/* Those that were bound are reset once more: together, too. */
	if (ret)
		session_close(session, is_new);
	return ret;
}

static int undo_bind(struct vlu_plan *plan, struct step *step)
{
	(void)step;
	session_close(plan->data, is_new);
	return 0;
}

static const struct step_kind step_bind = {
	.text = "bind to an iommufd what was opened, all at the same time",
	.run = run_bind,
	.undo = undo_bind,
};

/*
 * A VMM's file is bound to the VMM's iommufd, which the file keeps: nothing is
 * to be opened or bound here, and the guest does not notice.
 */
static int run_take(struct vlu_plan *plan, struct step *step)
{
	struct member *member = session_member(plan, step);
	struct session *session = plan->data;

	return vmm_take_device(plan->ctx, session->vmm, member->bdf, &member->fd);
}

static const struct step_kind step_take = {
	.text = "%d: take its file from %v",
	.run = run_take,
	.undo = close_here,
};

static int run_hold(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	struct vlu_ctx *ctx = plan->ctx;
	char key[HOLDER_KEY], first[sizeof(ctx->error)], why[sizeof(ctx->error)];
	int ret;

	/* The iommufd last: one without a device would be found by nobody. */
	ret = session_keep(session, is_new, "state=opened");
	held_iommufd_key(key, session->name);
	if (!ret && session->iommufd >= 0)
		ret = held_put(ctx, key, "", session->iommufd);
	if (!ret || ret == -EEXIST)
		return 0;
	/* It may have taken several requests, and some of them be done. */
	memcpy(first, ctx->error, sizeof(first));
	if (step->kind->undo(plan, step) == 0) {
		memcpy(ctx->error, first, sizeof(first));
		return ret;
	}
	memcpy(why, ctx->error, sizeof(why));
	return vlu_fail(ctx, VLU_PARTIAL, ret, "%.500s; and %.500s", first, why);
}

static int undo_hold(struct vlu_plan *plan, struct step *step)
{
	struct session *session = plan->data;
	char key[HOLDER_KEY];
	int ret = session_let_go(session, is_new);

	(void)step;
	held_iommufd_key(key, session->name);
	if (!ret && session->iommufd >= 0 && !session->held)
		ret = held_drop(plan->ctx, key);
	return ret;
}

static const struct step_kind step_hold = {
	.text = "keep their files in the holder",
	.run = run_hold,
	.undo = undo_hold,
};

static int check_device(struct vlu_ctx *ctx, struct vlu_bdf bdf,
			struct vlu_device **ret_dev)
{
	struct vlu_report *report;
	int ret;

	ret = vlu_device_refresh(ctx, bdf, ret_dev);
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

/* The kernel lets both be: it has a list of each. */
static int say_unfinished(void *arg, const char *name, bool restored)
{
	(void)restored;
	return plan_say(arg, "session %s  of the previous kernel is not finished: vfio-lu kexec "
			"waits for that", name);
}

static int add_preserve(struct vlu_plan *plan, struct session *session,
			const struct held *held, const struct vlu_bdf *bdfs, size_t n)
{
	struct vlu_device *dev;
	bool changes = !session->held, opens = false;
	const char *value;
	struct member *member;
	char name[VLU_BDF_SIZE], from[48] = "";
	size_t i;
	int ret;

	if (session->vmm)
		snprintf(from, sizeof(from), "process %d (%s)", (int)session->vmm->pid,
			 session->vmm->comm);
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
		ret = check_elsewhere(plan->ctx, held, session->name, bdfs[i]);
		if (!ret)
			ret = check_device(plan->ctx, bdfs[i], &dev);
		if (!ret)
			ret = session_add(session, bdfs[i], false);
		member = session_find(session, bdfs[i]);
		if (!ret && member && !member->held) {
			changes = true;
			opens = !session->vmm;
			ret = session->vmm ?
			      plan_add(plan, &step_take, bdfs[i], NULL, from, NULL) :
			      plan_add(plan, &step_open, bdfs[i], dev->cdev, NULL, NULL);
		}
		if (!ret)
			ret = plan_say(plan, session->vmm && !member->held ?
				       "%s  preserved in session %s, taken from %s; vfio-lu kexec "
				       "turns its interrupts off" : "%s  preserved in session %s",
				       name, session->name, from);
	}
	for (i = 0; !ret && i < session->n_files; i++) {
		changes = changes || !session->files[i].held;
		ret = session->vmm ? plan_say(plan, session->files[i].held ?
					      "%s  already preserved in session %s" :
					      "%s  preserved in session %s",
					      session->files[i].name, session->name) : 0;
	}
	if (!ret && opens)
		ret = plan_add(plan, &step_bind, (struct vlu_bdf){ 0 }, NULL, NULL, NULL);
	if (!ret && changes)
		ret = session_files_take(plan, session);
	if (!ret && changes)
		ret = plan_add(plan, &step_hold, (struct vlu_bdf){ 0 }, NULL, NULL, NULL);
	if (!ret && changes)
		ret = outgoing_add(plan, session);
	if (!ret && !changes)
		plan->forth.n = 0;	/* nothing to do: not even the holder */
	if (!ret)
		ret = incoming_unfinished(plan->ctx, held, say_unfinished, plan);
	return ret;
}

/* Takes vmm over. */
static int add_vmm(struct session *session, struct vmm *vmm,
		   const struct vlu_vmm_file *files, size_t n)
{
	struct session_file *file;
	char name[FILE_NAME];
	size_t i;
	int ret = 0;

	session->vmm = vmm;
	session->ctx->vmm = vmm->pid;
	session->command = malloc(VMM_COMMAND);
	if (!session->command)
		return vlu_nomem(session->ctx);
	vmm_command(session->ctx, vmm->pid, session->command);
	for (i = 0; !ret && i < n; i++) {
		snprintf(name, sizeof(name), "fd%d", files[i].fd);
		if (session_file_find(session, files[i].name ? files[i].name : name))
			continue;
		ret = session_file_add(session, files[i].name ? files[i].name : name, false);
		file = &session->files[session->n_files - 1];
		if (!ret)
			file->from = files[i].fd;
	}
	return ret;
}

static int plan_preserve(struct vlu_ctx *ctx, const char *name, struct vmm *vmm,
			 const struct vlu_bdf *bdfs, size_t n,
			 const struct vlu_vmm_file *files, size_t n_files,
			 struct vlu_plan **ret_plan)
{
	struct session *session;
	struct vlu_device *dev;
	struct vlu_plan *plan;
	struct held held;
	size_t i;
	int ret = 0;

	/* A wrong address is wrong on every host; all else needs the kernel. */
	for (i = 0; !ret && i < n; i++)
		ret = device_there(ctx, bdfs[i]) ? 0 : vlu_device_find(ctx, bdfs[i], &dev);
	if (!ret)
		ret = session_check_host(ctx, HOST_PRESERVE);
	if (!ret)
		ret = outgoing_plan(ctx, name, &held, &plan, &session);
	if (ret) {
		if (vmm)
			vmm_free(vmm);
		free(vmm);
		return ret;
	}
	if (vmm)
		ret = add_vmm(session, vmm, files, n_files);
	if (!ret)
		ret = add_preserve(plan, session, &held, bdfs, n);
	held_free(&held);
	if (ret) {
		vlu_plan_free(plan);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}

int vlu_plan_preserve(struct vlu_ctx *ctx, const char *name,
		      const struct vlu_bdf *bdfs, size_t n,
		      struct vlu_plan **ret_plan)
{
	inuse_drop(ctx);
	return plan_preserve(ctx, name, NULL, bdfs, n, NULL, 0, ret_plan);
}

/* All that it has through its device's own node, or what was asked for of it. */
static int choose(struct vlu_ctx *ctx, const struct vmm *vmm, const struct vlu_bdf *bdfs,
		  size_t n, bool others, struct vlu_bdf **ret_bdfs, size_t *ret_n)
{
	const struct proc_file *file;
	struct vlu_bdf *chosen;
	size_t i, j, used = 0;
	int ret = 0;

	chosen = calloc(n + vmm->files->n + 1, sizeof(*chosen));
	if (!chosen)
		return vlu_nomem(ctx);
	for (i = 0; i < n; i++)
		chosen[used++] = bdfs[i];
	for (i = 0; !n && i < vmm->files->n; i++) {
		if (vmm->files->files[i].kind != PROC_VFIO)
			continue;
		chosen[used] = vmm->files->files[i].bdf;
		for (j = 0; vlu_bdf_compare(chosen[j], chosen[used]); j++)
			;
		used += j == used;
	}
	for (i = 0; !ret && i < used; i++)
		ret = vmm_device(ctx, vmm, chosen[i], &file);
	if (!ret && !used && !others)
		ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT, "process %d (%s) has no vfio "
			       "device open", (int)vmm->pid, vmm->comm);
	if (ret) {
		free(chosen);
		return ret;
	}
	*ret_bdfs = chosen;
	*ret_n = used;
	return 0;
}

static int check_names(struct vlu_ctx *ctx, const struct vlu_vmm_file *files, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (files[i].name && !file_name(files[i].name))
			return vlu_fail(ctx, VLU_USAGE, -EINVAL, "'%.80s' is no name of a file: "
					"1-24 characters of A-Z a-z 0-9 . _ -, and not "
					FILE_IOMMUFD, files[i].name);
	return 0;
}

int vlu_plan_preserve_vmm(struct vlu_ctx *ctx, const char *name, pid_t pid,
			  const struct vlu_bdf *bdfs, size_t n,
			  const struct vlu_vmm_file *files, size_t n_files,
			  struct vlu_plan **ret_plan)
{
	_cleanup_free_ struct vlu_bdf *chosen = NULL;
	struct vmm *vmm;
	int ret;

	inuse_drop(ctx);
	ret = check_names(ctx, files, n_files);
	if (ret)
		return ret;
	vmm = calloc(1, sizeof(*vmm));
	if (!vmm)
		return vlu_nomem(ctx);
	ret = vmm_read(ctx, pid, vmm);
	if (!ret) {
		ret = choose(ctx, vmm, bdfs, n, n_files, &chosen, &n);
		if (ret)
			vmm_free(vmm);
	}
	if (ret) {
		free(vmm);
		return ret;
	}
	return plan_preserve(ctx, name, vmm, chosen, n, files, n_files, ret_plan);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks whether the devices of running VMMs can be preserved. */
#include "base/array.h"
#include "checks/device-rules.h"
#include "holder/holdings.h"
#include "machine/libvirt.h"
#include "vmm.h"

struct found {
	struct vlu_vmm_device *at;
	size_t n;
};

static bool has_found(const struct found *found, const struct proc_file *file)
{
	size_t i;

	for (i = 0; i < found->n; i++)
		if (found->at[i].pid == file->pid &&
		    vlu_bdf_compare(found->at[i].bdf, file->bdf) == 0)
			return true;
	return false;
}

/* Leaves out the files of the holder, which is no VMM. holdings NULL: takes all files. */
static int add_devices(struct vlu_ctx *ctx, const struct procs *procs,
		       const struct holdings *holdings, struct found *found)
{
	const struct proc_file *file = procs->files, *end = file + procs->n;
	struct vlu_vmm_device *more;

	for (; file < end; file++) {
		if (file->kind != PROC_VFIO || has_found(found, file) ||
		    (holdings && is_holders_file(holdings, file, holdings_find(holdings, file->bdf) != NULL)))
			continue;
		more = array_add(&found->at, &found->n);
		if (!more)
			return vlu_nomem(ctx);
		more->bdf = file->bdf;
		more->pid = file->pid;
		memcpy(more->command, file->comm, sizeof(more->command));
		if (libvirt_domain(ctx, file->pid, more->domain))
			more->domain[0] = '\0';
	}
	return 0;
}

static int by_process(const void *a, const void *b)
{
	const struct vlu_vmm_device *x = a, *y = b;

	return x->pid != y->pid ? (x->pid > y->pid) - (x->pid < y->pid) :
	       vlu_bdf_compare(x->bdf, y->bdf);
}

static int look_at_one(struct vlu_ctx *ctx, pid_t pid, struct found *found, bool *ret_complete)
{
	struct vmm *vmm;
	int ret = vmm_read(ctx, pid, &vmm);

	if (ret)
		return ret;
	ret = add_devices(ctx, vmm->files, NULL, found);
	if (!ret && !found->n)
		ret = vmm_idle(vmm);
	*ret_complete = vmm->files->complete;
	vmm_free(vmm);
	return ret;
}

static int look_at_all(struct vlu_ctx *ctx, struct found *found, bool *ret_complete)
{
	const struct holdings *holdings = holdings_get(ctx);
	const struct procs *procs = procs_get(ctx);

	if (!holdings || !procs)
		return vlu_nomem(ctx);
	*ret_complete = procs->complete;
	return add_devices(ctx, procs, holdings, found);
}

int vlu_vmm_devices(struct vlu_ctx *ctx, pid_t pid, struct vlu_vmm_device **ret_devices,
		    size_t *ret_n, bool *ret_complete)
{
	struct found found = { NULL, 0 };
	int ret;

	ret = pid ? look_at_one(ctx, pid, &found, ret_complete) :
		    look_at_all(ctx, &found, ret_complete);
	if (ret) {
		free(found.at);
		return ret;
	}
	if (found.n)
		qsort(found.at, found.n, sizeof(*found.at), by_process);
	*ret_devices = found.at;
	*ret_n = found.n;
	return 0;
}

int vlu_check_vmm_device(struct vlu_device *dev, pid_t pid, struct vlu_report **ret_report)
{
	int ret;

	dev->ctx->vmm = pid;
	ret = vlu_check_device(dev, ret_report);
	dev->ctx->vmm = 0;
	return ret;
}

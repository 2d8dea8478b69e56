/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules on what a device does at the moment, and who does what with it. */
#include "check-device.h"
#include "host.h"
#include "inuse.h"
#include "irqs.h"
#include "keeper.h"
#include "klog.h"
#include "procs.h"

/* Reads what the rules look at, once for all devices. */
int check_now_read(struct vlu_ctx *ctx)
{
	if (!procs_get(ctx) || !inuse_get(ctx) || !irqs_get(ctx) || !keeper_get(ctx) ||
	    !klog_get(ctx))
		return vlu_nomem(ctx);
	return 0;
}

/* Who has the vfio file of a device open. */
struct openers {
	bool all_seen;		/* or there may be more */
	bool kept;		/* the holder has it */
	bool vmm;		/* so has the process that it is to be taken from */
	size_t others;
	const struct proc_file *other;	/* one of them */
};

static bool is_holder(const struct vlu_ctx *ctx, const struct proc_file *file, bool kept)
{
	const struct keeper *keeper = ctx->keeper;

	if (keeper->known == VLU_YES)
		/* a service manager keeps duplicates for it, store.h */
		return file->pid == keeper->pid || (kept && file->pid == keeper->manager);
	/* a captured machine, or one whose holder may not be asked */
	return strcmp(file->comm, "vfio-lu") == 0;
}

static void count(struct openers *openers, const struct vlu_ctx *ctx,
		  const struct proc_file *files, size_t n, int64_t group)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (files[i].kind == PROC_GROUP && files[i].group != group)
			continue;
		if (is_holder(ctx, &files[i], openers->kept)) {
			openers->kept = true;
			continue;
		}
		if (ctx->vmm && ctx->vmm == files[i].pid && files[i].kind == PROC_VFIO)
			continue;
		/* several files of one process are one user */
		if (openers->other && openers->other->pid == files[i].pid)
			continue;
		openers->other = &files[i];
		openers->others++;
	}
}

static struct openers find_openers(const struct vlu_device *dev)
{
	const struct procs *procs = dev->ctx->procs;
	struct openers openers = { .all_seen = procs->complete };
	const struct proc_file *files;
	size_t n;

	/* Only a driver of vfio has files of it to open. */
	if (strcmp(dev->driver, "vfio-pci") != 0 && !device_is_variant(dev->driver)) {
		openers.all_seen = true;
		return openers;
	}
	openers.kept = keeper_find(dev->ctx->keeper, dev->bdf) != NULL;
	openers.vmm = dev->ctx->vmm;
	files = procs_device(procs, dev->bdf, &n);
	count(&openers, dev->ctx, files, n, -1);
	if (dev->iommu_group >= 0) {
		files = procs_kind(procs, PROC_GROUP, &n);
		count(&openers, dev->ctx, files, n, dev->iommu_group);
	}
	return openers;
}

static void name_opener(const struct openers *openers, char buf[64])
{
	if (openers->other)
		snprintf(buf, 64, "process %d (%s)", (int)openers->other->pid,
			 openers->other->comm);
	else
		snprintf(buf, 64, openers->vmm ? "the VMM" : "the holder");
}

/* Of a VMM that has it by the device's own node, it can be preserved as it runs. */
static void fix_opener(const struct openers *openers, struct verdict *v)
{
	char who[64];

	name_opener(openers, who);
	if (openers->kept || openers->other->kind == PROC_GROUP || openers->other->legacy)
		verdict_fix(v, "shut down the VM: stop %s", who);
	else
		verdict_fix(v, "shut down the VM: stop %s; or preserve what it has, as it runs: "
			    "vfio-lu preserve --pid %d", who, (int)openers->other->pid);
}

/*
 * vfio_pci_core: freeze of the VFIO series (v4 on) refuses with EINVAL what is
 * not in D0. A device that nobody has open may rest in D3hot
 * (vfio_pci_core_register_device()); opening wakes it (vfio_pci_core_enable()).
 */
void look_power_d0(const struct vlu_device *dev, struct verdict *v)
{
	struct openers openers;
	char who[64];

	if (strcmp(dev->power_state, "D0") == 0) {
		verdict_set(v, VLU_PASS, "in D0");
		return;
	}
	if (dev->power_state[0] != 'D') {
		verdict_set(v, VLU_UNKNOWN, "the kernel does not say which power state "
			    "it is in");
		return;
	}
	openers = find_openers(dev);
	if (openers.kept || openers.other || openers.vmm) {
		name_opener(&openers, who);
		verdict_set(v, VLU_FAIL, "in %s while %s has it open: the kernel refuses to "
			    "freeze it", dev->power_state, who);
		verdict_fix(v, "shut down the VM that put it there");
	} else if (openers.all_seen) {
		verdict_set(v, VLU_PASS, "rests in %s and is woken when it is opened",
			    dev->power_state);
	} else {
		verdict_set(v, VLU_UNKNOWN, "in %s; whether somebody has it open is for "
			    "root to see", dev->power_state);
	}
}

/*
 * vfio_pci_liveupdate_freeze() of the VFIO series: EINVAL while irq_type is
 * set. /proc/interrupts proves that it is; a vector that is allocated and has
 * no handler does not show there, so silence proves nothing while the file is
 * open. When it is not, vfio_pci_core_disable() has turned them off.
 */
void look_interrupts_off(const struct vlu_device *dev, struct verdict *v)
{
	const struct irqs *irqs = dev->ctx->irqs;
	struct openers openers = find_openers(dev);
	const struct irq *irq;
	char who[64];
	size_t n;

	name_opener(&openers, who);
	irq = irqs_find(irqs, dev->bdf, &n);
	if (irq) {
		/* A VMM at work has them on; those of nobody are a surprise. */
		verdict_set(v, openers.vmm ? VLU_WARN : VLU_FAIL, "%s is in /proc/interrupts: "
			    "the kernel refuses to freeze a device with interrupts on",
			    irq->name);
		if (openers.other)
			fix_opener(&openers, v);
		else
			verdict_fix(v, "vfio-lu kexec turns them off before the jump");
	} else if (openers.kept || openers.other || openers.vmm) {
		verdict_set(v, VLU_UNKNOWN, "/proc/interrupts has none, which proves nothing "
			    "while %s has it open", who);
	} else if (!openers.all_seen) {
		verdict_set(v, VLU_UNKNOWN, "whether somebody has it open, with interrupts "
			    "on, is for root to see");
	} else {
		verdict_set(v, VLU_PASS, "nobody has it open");
	}
}

static void others_use_it(const struct openers *openers, struct verdict *v)
{
	char who[64], more[32] = "";

	name_opener(openers, who);
	if (openers->others > 1)
		snprintf(more, sizeof(more), ", and %zu more", openers->others - 1);
	verdict_set(v, VLU_FAIL, "%s has its vfio %s open%s", who,
		    openers->other->kind == PROC_GROUP ? "group" : "file", more);
	fix_opener(openers, v);
}

/* Somebody who only looks at the machine cannot see into all processes. */
static bool may_be_open(const struct vlu_device *dev, const struct openers *openers)
{
	if (!openers->all_seen)
		return true;
	return !dev->ctx->procs->complete && dev->class >> 16 == 0x01 && dev->driver[0] &&
	       strncmp(dev->driver, "vfio-pci", 9) != 0;
}

/*
 * A second file of a device is EINVAL to VFIO_DEVICE_BIND_IOMMUFD with another
 * iommufd (vfio_df_device_first_open() was the other's) and EBUSY to
 * PRESERVE_FD (pci_liveupdate_preserve()); what this host uses itself the
 * kernel would take away without asking.
 */
void look_not_in_use(const struct vlu_device *dev, struct verdict *v)
{
	const struct inuse *inuse = dev->ctx->inuse;
	struct openers openers = find_openers(dev);
	const struct use *uses;
	char more[32] = "", who[64];
	size_t n;

	if (openers.other) {
		others_use_it(&openers, v);
		return;
	}
	uses = inuse_find(inuse, dev->bdf, &n);
	if (uses) {
		if (n > 1)
			snprintf(more, sizeof(more), "; and %zu more", n - 1);
		verdict_set(v, uses->weight == USE_IDLE ? VLU_WARN : VLU_FAIL, "%s%s",
			    uses->what, more);
		verdict_fix(v, "%s", uses->fix);
	} else if (openers.kept || openers.vmm) {
		name_opener(&openers, who);
		verdict_set(v, VLU_PASS, "nobody but %s has it open", who);
	} else if (may_be_open(dev, &openers)) {
		verdict_set(v, VLU_UNKNOWN, "whether a process has it open is for root "
			    "to see");
	} else if (inuse->unknown[0] && dev->class >> 16 == 0x01 && dev->driver[0] &&
		   strcmp(dev->driver, "vfio-pci") != 0) {
		verdict_set(v, VLU_UNKNOWN, "%s", inuse->unknown);
	} else if (dev->class >> 16 == 0x02 && dev->driver[0] && openers.all_seen &&
		   strcmp(dev->driver, "vfio-pci") != 0 && !device_has_net(dev)) {
		verdict_set(v, VLU_UNKNOWN, "no network interface of it is seen here; a "
			    "container may have it");
	} else {
		verdict_set(v, VLU_PASS, "nothing on this host uses it");
	}
}

/* The worst comes first; the VMM that has a device open is not for us to end. */
static bool is_bearable(const struct vlu_device *dev)
{
	const struct use *uses;
	size_t n;

	uses = inuse_find(dev->ctx->inuse, dev->bdf, &n);
	return uses && uses->weight == USE_BEARABLE && !find_openers(dev).other;
}

int check_unused(const struct vlu_device *dev, enum unused_force force)
{
	struct verdict v = { .result = VLU_PASS };
	bool bearable;
	int ret;

	ret = check_now_read(dev->ctx);
	if (ret)
		return ret;
	look_not_in_use(dev, &v);
	bearable = v.result == VLU_FAIL && is_bearable(dev);
	if (v.result == VLU_FAIL && !(bearable && force == FORCE_GIVEN))
		return vlu_fail(dev->ctx, VLU_NOT_PRESERVABLE, -EBUSY,
				"%s: in use: %s; fix: %s%s", dev->name, v.detail, v.fix,
				bearable && force == FORCE_OFFERED ? ", or --force" : "");
	if (v.result == VLU_FAIL)
		vlu_log(dev->ctx, VLU_LOG_ERROR, "DANGEROUS: %s: in use: %s; --force takes it "
			"all the same", dev->name, v.detail);
	else if (v.result != VLU_PASS)
		vlu_log(dev->ctx, VLU_LOG_WARNING, "%s: %s", dev->name, v.detail);
	return 0;
}

/*
 * pci_liveupdate_preserve() of the PCI series: EBUSY and "Device is already
 * preserved". The kernel tells of it in its log only.
 */
void look_not_already_preserved(const struct vlu_device *dev, struct verdict *v)
{
	const struct kept *kept = keeper_find(dev->ctx->keeper, dev->bdf);
	const struct proc_file *sessions;
	enum vlu_known outgoing;
	size_t n;

	if (kept) {
		verdict_set(v, VLU_PASS, kept->preserved ?
			    "preserved already, in session %s of vfio-lu" :
			    "held in session %s of vfio-lu", kept->session);
		return;
	}
	outgoing = klog_outgoing(dev->ctx, dev->bdf);
	sessions = procs_kind(dev->ctx->procs, PROC_SESSION, &n);
	if (outgoing == VLU_YES && n) {
		verdict_set(v, VLU_FAIL, "preserved already, by other hands; process %d (%s) "
			    "has session %s open", (int)sessions->pid, sessions->comm,
			    sessions->name);
		verdict_fix(v, "have process %d (%s) close its session",
			    (int)sessions->pid, sessions->comm);
	} else if (outgoing == VLU_YES) {
		verdict_set(v, VLU_FAIL, "preserved already, by other hands, as the kernel "
			    "log says");
		verdict_fix(v, "have the program that preserved it close its session");
	} else if (outgoing == VLU_NO || (!n && dev->ctx->procs->complete)) {
		verdict_set(v, VLU_PASS, "in no session");
	} else if (n) {
		verdict_set(v, VLU_UNKNOWN, "process %d (%s) has session %s open, and the "
			    "kernel log does not reach back to what is in it",
			    (int)sessions->pid, sessions->comm, sessions->name);
	} else {
		verdict_set(v, VLU_UNKNOWN, "sessions of other programs are for root to see");
	}
}

/*
 * vfio_df_check..., vfio_device_fops_cdev_open() of the VFIO series: EBUSY
 * while pci_liveupdate_incoming() says that the device waits to be retrieved
 * and finished; PRESERVE_FD before that: EBUSY.
 */
void look_not_incoming(const struct vlu_device *dev, struct verdict *v)
{
	switch (klog_incoming(dev->ctx, dev->bdf)) {
	case VLU_YES:
		verdict_set(v, VLU_FAIL, "the previous kernel preserved it, and that is not "
			    "finished: the kernel refuses to open it");
		if (keeper_find(dev->ctx->keeper, dev->bdf))
			verdict_fix(v, "vfio-lu finish");
		else
			verdict_fix(v, "vfio-lu restore, then vfio-lu finish");
		return;
	case VLU_NO:
		verdict_set(v, VLU_PASS, "the previous kernel did not preserve it, or that "
			    "is finished");
		return;
	case VLU_DONT_KNOW:
		break;
	}
	if (host_kho_boot(dev->ctx) == VLU_NO)
		verdict_set(v, VLU_PASS, "no kernel before this one handed anything over");
	else
		verdict_set(v, VLU_UNKNOWN, "the kernel log, which alone tells, %s",
			    dev->ctx->klog->error ? "cannot be read" :
			    "does not reach back to the start");
}

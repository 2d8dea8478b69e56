/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules on the current state of a device and on who uses it. */
#include "base/text.h"
#include "checks/device-rules.h"
#include "machine/kernel.h"
#include "inuse/inuse.h"
#include "machine/interrupts.h"
#include "holder/holdings.h"
#include "machine/kernel-log.h"
#include "machine/processes.h"

int facts_read(const struct vlu_device *dev, struct facts *ret_facts)
{
	struct vlu_ctx *ctx = dev->ctx;

	*ret_facts = (struct facts){
		.ctx = ctx, .dev = dev, .vmm = ctx->vmm,
		.procs = procs_get(ctx), .inuse = inuse_get(ctx), .irqs = irqs_get(ctx),
		.holdings = holdings_get(ctx), .klog = klog_get(ctx),
	};
	if (!ret_facts->procs || !ret_facts->inuse || !ret_facts->irqs || !ret_facts->holdings ||
	    !ret_facts->klog)
		return vlu_nomem(ctx);
	ret_facts->incoming = klog_is_incoming(ctx, dev->bdf);
	ret_facts->outgoing = klog_is_outgoing(ctx, dev->bdf);
	return 0;
}

/* The processes that have the vfio file of a device open. */
struct openers {
	bool all_seen;		/* false: other processes may have it open */
	bool kept;		/* the holder has it open */
	bool vmm;		/* facts->vmm is set, and that VMM is assumed to have the device open */
	bool shared;		/* the files are of the host's driver, such as those of vGPUs */
	size_t others;
	const struct proc_file *other;	/* one of them */
};

static void count(struct openers *openers, const struct facts *facts,
		  const struct proc_file *files, size_t n, int64_t group)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (files[i].kind == PROC_GROUP && files[i].group != group)
			continue;
		if (is_holders_file(facts->holdings, &files[i], openers->kept)) {
			openers->kept = true;
			continue;
		}
		if (facts->vmm && facts->vmm == files[i].pid && files[i].kind == PROC_VFIO &&
		    !files[i].legacy)
			continue;
		/* several files of a process count once */
		if (openers->other && openers->other->pid == files[i].pid)
			continue;
		openers->other = &files[i];
		openers->others++;
	}
}

static struct openers find_openers(const struct facts *facts)
{
	struct openers openers = { .all_seen = facts->procs->complete };
	const struct vlu_device *dev = facts->dev;
	const struct proc_file *files;
	size_t n;

	/* A driver of the host may offer vfio files as well: mediated devices, vGPUs on VFs. */
	openers.shared = strcmp(dev->driver, VFIO_DRIVER) != 0 && !device_is_variant(dev->driver);
	openers.all_seen |= openers.shared;
	openers.kept = !openers.shared && holdings_find(facts->holdings, facts->dev->bdf);
	openers.vmm = !openers.shared && facts->vmm;
	files = procs_device(facts->procs, dev->bdf, &n);
	count(&openers, facts, files, n, -1);
	if (dev->iommu_group >= 0) {
		files = procs_kind(facts->procs, PROC_GROUP, &n);
		count(&openers, facts, files, n, dev->iommu_group);
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

/*
 * A VMM that opened the device through the device's cdev, not a group, can keep running while the
 * device is preserved.
 */
static void fix_opener(const struct openers *openers, struct verdict *v)
{
	char who[64];

	name_opener(openers, who);
	if (openers->kept || openers->shared || openers->other->kind == PROC_GROUP ||
	    openers->other->legacy)
		verdict_fix(v, "shut down the VM: stop %s", who);
	else
		verdict_fix(v, "shut down the VM: stop %s; or preserve its devices while it runs: "
			    "vfio-lu preserve --pid %d", who, (int)openers->other->pid);
}

/*
 * vfio_pci_liveupdate_freeze() of the VFIO series (v4 on) returns EINVAL for a device that is not
 * in D0. A device without a user may rest in D3hot (vfio_pci_core_register_device()), and an
 * open wakes it (vfio_pci_core_enable()).
 */
void look_power_d0(const struct facts *facts, struct verdict *v)
{
	const struct holding *kept;
	struct openers openers;
	char who[64];

	if (strcmp(facts->dev->power_state, "D0") == 0) {
		verdict_set(v, VLU_PASS, "in D0");
		return;
	}
	if (facts->dev->power_state[0] != 'D') {
		verdict_set(v, VLU_UNKNOWN, "the kernel does not say which power state "
			    "it is in");
		return;
	}
	openers = find_openers(facts);
	kept = holdings_find(facts->holdings, facts->dev->bdf);
	if (kept && !kept->preserved && !openers.other && !openers.vmm) {
		verdict_set(v, VLU_PASS, "in %s: no process has used it since the kexec; binding "
			    "it to an iommufd wakes it", facts->dev->power_state);
	} else if (openers.kept || openers.other || openers.vmm) {
		name_opener(&openers, who);
		verdict_set(v, VLU_FAIL, "in %s while %s has it open: the kernel would refuse the "
			    "kexec", facts->dev->power_state, who);
		verdict_fix(v, "shut down the VM that put it there");
	} else if (openers.all_seen) {
		verdict_set(v, VLU_PASS, "in %s: opening it wakes it", facts->dev->power_state);
	} else {
		verdict_set(v, VLU_UNKNOWN, "in %s; only root can see whether a process has it "
			    "open", facts->dev->power_state);
	}
}

/*
 * vfio_pci_liveupdate_freeze() of the VFIO series: EINVAL while irq_type is set. An entry in
 * /proc/interrupts proves that it is set. A missing entry proves nothing while the vfio file
 * is open, since a vector without a handler is not listed. When that file is closed,
 * vfio_pci_core_disable() has disabled interrupts.
 */
void look_interrupts_off(const struct facts *facts, struct verdict *v)
{
	struct openers openers = find_openers(facts);
	const struct irq *irq;
	char who[64];
	size_t n;

	name_opener(&openers, who);
	irq = irqs_find(facts->irqs, facts->dev->bdf, &n);
	if (irq) {
		/* a running VMM has interrupts enabled; without a VMM this is unexpected */
		verdict_set(v, openers.vmm ? VLU_WARN : VLU_FAIL, "%s is in /proc/interrupts: the "
			    "kernel refuses a kexec while the device has interrupts enabled",
			    irq->name);
		if (openers.other)
			fix_opener(&openers, v);
		else
			verdict_fix(v, "vfio-lu kexec disables them first");
	} else if (openers.kept || openers.other || openers.vmm) {
		verdict_set(v, VLU_UNKNOWN, "/proc/interrupts shows no interrupt of it, but does not show "
			    "all of them while %s has it open", who);
	} else if (!openers.all_seen) {
		verdict_set(v, VLU_UNKNOWN, "only root can see whether a process has it open, with "
			    "interrupts enabled");
	} else {
		verdict_set(v, VLU_PASS, "no process has it open");
	}
}

static void others_use_it(const struct facts *facts, const struct openers *openers,
			  struct verdict *v)
{
	char who[64], more[32] = "";

	name_opener(openers, who);
	if (openers->other->pid == facts->vmm) {
		verdict_set(v, VLU_FAIL, "%s has it " ONLY_CDEV, who);
		verdict_fix(v, FIX_GROUP, facts->dev->name);
		return;
	}
	if (openers->others > 1)
		snprintf(more, sizeof(more), ", and %zu more", openers->others - 1);
	verdict_set(v, VLU_FAIL, "%s has its vfio %s open%s", who,
		    openers->other->kind == PROC_GROUP ? "group" : "file", more);
	fix_opener(openers, v);
}

/* Returns the reason why a user may have been missed, or NULL when all users are known. */
static const char *not_known(const struct facts *facts, const struct openers *openers)
{
	const struct vlu_device *dev = facts->dev;
	bool is_hosts = dev->driver[0] && strncmp(dev->driver, VFIO_DRIVER, 9) != 0;

	/* without root the files of other processes cannot be read */
	if (!openers->all_seen || (is_hosts && !facts->procs->complete))
		return "only root can see whether a process has it open";
	return inuse_unseen(facts->inuse, dev);
}

static void set_use(const struct use *use, size_t n, enum vlu_result result, struct verdict *v)
{
	char more[400] = "";
	size_t i;

	/* list as many uses as there is room for, since each of them has to end */
	for (i = 1; i < n && strlen(more) + strlen(use[i].what) < sizeof(more) - 40; i++)
		text_add(more, sizeof(more), "; %s", use[i].what);
	if (i < n)
		text_add(more, sizeof(more), "; and %zu more", n - i);
	verdict_set(v, result, "%s%s", use->what, more);
	verdict_fix(v, "%s", use->fix);
}

/*
 * For a second file of a device, VFIO_DEVICE_BIND_IOMMUFD to another iommufd fails with EINVAL
 * (vfio_df_device_first_open() ran for the first file), and PRESERVE_FD with EBUSY
 * (pci_liveupdate_preserve()). The kernel gives no error when a device is taken from a driver
 * while the host uses it.
 */
void look_not_in_use(const struct facts *facts, struct verdict *v)
{
	struct openers openers = find_openers(facts);
	const char *unknown = not_known(facts, &openers);
	const struct use *uses;
	char who[64];
	size_t n;

	uses = inuse_find(facts->inuse, facts->dev->bdf, &n);
	if (openers.other) {
		others_use_it(facts, &openers, v);
	} else if (uses && uses->weight <= USE_BEARABLE) {
		set_use(uses, n, VLU_FAIL, v);
	} else if (openers.kept || openers.vmm) {
		name_opener(&openers, who);
		verdict_set(v, VLU_PASS, "only %s has it open", who);
	} else if (uses && uses->weight == USE_UNSURE) {
		set_use(uses, n, VLU_UNKNOWN, v);
	} else if (unknown) {
		verdict_set(v, VLU_UNKNOWN, "%s", unknown);
	} else if (uses) {
		set_use(uses, n, VLU_WARN, v);
	} else {
		verdict_set(v, VLU_PASS, "nothing on this host uses it");
	}
}

/* Can --force help? It can if the use is not certain, or can be restarted. */
static bool can_force(const struct facts *facts, const struct verdict *v)
{
	const struct use *uses;
	size_t n;

	if (v->result == VLU_UNKNOWN)
		return true;
	/* the worst use is first; --force never takes a device from another process */
	uses = inuse_find(facts->inuse, facts->dev->bdf, &n);
	return uses && uses->weight == USE_BEARABLE && !find_openers(facts).other;
}

/* Would a bind refuse the device without --force? */
static bool is_refused(const struct facts *facts, const struct verdict *v)
{
	return v->result == VLU_FAIL ||
	       (v->result == VLU_UNKNOWN && inuse_can_carry(facts->inuse, facts->dev));
}

bool can_take(const struct vlu_device *dev)
{
	struct verdict v = { .result = VLU_PASS };
	struct facts facts;

	if (dev->kind == VLU_BRIDGE || device_is_iommu(dev) || facts_read(dev, &facts) ||
	    (dev->kind == VLU_PF && device_number(dev, "sriov_numvfs") > 0))
		return false;
	look_not_in_use(&facts, &v);
	return !is_refused(&facts, &v);
}

int check_unused(const struct vlu_device *dev, enum unused_force force)
{
	struct verdict v = { .result = VLU_PASS };
	const char *use = "in use";
	struct facts facts;
	const char *argv[ARGLINE_MAX + 1];
	char fix[sizeof(v.fix) + 16];
	bool refused, can;
	int ret;

	ret = facts_read(dev, &facts);
	if (ret)
		return ret;
	look_not_in_use(&facts, &v);
	can = can_force(&facts, &v);
	/* a doubt does not stop a command that has no --force (restore, unbind) */
	refused = is_refused(&facts, &v) && (v.result == VLU_FAIL || force != FORCE_NONE);
	if (v.result == VLU_UNKNOWN)
		use = "perhaps in use";
	if (refused && !(can && force == FORCE_GIVEN)) {
		vlu_fail(dev->ctx, FAIL_IN_USE, -EBUSY, "%s: %s: %s", dev->name, use, v.detail);
		snprintf(fix, sizeof(fix), "%s%s", v.fix[0] ? v.fix : "find out what uses it",
			 can && force == FORCE_OFFERED ? ", or --force" : "");
		return failure_fix(dev->ctx, "fix", fix, argline_argv(&v.argv, argv));
	}
	if (refused)
		vlu_log(dev->ctx, VLU_LOG_ERROR, "DANGEROUS: %s: %s: %s; --force takes it "
			"anyway", dev->name, use, v.detail);
	else if (v.result != VLU_PASS)
		vlu_log(dev->ctx, VLU_LOG_WARNING, "%s: %s", dev->name, v.detail);
	return 0;
}

/* pci_liveupdate_preserve() of the PCI series: EBUSY. Only the kernel log shows it in advance. */
void look_not_already_preserved(const struct facts *facts, struct verdict *v)
{
	const struct holding *kept = holdings_find(facts->holdings, facts->dev->bdf);
	const struct proc_file *sessions;
	size_t n;

	if (kept) {
		verdict_set(v, VLU_PASS, kept->preserved ?
			    "preserved already, in session %s of vfio-lu" :
			    "held in session %s of vfio-lu", kept->session);
		return;
	}
	sessions = procs_kind(facts->procs, PROC_SESSION, &n);
	if (facts->outgoing == VLU_YES && facts->holdings->known != VLU_YES &&
	    (n ? is_holders_file(facts->holdings, sessions, false) :
		 facts->holdings->known == VLU_DONT_KNOW)) {
		verdict_set(v, VLU_UNKNOWN, "preserved already; %s",
			    facts->procs->complete ? "vfio-lu cannot see by which program, since "
			    	"the holder could not be asked" :
			    "only root can see by which program");
	} else if (facts->outgoing == VLU_YES && n) {
		verdict_set(v, VLU_FAIL, "preserved already, by another program; process %d (%s) "
			    "has session %s open", (int)sessions->pid, sessions->comm,
			    sessions->name);
		verdict_fix(v, "have process %d (%s) close its session",
			    (int)sessions->pid, sessions->comm);
	} else if (facts->outgoing == VLU_YES) {
		verdict_set(v, VLU_FAIL, "preserved already, by another program, according to the kernel "
			    "log; %s", facts->procs->complete ? "no process has a session open now" :
			    "only root can see by which program");
		verdict_fix(v, "have the program that preserved it close its session");
	} else if (facts->outgoing == VLU_NO || (!n && facts->procs->complete)) {
		verdict_set(v, VLU_PASS, "in no session");
	} else if (n) {
		verdict_set(v, VLU_UNKNOWN, "process %d (%s) has session %s open, and the "
			    "kernel log no longer shows what is in it",
			    (int)sessions->pid, sessions->comm, sessions->name);
	} else {
		verdict_set(v, VLU_UNKNOWN, "only root can see the sessions of other programs");
	}
}

/*
 * vfio_device_fops_cdev_open() of the VFIO series returns EBUSY until the device is retrieved and
 * finished, according to pci_liveupdate_incoming(). So does PRESERVE_FD.
 */
void look_not_incoming(const struct facts *facts, struct verdict *v)
{
	const struct holding *kept = holdings_find(facts->holdings, facts->dev->bdf);

	/* the holder knows, even if the kernel log does not reach back */
	switch (kept && kept->incoming ? VLU_YES : facts->incoming) {
	case VLU_YES:
		verdict_set(v, VLU_FAIL, "the previous kernel preserved it, and its live update is not "
			    "finished: the kernel refuses to open it");
		if (kept)
			verdict_run(v, "vfio-lu finish --session %s", kept->session);
		else
			verdict_fix(v, "vfio-lu restore --all, then finish its session; "
				    "if vfio-lu status names none: kexec or reboot");
		return;
	case VLU_NO:
		verdict_set(v, VLU_PASS, "the previous kernel did not preserve it, or its live update "
			    "is finished");
		return;
	case VLU_DONT_KNOW:
		break;
	}
	if (host_is_kho_boot(facts->ctx) == VLU_NO)
		verdict_set(v, VLU_PASS, "nothing was handed over to this kernel");
	else
		verdict_set(v, VLU_UNKNOWN, "only the kernel log shows whether it was preserved, but %s",
			    facts->klog->error ? "it cannot be read" :
			    "its beginning is missing");
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules that a device must meet, each with the kernel code behind it. */
#include "base/attr.h"
#include "checks/device-rules.h"
#include "machine/processes.h"
#include "machine/kernel.h"

enum rule_flags {
	NEEDED = 0,
	ADVISORY = 1 << 0,	/* unknown does not change the verdict */
	LAST_IF_FAILED = 1 << 1, /* later rules would only repeat its failure */
	AT_ONCE = 1 << 2,	/* needs only the values that the detail OF_ALL includes (machine/device.h) */
	NEVER_FAILS = 1 << 3,	/* skipped if only the verdict counts; such a rule must be ADVISORY too */
	OF_THE_ALIVE = 1 << 4,	/* if the device does not respond, a pass becomes unknown */
};

struct device_rule {
	const char *id;
	look_fn *look;
	unsigned int flags;
};

static void look_exists(const struct facts *facts, struct verdict *v)
{
	verdict_set(v, VLU_PASS, "%s is there", facts->dev->name);
}

/*
 * The PCI series preserves, with an endpoint, the bridges above it (pci_liveupdate_preserve()).
 * vfio-pci binds to header type 0 alone (vfio_pci_core_register_device(),
 * drivers/vfio/pci/vfio_pci_core.c).
 */
static void look_endpoint(const struct facts *facts, struct verdict *v)
{
	if (facts->dev->kind != VLU_BRIDGE) {
		verdict_set(v, VLU_PASS, "an endpoint");
		return;
	}
	verdict_set(v, VLU_FAIL, "a bridge: the kernel preserves the bridges above a device along "
		    "with the device");
	verdict_fix(v, "name the device behind the bridge");
}

/*
 * A read of the configuration space wakes the device, pci_config_pm_runtime_get(). A device
 * that the host has put to sleep is left asleep.
 */
static bool is_resting(const struct vlu_device *dev, const char *runtime)
{
	return strcmp(dev->power_state, "D3cold") == 0 && strcmp(runtime, "suspended") == 0 &&
	       strcmp(dev->driver, VFIO_DRIVER) != 0;
}

/*
 * A read from a device that is gone gives all ones, PCI_SET_ERROR_RESPONSE() in
 * include/linux/pci.h. After a failed wake the kernel does not try again, so every open fails:
 * rpm_resume(), drivers/base/power/runtime.c.
 */
static void look_responds(const struct facts *facts, struct verdict *v)
{
	const struct vlu_device *dev = facts->dev;
	char runtime[16] = "";
	int ones;

	if (strcmp(dev->power_state, "D0") != 0 &&
	    attr_read(facts->ctx, runtime, sizeof(runtime), PCI_DEVICES "/%s/power/runtime_status",
		      dev->name) < 0)
		runtime[0] = '\0';
	if (is_resting(dev, runtime)) {
		verdict_set(v, VLU_UNKNOWN, "asleep in D3cold; this check would wake it");
		return;
	}
	ones = device_is_ones((struct vlu_device *)dev);
	if (ones == 1)
		verdict_set(v, VLU_FAIL, "it does not answer: its configuration space is all "
			    "ones%s", dev->power_state[0] == 'D' && dev->power_state[1] != '0' ?
			    ", and it does not wake" : "");
	else if (ones == -ENODEV)
		verdict_set(v, VLU_FAIL, "it does not answer: it is gone");
	else if (strcmp(runtime, "error") == 0)
		verdict_set(v, VLU_FAIL, "it does not answer: in %s, from which the kernel could "
			    "not wake it", dev->power_state);
	else if (ones < 0)
		verdict_set(v, VLU_UNKNOWN, "its configuration space cannot be read: %s",
			    ones == -ENODATA ? "it is cut short" : strerror(-ones));
	else
		verdict_set(v, VLU_PASS, "its configuration space can be read");
	if (v->result == VLU_FAIL)
		verdict_fix(v, "power its slot, or the host, off and on again");
}

/* can_preserve() of the VFIO series, v5, refuses a VF with ENOENT. */
static void look_not_vf(const struct facts *facts, struct verdict *v)
{
	if (facts->dev->kind != VLU_VF) {
		verdict_set(v, VLU_PASS, "not a virtual function");
		return;
	}
	verdict_set(v, VLU_FAIL, "a virtual function: the kernel preserves no VFs");
	verdict_fix(v, "pass the physical function through instead");
}

static void bind_it(const struct facts *facts, struct verdict *v)
{
	struct verdict bind = { .mute = v->mute };

	/* the session's name is not known here */
	if (facts->incoming == VLU_YES)
		verdict_run(v, "vfio-lu restore --all");
	/* bind refuses a device whose session must be restored */
	else if (facts->incoming == VLU_DONT_KNOW && host_is_kho_boot(facts->ctx) != VLU_NO) {
		advise_bind(facts->dev, &bind);
		verdict_fix(v, "vfio-lu restore --all if vfio-lu status shows that it was handed "
			    "over%s%s", bind.fix[0] ? ", else " : "", bind.fix);
	} else {
		advise_bind(facts->dev, v);
	}
}

/* can_preserve() compares the device's ops with those of plain vfio-pci. */
static void look_driver(const struct facts *facts, struct verdict *v)
{
	if (strcmp(facts->dev->driver, VFIO_DRIVER) == 0) {
		verdict_set(v, VLU_PASS, "bound to vfio-pci");
		return;
	}
	if (facts->dev->driver[0])
		verdict_set(v, VLU_FAIL, "bound to %s, not to vfio-pci", facts->dev->driver);
	else
		verdict_set(v, VLU_FAIL, "bound to no driver, not to vfio-pci");
	bind_it(facts, v);
}

/* Every version of the VFIO series refuses a group's file. */
static void look_cdev(const struct facts *facts, struct verdict *v)
{
	if (facts->dev->cdev_there) {
		verdict_set(v, VLU_PASS, "%s", facts->dev->cdev);
	} else if (strcmp(facts->dev->driver, VFIO_DRIVER) != 0) {
		verdict_set(v, VLU_UNKNOWN, "the device has none before it is bound to vfio-pci");
	} else if (facts->dev->cdev[0]) {
		verdict_set(v, VLU_FAIL, "%s does not exist, though the kernel "
			    "has the device", facts->dev->cdev);
		verdict_fix(v, "see why devtmpfs or udev did not make the node");
	} else {
		verdict_set(v, VLU_FAIL, "vfio-pci offers no character device for it");
		verdict_fix(v, "boot a kernel with CONFIG_VFIO_DEVICE_CDEV=y");
	}
}

/* Variants of vfio-pci have vfio_device_ops of their own: can_preserve() returns ENOENT. */
static void look_driver_not_variant(const struct facts *facts, struct verdict *v)
{
	if (!device_is_variant(facts->dev->driver)) {
		verdict_set(v, VLU_PASS, "not bound to a variant driver of vfio-pci");
		return;
	}
	verdict_set(v, VLU_FAIL, "%s is a variant of vfio-pci: the kernel preserves files of "
		    "vfio-pci itself only", facts->dev->driver);
	bind_it(facts, v);
}

/*
 * The PCI series accepts a PF from v4 on, with or without VFs (EINVAL before). No version hands
 * over the settings of SR-IOV, so the next kernel finds no VFs
 * (Documentation/PCI/liveupdate.rst of the series, future work).
 */
static void look_pf_without_vfs(const struct facts *facts, struct verdict *v)
{
	int64_t vfs;
	int ret;

	if (facts->dev->kind != VLU_PF) {
		verdict_set(v, VLU_PASS, "it can have no virtual functions");
		return;
	}
	ret = attr_number(facts->ctx, &vfs, PCI_DEVICES "/%s/sriov_numvfs", facts->dev->name);
	if (ret < 0) {
		verdict_set(v, VLU_UNKNOWN, "sriov_numvfs cannot be read: %s", strerror(-ret));
	} else if (!vfs) {
		verdict_set(v, VLU_PASS, "no virtual function is enabled");
	} else {
		verdict_set(v, VLU_WARN, "%lld virtual functions are enabled: the kernel does not "
			    "preserve them, and VMs that use them lose them", (long long)vfs);
		verdict_shell(v, "echo 0 > " PCI_DEVICES "/%s/sriov_numvfs", facts->dev->name);
	}
}

/* can_preserve() of the VFIO series, v2 on, refuses an Intel display with ENOENT (EINVAL in v1). */
static void look_not_intel_display(const struct facts *facts, struct verdict *v)
{
	if (facts->dev->vendor < 0 || facts->dev->class < 0) {
		verdict_set(v, VLU_UNKNOWN, "vfio-lu cannot read its vendor or its class");
	} else if (facts->dev->vendor != 0x8086 || facts->dev->class >> 16 != 0x03) {
		verdict_set(v, VLU_PASS, "not an Intel display");
	} else {
		verdict_set(v, VLU_FAIL, "an Intel display: the kernel preserves none, since "
			    "its vfio file also gives access to parts of the host");
		verdict_fix(v, "detach it from its VM before the kexec, and attach it again "
			    "afterwards");
	}
}

/*
 * pci_dev_reset_method_attr_is_visible(), drivers/pci/pci-sysfs.c: the file exists only for a
 * device that can be reset, and an administrator may have emptied it. In the VFIO series
 * vfio_pci_liveupdate_freeze() resets the device if it can be reset.
 */
static void look_reset_method(const struct facts *facts, struct verdict *v)
{
	int ret = facts->dev->reset_error;

	if (facts->dev->reset_method[0] && !ret) {
		verdict_set(v, VLU_PASS, "by %s", facts->dev->reset_method);
	} else if (!ret) {
		verdict_set(v, VLU_WARN, "resets are turned off: the next kernel gets it in "
			    "the state in which this kernel leaves it");
		verdict_shell(v, "echo default > " PCI_DEVICES "/%s/reset_method", facts->dev->name);
	} else if (ret == -ENOENT || ret == -ENODEV) {
		verdict_set(v, VLU_WARN, "the kernel knows no way to reset it: the next "
			    "kernel gets it in the state in which this kernel leaves it");
	} else {
		verdict_set(v, VLU_UNKNOWN, "reset_method cannot be read: %s", strerror(-ret));
	}
}

/*
 * A rule is NEEDED when preserving a device without knowing the answer could do harm. It is
 * ADVISORY when the kernel refuses the device in time, or vfio-lu solves the problem before the
 * kexec.
 */
static const struct device_rule rules[] = {
	{ "exists", look_exists, NEEDED | AT_ONCE | LAST_IF_FAILED },
	{ "endpoint", look_endpoint, NEEDED | AT_ONCE | LAST_IF_FAILED },
	{ "not-vf", look_not_vf, NEEDED | AT_ONCE },
	{ "pf-without-vfs", look_pf_without_vfs, ADVISORY | NEVER_FAILS },
	{ "driver-vfio-pci", look_driver, NEEDED | AT_ONCE },
	{ "driver-not-variant", look_driver_not_variant, NEEDED | AT_ONCE },
	{ "responds", look_responds, ADVISORY },
	{ "cdev", look_cdev, NEEDED },
	{ "iommu-group", look_iommu_group, NEEDED },
	{ "group-singleton", look_group_singleton, NEEDED },
	{ "upstream-acs", look_upstream_acs, ADVISORY | NEVER_FAILS },
	{ "not-intel-display", look_not_intel_display, NEEDED },
	{ "power-d0", look_power_d0, ADVISORY | OF_THE_ALIVE },
	{ "interrupts-off", look_interrupts_off, ADVISORY },
	{ "not-in-use", look_not_in_use, ADVISORY },
	{ "stays-bound", look_stays_bound, NEEDED },
	{ "not-already-preserved", look_not_already_preserved, ADVISORY },
	{ "not-incoming", look_not_incoming, ADVISORY },
	{ "reset-method", look_reset_method, ADVISORY | NEVER_FAILS | OF_THE_ALIVE },
};

const char *device_rule_id(size_t i)
{
	return i < ARRAY_SIZE(rules) ? rules[i].id : NULL;
}

/* If report is NULL, only the verdict counts, so the first failure ends the loop. */
static enum vlu_result judge(struct vlu_device *dev, const struct facts *facts,
			     struct vlu_report *report)
{
	enum vlu_result verdict = VLU_PASS;
	const struct device_rule *rule;
	struct verdict v;
	bool dead = false;

	for (rule = rules; rule < rules + ARRAY_SIZE(rules); rule++) {
		if (!report && (rule->flags & NEVER_FAILS))
			continue;
		if (!(rule->flags & AT_ONCE))
			device_read_more(dev, report ? FOR_REPORT : FOR_VERDICT);
		verdict_start(&v);
		v.advisory = rule->flags & ADVISORY;
		v.mute = !report;
		rule->look(facts, &v);
		if (dead && (rule->flags & OF_THE_ALIVE) && v.result == VLU_PASS)
			verdict_set(&v, VLU_UNKNOWN, "it does not answer");
		dead |= rule->look == look_responds && v.result == VLU_FAIL;
		verdict_worsen(&verdict, &v);
		if (report)
			report_add(report, rule->id, &v);
		if (v.result == VLU_FAIL && (!report || (rule->flags & LAST_IF_FAILED)))
			break;
	}
	return verdict;
}

int vlu_check_device(struct vlu_device *dev, struct vlu_report **ret_report)
{
	struct vlu_report *report;
	struct facts facts;
	int ret;

	device_judge(dev);
	ret = facts_read(dev, &facts);
	if (!ret)
		ret = report_new(dev->ctx, &report);
	if (ret)
		return ret;
	judge(dev, &facts, report);
	report->unseen = !facts.procs->complete;
	return report_give(dev->ctx, report, ret_report);
}

int vlu_judge_device(struct vlu_device *dev, enum vlu_result *ret_verdict)
{
	struct facts facts;
	int ret;

	device_judge(dev);
	ret = facts_read(dev, &facts);
	if (!ret)
		*ret_verdict = judge(dev, &facts, NULL);
	return ret;
}

int vlu_check_missing(struct vlu_ctx *ctx, struct vlu_report **ret_report)
{
	struct verdict v = { 0 };
	struct vlu_report *report;
	int ret;

	ret = report_new(ctx, &report);
	if (ret)
		return ret;
	verdict_set(&v, VLU_FAIL, "no such PCI device");
	verdict_fix(&v, "vfio-lu list shows the devices of this host");
	report_add(report, "exists", &v);
	return report_give(ctx, report, ret_report);
}

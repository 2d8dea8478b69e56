/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules a device must meet, each with the kernel code it comes from. */
#include "attr.h"
#include "check-device.h"
#include "inuse.h"
#include "klog.h"

enum rule_flags {
	NEEDED = 0,
	ADVISORY = 1 << 0,	/* being unknown does not change the verdict */
	LAST_IF_FAILED = 1 << 1, /* what follows would only repeat it */
};

struct device_rule {
	const char *id;
	look_fn look;
	unsigned int flags;
};

static void look_exists(const struct vlu_device *dev, struct verdict *v)
{
	verdict_set(v, VLU_PASS, "%s is there", dev->name);
}

/*
 * pci_liveupdate_preserve() of the PCI series preserves the bridges above an
 * endpoint with it; vfio-pci itself takes only header type 0
 * (vfio_pci_core_register_device(), drivers/vfio/pci/vfio_pci_core.c).
 */
static void look_endpoint(const struct vlu_device *dev, struct verdict *v)
{
	if (dev->kind != VLU_BRIDGE) {
		verdict_set(v, VLU_PASS, "an endpoint");
		return;
	}
	verdict_set(v, VLU_FAIL, "a bridge: the kernel preserves the bridges above a "
		    "device along with it, they are not preserved by hand");
	verdict_fix(v, "name the device behind the bridge");
}

/* can_preserve() of the VFIO series, v5: a VF is refused with ENOENT. */
static void look_not_vf(const struct vlu_device *dev, struct verdict *v)
{
	if (dev->kind != VLU_VF) {
		verdict_set(v, VLU_PASS, "not a virtual function");
		return;
	}
	verdict_set(v, VLU_FAIL, "a virtual function: the kernel preserves no VFs");
	verdict_fix(v, "pass the physical function through instead");
}

static void bind_it(const struct vlu_device *dev, struct verdict *v)
{
	if (klog_incoming(dev->ctx, dev->bdf) == VLU_YES)
		verdict_fix(v, "vfio-lu restore");
	/* To bind would be no good advice for what the host lives on. */
	else if (!inuse_uses(dev->ctx->inuse, dev->bdf))
		verdict_fix(v, "vfio-lu bind %s", dev->name);
}

/* can_preserve() compares the device's ops with those of plain vfio-pci. */
static void look_driver(const struct vlu_device *dev, struct verdict *v)
{
	if (strcmp(dev->driver, "vfio-pci") == 0) {
		verdict_set(v, VLU_PASS, "bound to vfio-pci");
		return;
	}
	if (dev->driver[0])
		verdict_set(v, VLU_FAIL, "bound to %s, not to vfio-pci", dev->driver);
	else
		verdict_set(v, VLU_FAIL, "bound to no driver, not to vfio-pci");
	bind_it(dev, v);
}

/* A group file is refused by every version of the VFIO series. */
static void look_cdev(const struct vlu_device *dev, struct verdict *v)
{
	if (dev->cdev[0] && sys_exists(&dev->ctx->sys, dev->cdev)) {
		verdict_set(v, VLU_PASS, "%s", dev->cdev);
	} else if (strcmp(dev->driver, "vfio-pci") != 0) {
		verdict_set(v, VLU_UNKNOWN, "there is none to look at before the "
			    "device is bound to vfio-pci");
	} else if (dev->cdev[0]) {
		verdict_set(v, VLU_FAIL, "%s does not exist, though the kernel "
			    "has the device", dev->cdev);
		verdict_fix(v, "see why devtmpfs or udev did not make the node");
	} else {
		verdict_set(v, VLU_FAIL, "vfio-pci offers no character device for it");
		verdict_fix(v, "a kernel with CONFIG_VFIO_DEVICE_CDEV=y");
	}
}

/*
 * VFIO_PCI_CORE drivers of one make of device have their own vfio_device_ops,
 * which can_preserve() does not know: ENOENT.
 */
static void look_driver_not_variant(const struct vlu_device *dev, struct verdict *v)
{
	if (!device_is_variant(dev->driver)) {
		verdict_set(v, VLU_PASS, "with no variant of vfio-pci");
		return;
	}
	verdict_set(v, VLU_FAIL, "%s is a variant of vfio-pci: the kernel preserves files of "
		    "vfio-pci itself only", dev->driver);
	bind_it(dev, v);
}

/*
 * The PCI series takes a PF from v4 on (EINVAL before), with or without VFs.
 * No version carries the SR-IOV capability's settings, so that the next kernel
 * finds no VF (Documentation/PCI/liveupdate.rst of the series, future work).
 */
static void look_pf_without_vfs(const struct vlu_device *dev, struct verdict *v)
{
	int64_t vfs;
	int ret;

	if (dev->kind != VLU_PF) {
		verdict_set(v, VLU_PASS, "it can have no virtual functions");
		return;
	}
	ret = attr_number(dev->ctx, &vfs, PCI_DEVICES "/%s/sriov_numvfs", dev->name);
	if (ret < 0) {
		verdict_set(v, VLU_UNKNOWN, "sriov_numvfs cannot be read: %s",
			    strerror(-ret));
	} else if (!vfs) {
		verdict_set(v, VLU_PASS, "no virtual function is enabled");
	} else {
		verdict_set(v, VLU_WARN, "%lld virtual functions are enabled: they do not "
			    "cross the jump, and who uses them loses them", (long long)vfs);
		verdict_fix(v, "echo 0 > " PCI_DEVICES "/%s/sriov_numvfs", dev->name);
	}
}

/* can_preserve() of the VFIO series, v2 on: ENOENT (EINVAL in the first). */
static void look_not_intel_display(const struct vlu_device *dev, struct verdict *v)
{
	if (dev->vendor < 0 || dev->class < 0) {
		verdict_set(v, VLU_UNKNOWN, "whose it is or what kind it is cannot be read");
	} else if (dev->vendor != 0x8086 || dev->class >> 16 != 0x03) {
		verdict_set(v, VLU_PASS, "not an Intel display");
	} else {
		verdict_set(v, VLU_FAIL, "an Intel display: the kernel preserves none, since "
			    "vfio-pci gives it parts of the host");
		verdict_fix(v, "detach it from its VM before the jump, and attach it again "
			    "after it");
	}
}

/*
 * pci_dev_reset_method_attr_is_visible(), drivers/pci/pci-sysfs.c: the file is
 * there only for a device that can be reset; an administrator may have emptied
 * it. freeze of the VFIO series resets the device, if that works at all.
 */
static void look_reset_method(const struct vlu_device *dev, struct verdict *v)
{
	int ret = dev->reset_error;

	if (dev->reset_method[0] && !ret) {
		verdict_set(v, VLU_PASS, "by %s", dev->reset_method);
	} else if (!ret) {
		verdict_set(v, VLU_WARN, "resets are turned off: the next kernel gets it in "
			    "the state in which it is left");
		verdict_fix(v, "echo default > " PCI_DEVICES "/%s/reset_method", dev->name);
	} else if (ret == -ENOENT || ret == -ENODEV) {
		verdict_set(v, VLU_WARN, "the kernel knows no way to reset it: the next "
			    "kernel gets it in the state in which it is left");
	} else {
		verdict_set(v, VLU_UNKNOWN, "reset_method cannot be read: %s",
			    strerror(-ret));
	}
}

/*
 * A rule is needed when preserving without knowing could do harm; advisory
 * when the kernel refuses by itself, or vfio-lu sees to it before the jump.
 */
static const struct device_rule rules[] = {
	{ "exists", look_exists, NEEDED | LAST_IF_FAILED },
	{ "endpoint", look_endpoint, NEEDED | LAST_IF_FAILED },
	{ "not-vf", look_not_vf, NEEDED },
	{ "pf-without-vfs", look_pf_without_vfs, ADVISORY },
	{ "driver-vfio-pci", look_driver, NEEDED },
	{ "driver-not-variant", look_driver_not_variant, NEEDED },
	{ "cdev", look_cdev, NEEDED },
	{ "iommu-group", look_iommu_group, NEEDED },
	{ "group-singleton", look_group_singleton, NEEDED },
	{ "upstream-acs", look_upstream_acs, ADVISORY },
	{ "not-intel-display", look_not_intel_display, NEEDED },
	{ "power-d0", look_power_d0, ADVISORY },
	{ "interrupts-off", look_interrupts_off, ADVISORY },
	{ "not-in-use", look_not_in_use, ADVISORY },
	{ "not-already-preserved", look_not_already_preserved, ADVISORY },
	{ "not-incoming", look_not_incoming, ADVISORY },
	{ "reset-method", look_reset_method, ADVISORY },
};

static int finish(struct vlu_ctx *ctx, struct vlu_report *report,
		  struct vlu_report **ret_report)
{
	if (report->short_of_memory) {
		vlu_report_free(report);
		return vlu_nomem(ctx);
	}
	*ret_report = report;
	return 0;
}

int vlu_check_device(struct vlu_device *dev, struct vlu_report **ret_report)
{
	struct vlu_report *report;
	struct verdict v;
	size_t i;
	int ret;

	ret = check_now_read(dev->ctx);
	if (!ret)
		ret = report_new(dev->ctx, &report);
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		/* not all of it: this runs for thousands of devices */
		v.result = VLU_PASS;
		v.detail[0] = v.fix[0] = '\0';
		v.advisory = rules[i].flags & ADVISORY;
		rules[i].look(dev, &v);
		report_add(report, rules[i].id, &v);
		if (v.result == VLU_FAIL && (rules[i].flags & LAST_IF_FAILED))
			break;
	}
	return finish(dev->ctx, report, ret_report);
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
	verdict_fix(&v, "vfio-lu list shows those that are there");
	report_add(report, "exists", &v);
	return finish(ctx, report, ret_report);
}

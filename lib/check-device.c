/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules a device must meet, each with the kernel code it comes from. */
#include "device.h"
#include "klog.h"
#include "report.h"

struct device_rule {
	const char *id;
	void (*look)(const struct vlu_device *dev, struct verdict *v);
	bool last_if_failed;	/* what follows would only repeat it */
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
	if (klog_incoming(dev->ctx, dev->bdf) == VLU_YES)
		verdict_fix(v, "vfio-lu restore");
	else
		verdict_fix(v, "vfio-lu bind %s", dev->name);
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

/* Without an IOMMU there is no cdev but noiommu's, which is not preserved. */
static void look_iommu_group(const struct vlu_device *dev, struct verdict *v)
{
	if (dev->iommu_group >= 0) {
		verdict_set(v, VLU_PASS, "IOMMU group %lld",
			    (long long)dev->iommu_group);
		return;
	}
	verdict_set(v, VLU_FAIL, "in no IOMMU group: no IOMMU translates for it");
	verdict_fix(v, "enable the IOMMU in the firmware and on the kernel "
		    "command line (intel_iommu=on)");
}

static const struct device_rule rules[] = {
	{ "exists", look_exists, true },
	{ "endpoint", look_endpoint, true },
	{ "not-vf", look_not_vf, false },
	{ "driver-vfio-pci", look_driver, false },
	{ "cdev", look_cdev, false },
	{ "iommu-group", look_iommu_group, false },
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

	ret = report_new(dev->ctx, &report);
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		memset(&v, 0, sizeof(v));
		rules[i].look(dev, &v);
		report_add(report, rules[i].id, false, &v);
		if (v.result == VLU_FAIL && rules[i].last_if_failed)
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
	report_add(report, "exists", false, &v);
	return finish(ctx, report, ret_report);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/bdf.h"
#include "machine/iommu-group.h"

#define GROUPS "/sys/kernel/iommu_groups"

int group_each(struct vlu_ctx *ctx, int64_t group,
	       int (*fn)(void *arg, const char *name), void *arg)
{
	char path[80];

	snprintf(path, sizeof(path), GROUPS "/%lld/devices", (long long)group);
	return attr_each(ctx, path, fn, arg);
}

/*
 * Drivers with driver_managed_dma do not use the DMA API, so the group is free for vfio
 * (iommu_device_use_default_domain(), drivers/iommu/iommu.c). vfio's drivers for other buses
 * are vfio-platform, vfio-amba, vfio-fsl-mc and vfio-cdx.
 */
static bool is_free_of_dma(const char *driver)
{
	return !driver[0] || strcmp(driver, "pcieport") == 0 ||
	       strcmp(driver, "pci-stub") == 0 || strcmp(driver, "fsl_mc_dprc") == 0 ||
	       strncmp(driver, "vfio-", 5) == 0 || device_is_variant(driver);
}

struct looking {
	const struct vlu_device *dev;
	const struct vlu_bdf *but;
	size_t n;
	struct group_mates *mates;
};

/* Does the function disappear when dev loses its driver, as below a VMD controller? */
static bool is_behind(const struct vlu_device *dev, const char *name)
{
	char path[64], target[512], component[32];

	snprintf(path, sizeof(path), PCI_DEVICES "/%.30s", name);
	snprintf(component, sizeof(component), "/%s/", dev->name);
	return sys_readlink(&dev->ctx->sys, path, target, sizeof(target)) > 0 &&
	       strstr(target, component);
}

static int look_at(void *arg, const char *name)
{
	const struct looking *looking = arg;
	struct group_mates *mates = looking->mates;
	struct vlu_ctx *ctx = looking->dev->ctx;
	char driver[64] = "", text[128];
	struct vlu_bdf bdf;
	bool pci;
	int ret;

	if (strcmp(name, looking->dev->name) == 0)
		return 0;
	pci = vlu_bdf_parse(name, &bdf) == 0;
	if (pci && bdf_find(looking->but, looking->n, bdf))
		return 0;
	snprintf(text, sizeof(text), "%.40s", name);
	/* a member of another bus has its driver in the group's directory */
	ret = pci ? device_driver_now(ctx, bdf, driver, sizeof(driver)) :
		    attr_link(ctx, driver, sizeof(driver), GROUPS "/%lld/devices/%s/driver",
			      (long long)looking->dev->iommu_group, name);
	if (ret == -EACCES || ret == -EPERM || ret == -EIO)
		return ret;
	if (ret < 0)
		driver[0] = '\0';
	if (driver[0])
		text_add(text, sizeof(text), " (driver %s)", driver);
	text_add(mates->all, sizeof(mates->all), "%s%s", mates->all[0] ? ", " : "", text);
	if (is_free_of_dma(driver) || is_behind(looking->dev, name))
		return 0;
	text_add(mates->foreign, sizeof(mates->foreign), "%s%s",
	       mates->foreign[0] ? ", " : "", text);
	if (pci && mates->n < GROUP_MATES)
		mates->bdfs[mates->n++] = bdf;
	else
		mates->movable = false;
	return 0;
}

int group_mates(const struct vlu_device *dev, const struct vlu_bdf *but, size_t n,
		struct group_mates *ret)
{
	struct looking looking = { dev, but, n, ret };

	*ret = (struct group_mates){ .movable = true };
	return group_each(dev->ctx, dev->iommu_group, look_at, &looking);
}

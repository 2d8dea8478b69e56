/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "group.h"

int group_each(struct vlu_ctx *ctx, int64_t group,
	       int (*fn)(void *arg, const char *name), void *arg)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%lld/devices",
		 (long long)group);
	return attr_each(ctx, path, fn, arg);
}

static void __attribute__((format(printf, 3, 4)))
append(char *buf, size_t size, const char *fmt, ...)
{
	size_t used = strlen(buf);
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf + used, size - used, fmt, args);
	va_end(args);
}

/*
 * Drivers with driver_managed_dma: they leave the group to others
 * (iommu_device_use_default_domain(), drivers/iommu/iommu.c).
 */
static bool leaves_dma_alone(const char *driver)
{
	return !driver[0] || strcmp(driver, "pcieport") == 0 ||
	       strcmp(driver, "pci-stub") == 0 || strcmp(driver, "vfio-pci") == 0 ||
	       device_is_variant(driver);
}

struct looking {
	const struct vlu_device *dev;
	const struct vlu_bdf *but;
	size_t n;
	struct group_mates *mates;
};

static bool is_among(const struct vlu_bdf *bdfs, size_t n, struct vlu_bdf bdf)
{
	while (n--)
		if (vlu_bdf_compare(bdfs[n], bdf) == 0)
			return true;
	return false;
}

static int look_at(void *arg, const char *name)
{
	const struct looking *looking = arg;
	struct group_mates *mates = looking->mates;
	struct vlu_ctx *ctx = looking->dev->ctx;
	char driver[64] = "", text[128];
	struct vlu_bdf bdf;
	int64_t class;
	bool pci;

	if (strcmp(name, looking->dev->name) == 0)
		return 0;
	pci = vlu_bdf_parse(name, &bdf) == 0;
	if (pci && is_among(looking->but, looking->n, bdf))
		return 0;
	snprintf(text, sizeof(text), "%.40s", name);
	if (pci && device_driver_now(ctx, bdf, driver, sizeof(driver)) == 0 && driver[0])
		append(text, sizeof(text), " (driver %s)", driver);
	append(mates->all, sizeof(mates->all), "%s%s", mates->all[0] ? ", " : "", text);
	if (!pci || leaves_dma_alone(driver))
		return 0;
	append(mates->foreign, sizeof(mates->foreign), "%s%s",
	       mates->foreign[0] ? ", " : "", text);
	if (attr_number(ctx, &class, PCI_DEVICES "/%s/class", name) == 0 &&
	    class >> 16 == 0x06)
		mates->movable = false;
	append(mates->bind, sizeof(mates->bind), " %s", name);
	return 0;
}

int group_mates(const struct vlu_device *dev, const struct vlu_bdf *but, size_t n,
		struct group_mates *ret)
{
	struct looking looking = { dev, but, n, ret };

	*ret = (struct group_mates){ .movable = true };
	return group_each(dev->ctx, dev->iommu_group, look_at, &looking);
}

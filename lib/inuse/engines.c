/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses by the kernel itself: DMA engines (RAID 5, NTB, serial ports), accelerators, memory. */
#include "base/attr.h"
#include "inuse/uses.h"

#define CXL	"/sys/bus/cxl/devices"
#define DSA	"/sys/bus/dsa/devices"
#define TARGETS	16	/* of a region: CXL_DECODER_MAX_INTERLEAVE */

struct engines {
	struct vlu_ctx *ctx;
	struct inuse *inuse;
};

/* in_use_show(), drivers/dma/dmaengine.c, counts the clients of a channel. */
static int look_at_channel(void *arg, const char *name)
{
	const struct engines *engines = arg;
	char path[512];
	int64_t clients;

	snprintf(path, sizeof(path), "/sys/class/dma/%.32s", name);
	if (sys_readlink(&engines->ctx->sys, path, path, sizeof(path)) < 0)
		return 0;
	if (attr_number(engines->ctx, &clients, "/sys/class/dma/%.32s/in_use", name) == 0 && clients > 0)
		inuse_add(engines->inuse, path, USE_BEARABLE, "unload the modules that use DMA "
			  "channels first, such as async_tx and ntb_transport",
			  "its DMA channel %.32s is in use by the kernel", name);
	return 0;
}

/* clients_show(), drivers/dma/idxd/sysfs.c, counts the users of all work queues, such as zswap. */
static int look_at_accelerator(void *arg, const char *name)
{
	const struct engines *engines = arg;
	char path[512], fix[96];
	int64_t clients;

	/* "dsa0" and "iax1", not their "wq1.0" */
	if (strchr(name, '.') ||
	    attr_number(engines->ctx, &clients, DSA "/%.32s/clients", name) || clients <= 0)
		return 0;
	snprintf(path, sizeof(path), DSA "/%.32s", name);
	if (sys_readlink(&engines->ctx->sys, path, path, sizeof(path)) < 0)
		return 0;
	snprintf(fix, sizeof(fix), "accel-config disable-device %.32s first", name);
	inuse_add(engines->inuse, path, USE_BEARABLE, fix, "the work queues of its %.32s have users",
		  name);
	return 0;
}

/*
 * "decoder5.0" belongs to endpoint5, whose uport is the memory device below the function:
 * Documentation/ABI/testing/sysfs-bus-cxl.
 */
static void use_target(const struct engines *engines, const char *region, const char *decoder)
{
	char path[512], fix[160];
	unsigned int endpoint;

	if (sscanf(decoder, "decoder%u.", &endpoint) != 1)
		return;
	snprintf(path, sizeof(path), CXL "/endpoint%u/uport", endpoint);
	if (sys_readlink(&engines->ctx->sys, path, path, sizeof(path)) < 0)
		return;
	snprintf(fix, sizeof(fix), "cxl disable-region %.32s && cxl destroy-region %.32s first",
		 region, region);
	inuse_add(engines->inuse, path, USE_VITAL, fix, "its memory is in CXL %.32s of this host",
		  region);
}

static int look_at_region(void *arg, const char *name)
{
	const struct engines *engines = arg;
	char decoder[64];
	int i;

	if (strncmp(name, "region", 6) != 0)
		return 0;
	for (i = 0; i < TARGETS; i++)
		if (attr_read(engines->ctx, decoder, sizeof(decoder), CXL "/%.32s/target%d", name, i) > 0)
			use_target(engines, name, decoder);
	return 0;
}

/* Devices that are vital to this host while a certain driver has them. */
struct vital {
	const struct engines *engines;
	const char *bus;	/* the bus of the driver */
	const char *what;
};

static int look_at_member(void *arg, const char *name)
{
	const struct vital *vital = arg;
	char path[512];

	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%.32s", vital->bus, name);
	if (sys_readlink(&vital->engines->ctx->sys, path, path, sizeof(path)) > 0)
		inuse_add(vital->engines->inuse, path, USE_VITAL, "leave it alone: this host runs from it",
			  "%s (%.32s)", vital->what, name);
	return 0;
}

void inuse_engines(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct engines engines = { ctx, inuse };
	struct vital dax = { &engines, "dax", "its memory is RAM of this host" };
	struct vital virtio = { &engines, "virtio", dax.what };
	struct vital iommu = { &engines, "virtio", "it is an IOMMU of this host" };

	sys_list(&ctx->sys, "/sys/class/dma", look_at_channel, &engines);
	sys_list(&ctx->sys, DSA, look_at_accelerator, &engines);
	/* drivers/dax/kmem.c, drivers/virtio/virtio_mem.c */
	sys_list(&ctx->sys, "/sys/bus/dax/drivers/kmem", look_at_member, &dax);
	sys_list(&ctx->sys, "/sys/bus/virtio/drivers/virtio_mem", look_at_member, &virtio);
	/* drivers/iommu/virtio-iommu.c: unlike other IOMMUs, it is a device with a driver */
	sys_list(&ctx->sys, "/sys/bus/virtio/drivers/virtio_iommu", look_at_member, &iommu);
	sys_list(&ctx->sys, CXL, look_at_region, &engines);
}

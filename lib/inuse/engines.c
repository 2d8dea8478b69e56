/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses of DMA engines by the kernel itself: RAID 5, NTB, slaves of serial ports. */
#include "base/attr.h"
#include "inuse/uses.h"

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

void inuse_engines(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct engines engines = { ctx, inuse };

	sys_list(&ctx->sys, "/sys/class/dma", look_at_channel, &engines);
}

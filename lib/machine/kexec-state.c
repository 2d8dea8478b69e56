/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "machine/kexec-state.h"

enum vlu_known kexec_is_loaded(struct vlu_ctx *ctx)
{
	int64_t loaded;
	int ret;

	ret = attr_number(ctx, &loaded, "/sys/kernel/kexec_loaded");
	if (ret == -ENOENT)	/* newer kernels have moved it */
		ret = attr_number(ctx, &loaded, "/sys/kernel/kexec/loaded");
	return ret < 0 ? VLU_DONT_KNOW : loaded ? VLU_YES : VLU_NO;
}

enum vlu_known kexec_is_loaded_by_us(struct vlu_ctx *ctx)
{
	int mode = sys_mode(&ctx->sys, KEXEC_LOADED);

	return mode >= 0 ? VLU_YES : mode == -ENOENT ? VLU_NO : VLU_DONT_KNOW;
}

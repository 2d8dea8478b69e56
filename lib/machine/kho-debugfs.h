/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KHO in debugfs: this kernel's own LUO head, and data about the previous kernel. No function here
 * reads the incoming LUO head (abi/luo.c), because since Linux 7.2 the kernel frees the memory of
 * that head at boot. These functions do not change vlu_error().
 */
#ifndef VLU_MACHINE_KHO_DEBUGFS_H
#define VLU_MACHINE_KHO_DEBUGFS_H

#include "base/ctx.h"

#define KHO_DEBUG	"/sys/kernel/debug/kho"

struct luo_out {
	uint64_t liveupdate_num;
	uint64_t flbs_pa;
};
int kho_luo_out(struct vlu_ctx *ctx, struct luo_out *ret) must_check;
int kho_metadata_in(struct vlu_ctx *ctx, char release[65],
		    int64_t *ret_kexec_count) must_check;

#endif

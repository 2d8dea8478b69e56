/* SPDX-License-Identifier: GPL-2.0-only */
/* The scratch memory, which KHO reserves for the next kernel, and how much that kernel needs. */
#ifndef VLU_MACHINE_KHO_SCRATCH_H
#define VLU_MACHINE_KHO_SCRATCH_H

#include "base/ctx.h"

#define SCRATCH_LEN	"/sys/kernel/debug/kho/out/scratch_len"

struct scratch {
	uint64_t largest, total;
};

/* The bytes of memory that a kernel and its initrd need while the kexec loads them. */
struct scratch_need {
	uint64_t kernel, initrd;
};

int scratch_read(struct vlu_ctx *ctx, struct scratch *ret_scratch) must_check;
/* Reads the needs of the running kernel's image in /boot, since it is the likeliest next kernel. */
int scratch_need_read(struct vlu_ctx *ctx, struct scratch_need *ret_need) must_check;
/* Is there enough scratch memory for that kernel and its initrd? */
bool scratch_has_room(const struct scratch *scratch, const struct scratch_need *need);

/* For tests: each line has the "0x..." of one area. Returns -EBADMSG for any other text. */
int scratch_parse(const char *text, struct scratch *ret_scratch) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory that KHO keeps free for the next kernel, and what goes into it. */
#ifndef VLU_SCRATCH_H
#define VLU_SCRATCH_H

#include "private.h"

#define SCRATCH_LEN	"/sys/kernel/debug/kho/out/scratch_len"

struct scratch {
	uint64_t largest, total;
};

/* What a kernel and its initrd take in memory while they are loaded. */
struct scratch_need {
	uint64_t kernel, initrd;
};

int scratch_read(struct vlu_ctx *ctx, struct scratch *ret_scratch) must_check;
/* The image in /boot of the kernel that runs, the likeliest next one. */
int scratch_need_read(struct vlu_ctx *ctx, struct scratch_need *ret_need) must_check;
bool scratch_takes(const struct scratch *scratch, const struct scratch_need *need);

/* For tests: a line an area, "0x..."; -EBADMSG for anything else. */
int scratch_parse(const char *text, struct scratch *ret_scratch) must_check;
/* For tests: from the first bytes of an image; 0 when it is none we know. */
uint64_t scratch_image_memory(const unsigned char *head, size_t size);

#endif

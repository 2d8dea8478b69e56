// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a dump: a search for the trees, and all that they lead to. What
 * is said of it must have its reason, wherever it is less than certain.
 */
#include "fuzz.h"
#include "core.h"
#include "handover.h"

#define DUMP_PAGE	512u	/* a tree is as large as a page at most */

/* The operations have no argument of ours; one input is looked at at a time. */
static const struct blob *input;

static ssize_t fake_pread(struct sys *sys, int fd, void *buf, size_t size, off_t offset)
{
	(void)sys, (void)fd;
	if ((size_t)offset > input->size || size > input->size - (size_t)offset)
		return -EIO;
	memcpy(buf, input->data + offset, size);
	return (ssize_t)size;
}

static void look_at(const struct vlu_part *part)
{
	fuzz_text(part->name);
	fuzz_text(part->source);
	fuzz_text(part->error);
	if (part->trust == VLU_TRUST_STALE && !part->why)
		__builtin_trap();
	for (size_t i = 0; i < part->n_bytes; i++)
		if (memcmp(part->bytes[i].data, input->data + part->bytes[i].address,
			   part->bytes[i].size))
			__builtin_trap();
}

FUZZ_ENTRY
{
	static const struct sys_ops ops = { .pread = fake_pread };
	struct vlu_handover handover = { .n_parts = 0 };
	struct vlu_ctx ctx = { .sys = { .ops = &ops, .root_fd = -1, .near_fd = -1 } };
	struct core_load load = { .address = 0, .size = size };
	struct collect c = {
		.ctx = &ctx, .out = &handover, .dump = true, .memory_source = "dump",
		.memory_tried = true, .core = { .sys = &ctx.sys, .n = 1, .loads = &load },
		.memory = { core_read, &c.core, DUMP_PAGE },
	};
	struct fuzz f;
	int ret;

	fuzz_begin(&f, data, size);
	c.pool = &f.pool;
	input = &f.blob;
	ret = collect_search(&c);
	if (!ret)
		ret = collect_side(&c, true);
	if (!ret)
		ret = collect_side(&c, false);
	if (ret)
		__builtin_trap();
	for (size_t i = 0; i < handover.n_parts; i++)
		look_at(handover.parts[i]);
	fuzz_end(&f, 0);
	return 0;
}

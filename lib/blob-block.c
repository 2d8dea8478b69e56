/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KHO blocks: pages of u64 next, u64 count and entries. The same limits as in
 * kho_block_set_restore(), kernel/liveupdate/kho_block.c; and every head is
 * looked at before any entry is.
 */
#include "blob.h"

#define BLOCKS_MAX	10000

static int read_head(const struct memory *memory, uint64_t address, size_t most,
		     uint64_t *ret_next, uint64_t *ret_count, struct blob_error *err)
{
	unsigned char head[BLOCK_HEADER];
	int ret;

	if (!address || address % memory->page)
		return blob_fail(err, address, "a block that does not begin a page");
	ret = memory->read(memory->arg, address, head, sizeof(head));
	if (ret)
		return blob_lack(err, address, ret);
	*ret_next = blob_u64(head, 0);
	*ret_count = blob_u64(head, 8);
	if (!*ret_count || *ret_count > most)
		return blob_fail(err, address + 8, "a block of %llu entries, and %zu fit",
				 (unsigned long long)*ret_count, most);
	return 0;
}

/* Brent: the mark is moved on at each power of two, and met again in a cycle. */
static int walk(const struct memory *memory, uint64_t head, size_t most,
		struct pool *pool, struct blocks *blocks, struct blob_error *err)
{
	uint64_t address = head, next = 0, count = 0, mark = 0;
	size_t power = 1, steps = 0;
	struct block *list;
	int ret;

	for (; address; address = next) {
		if (blocks->n >= BLOCKS_MAX)
			return blob_fail(err, address, "more than %d blocks", BLOCKS_MAX);
		ret = read_head(memory, address, most, &next, &count, err);
		if (ret)
			return ret;
		list = pool_add(pool, blocks->list, blocks->n, sizeof(*list));
		if (!list)
			return -ENOMEM;
		blocks->list = list;
		list[blocks->n++] = (struct block){ address, (size_t)count, NULL };
		if (next == address || (mark && next == mark))
			return blob_fail(err, address, "the chain of blocks runs in a circle");
		if (++steps == power) {
			mark = address;
			power *= 2;
			steps = 0;
		}
	}
	return 0;
}

int blocks_read(const struct memory *memory, uint64_t head, size_t entry_size,
		struct raw *raw, struct blocks *ret, struct blob_error *err)
{
	struct blocks blocks = { .n = 0 };
	const unsigned char *data;
	size_t i;
	int r;

	if (!memory)
		return blob_lack(err, head, -ENXIO);
	r = walk(memory, head, (memory->page - BLOCK_HEADER) / entry_size, raw->pool,
		 &blocks, err);
	for (i = 0; !r && i < blocks.n; i++) {
		struct block *block = &blocks.list[i];

		r = memory_get(memory, block->address,
			       BLOCK_HEADER + block->count * entry_size, raw, &data, err);
		if (!r)
			block->entries = data + BLOCK_HEADER;
	}
	if (!r)
		*ret = blocks;
	return r;
}

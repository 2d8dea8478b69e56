/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of entries: arrays, and KHO blocks, which are pages of u64 next, u64 count and entries.
 * The limits are those of kho_block_set_restore(), kernel/liveupdate/kho_block.c. All heads are
 * checked before any entry is read.
 */
#include "blob.h"

#define BLOCKS_MAX	10000
#define BLOCK_HEADER	16

struct block {
	uint64_t address;
	size_t count;
};

struct blocks {
	size_t n;
	struct block *list;
};

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
		return blob_fail(err, address + 8, "a block of %llu entries, but only %zu fit",
				 (unsigned long long)*ret_count, most);
	return 0;
}

/* Finds cycles as Brent does: the mark moves at each power of two, and a cycle meets it again. */
static int walk(const struct memory *memory, uint64_t head, size_t most,
		struct pool *pool, struct blocks *blocks, struct blob_error *err)
{
	uint64_t address = head, next = 0, count = 0, mark = 0;
	size_t power = 1, steps = 0;
	struct block *block;
	int ret;

	for (; address; address = next) {
		if (blocks->n >= BLOCKS_MAX)
			return blob_fail(err, address, "more than %d blocks", BLOCKS_MAX);
		ret = read_head(memory, address, most, &next, &count, err);
		if (ret)
			return ret;
		block = pool_add(pool, &blocks->list, &blocks->n);
		if (!block)
			return -ENOMEM;
		*block = (struct block){ address, (size_t)count };
		if (next == address || (mark && next == mark))
			return blob_fail(err, address, "the chain of blocks is a loop");
		if (++steps == power) {
			mark = address;
			power *= 2;
			steps = 0;
		}
	}
	return 0;
}

static int entries_each(const unsigned char *data, uint64_t at, size_t count, size_t size,
		 entry_fn fn, void *arg, struct blob_error *err)
{
	int ret = 0;

	for (; !ret && count; count--, data += size, at += size)
		ret = fn(arg, data, at, err);
	return ret;
}

int array_each(const struct memory *memory, uint64_t address, size_t count, size_t size,
	       struct raw *raw, entry_fn fn, void *arg, struct blob_error *err)
{
	const unsigned char *data;
	int ret;

	if (!count)
		return 0;
	ret = memory_get(memory, address, count * size, raw, &data, err);
	return ret ? ret : entries_each(data, address, count, size, fn, arg, err);
}

int blocks_each(const struct memory *memory, uint64_t head, size_t size, struct raw *raw,
		entry_fn fn, void *arg, struct blob_error *err)
{
	struct blocks blocks = { .n = 0 };
	const unsigned char *data;
	const struct block *block;
	int ret;

	if (!memory)
		return blob_lack(err, head, -ENXIO);
	ret = walk(memory, head, (memory->page - BLOCK_HEADER) / size, raw->pool, &blocks, err);
	for (block = blocks.list; !ret && block < blocks.list + blocks.n; block++) {
		ret = memory_get(memory, block->address, BLOCK_HEADER + block->count * size, raw,
				 &data, err);
		if (!ret)
			ret = entries_each(data + BLOCK_HEADER, block->address + BLOCK_HEADER,
					   block->count, size, fn, arg, err);
	}
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory reserved on the command line (reserve_mem=): a tree with a node for each region. */
#include "abi/fdt.h"

static int add_region(struct pool *pool, const struct tree *tree, int node,
		      struct vlu_memblock *memblock, struct blob_error *err)
{
	const char *name = tree_name(tree, node), *text;
	struct vlu_region *more, region = { .name = NULL };

	text = tree_text(tree, node, "compatible");
	if (!name || !text || strcmp(text, "reserve-mem-v1") != 0 ||
	    !tree_u64(tree, node, "start", &region.start) ||
	    !tree_u64(tree, node, "size", &region.size))
		return blob_fail(err, (uint64_t)node, "a region without start and size");
	region.name = pool_text(pool, name, 256);
	more = region.name ? pool_add(pool, &memblock->regions, &memblock->n_regions) : NULL;
	if (!more)
		return -ENOMEM;
	*more = region;
	return 0;
}

int memblock_decode(struct pool *pool, const struct blob *blob, void *ret_memblock,
		    struct blob_error *err)
{
	struct vlu_memblock *ret = ret_memblock;
	struct tree tree;
	int node, r;

	r = tree_open_as(pool, blob, "memblock-v", &tree, &ret->compatible, err);
	if (r)
		return r;
	if (strcmp(ret->compatible, "memblock-v1") != 0)
		return blob_fail(err, 0, "%.64s is not known", ret->compatible);
	for (node = tree_child(&tree, 0, -1); node >= 0; node = tree_child(&tree, 0, node)) {
		r = add_region(pool, &tree, node, ret, err);
		if (r)
			return r;
	}
	return 0;
}

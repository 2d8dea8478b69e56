/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The root of the handover: a tree with a node for each subsystem.
 * kho-v1: "fdt"; v2: "preserved-data"; v3 and later: "blob-size" as well.
 */
#include "abi/fdt.h"

struct vlu_subtree *kho_add(struct pool *pool, struct vlu_kho *kho, const char *name)
{
	struct vlu_subtree *subtree;

	name = pool_text(pool, name, 256);
	subtree = name ? pool_add(pool, &kho->subtrees, &kho->n_subtrees) : NULL;
	if (subtree)
		*subtree = (struct vlu_subtree){ .name = name, .size = -1 };
	return subtree;
}

static int add_subtree(struct pool *pool, const struct tree *tree, int node,
		       struct vlu_kho *kho)
{
	const char *name = tree_name(tree, node);
	struct vlu_subtree *subtree;
	uint64_t number;

	if (!name)	/* the tree is cut here */
		return 0;
	subtree = kho_add(pool, kho, name);
	if (!subtree)
		return -ENOMEM;
	if (tree_u64(tree, node, "preserved-data", &number) ||
	    tree_u64(tree, node, "fdt", &number))
		subtree->address = number;
	if (tree_u64(tree, node, "blob-size", &number) && number <= INT64_MAX)
		subtree->size = (int64_t)number;
	return 0;
}

int kho_decode(struct pool *pool, const struct blob *blob, struct vlu_kho *ret,
	       struct blob_error *err)
{
	struct tree tree;
	const char *text;
	int node, r;

	r = tree_open(pool, blob, &tree, err);
	if (r)
		return r;
	text = tree_text(&tree, 0, "compatible");
	if (!text && !tree.cut)
		return blob_fail(err, 0, "a tree without a compatible string");
	if (text) {
		ret->compatible = pool_text(pool, text, 256);
		if (!ret->compatible)
			return -ENOMEM;
		if (strncmp(text, "kho-v", 5) != 0)
			return blob_fail(err, 0, "a tree of another kind");
	}
	for (node = tree_child(&tree, 0, -1); node >= 0; node = tree_child(&tree, 0, node)) {
		r = add_subtree(pool, &tree, node, ret);
		if (r)
			return r;
	}
	if (!tree_u64(&tree, 0, "preserved-memory-map", &ret->memory_map) && !tree.cut)
		return blob_fail(err, 0, "no map of the memory that was preserved");
	ret->cut = tree.cut;
	return 0;
}

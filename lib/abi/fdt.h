/* SPDX-License-Identifier: GPL-2.0-only */
/* Flattened device trees, whole or cut short by the end of their file. */
#ifndef VLU_ABI_FDT_H
#define VLU_ABI_FDT_H

#include "blob.h"

struct tree {
	const void *fdt;
	/*
	 * If the file ended before the tree did: how many bytes of the tree there are; 0: the
	 * tree is whole.
	 */
	size_t cut;
};

#define TREE_HEAD	40	/* bytes that tree_size() needs */

bool is_tree(const struct blob *blob);
/* Returns the size in the tree's header, or 0 if it is no tree. */
size_t tree_size(const struct blob *blob);
int tree_open(struct pool *pool, const struct blob *blob, struct tree *ret,
	      struct blob_error *err) must_check;

/*
 * Opens a tree that must be whole and whose compatible string must begin with the argument
 * compatible. *ret_compatible is a copy in the pool.
 */
int tree_open_as(struct pool *pool, const struct blob *blob, const char *compatible,
		 struct tree *ret, const char **ret_compatible, struct blob_error *err)
	must_check;

/*
 * Returns the child of parent (0: the root) that follows the child `after`, or the first child if
 * `after` is negative.
 */
int tree_child(const struct tree *tree, int parent, int after);
int tree_find(const struct tree *tree, const char *name);
const char *tree_name(const struct tree *tree, int node);
/* Returns NULL when there is no such property, or when it has no NUL. */
const char *tree_text(const struct tree *tree, int node, const char *property);
/* Reads a host-endian number: kernels do not put big-endian cells into these trees. */
bool tree_u64(const struct tree *tree, int node, const char *property, uint64_t *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Flattened device trees, whole or cut short. */
#ifndef VLU_BLOB_FDT_H
#define VLU_BLOB_FDT_H

#include "blob.h"

struct tree {
	const void *fdt;
	/* The file ended before the tree did: what is behind that is missing. */
	size_t cut;		/* how far it went; 0: it is whole */
};

#define TREE_HEAD	40	/* bytes that tell how many there are */

bool tree_magic(const struct blob *blob);
/* What it says of its own size; 0: no tree. */
size_t tree_size(const struct blob *blob);
int tree_open(struct pool *pool, const struct blob *blob, struct tree *ret,
	      struct blob_error *err) must_check;

/*
 * One that is all there and whose compatible string, a copy in the pool, begins
 * with this.
 */
int tree_open_as(struct pool *pool, const struct blob *blob, const char *compatible,
		 struct tree *ret, const char **ret_compatible, struct blob_error *err)
	must_check;

/* The node below parent (0: the root) that follows after; after < 0: the first. */
int tree_child(const struct tree *tree, int parent, int after);
int tree_find(const struct tree *tree, const char *name);
const char *tree_name(const struct tree *tree, int node);
/* NULL when there is none, or no NUL at its end. */
const char *tree_text(const struct tree *tree, int node, const char *property);
/* A host-endian number: what kernels put into these trees is no cell. */
bool tree_u64(const struct tree *tree, int node, const char *property, uint64_t *ret);

#endif

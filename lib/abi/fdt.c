/* SPDX-License-Identifier: GPL-2.0-only */
#include <libfdt.h>

#include "abi/fdt.h"

#define TREE_MAX	(1u << 20)	/* the kernel's trees take one page each */

bool is_tree(const struct blob *blob)
{
	return blob->size >= 4 && fdt_magic(blob->data) == FDT_MAGIC;
}

size_t tree_size(const struct blob *blob)
{
	return blob->size >= sizeof(struct fdt_header) && is_tree(blob) ?
	       fdt_totalsize(blob->data) : 0;
}

/*
 * Writes the property names that were cut off. They are at the end of a tree, where a short
 * file loses them first, and are the same in all trees of a version. Their offsets are those
 * that libfdt gives in kho_out_fdt_setup() and kho_add_subtree().
 */
static void mend_names(unsigned char *fdt, size_t have)
{
	static const struct { size_t size; const char *names; } known[] = {
		{ 57, "preserved-memory-map\0compatible\0preserved-data\0blob-size" },
		{ 47, "preserved-memory-map\0compatible\0preserved-data" },
		{ 36, "preserved-memory-map\0compatible\0fdt" },
	};
	size_t at = fdt_off_dt_strings(fdt), size = fdt_size_dt_strings(fdt), n;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		n = have > at ? have - at : 0;
		if (known[i].size != size || n >= size ||
		    memcmp(fdt + at, known[i].names, n) != 0)
			continue;
		memcpy(fdt + at + n, known[i].names + n, size - n);
	}
}

static uint32_t cell(const unsigned char *fdt, size_t at)
{
	return (uint32_t)fdt[at] << 24 | (uint32_t)fdt[at + 1] << 16 |
	       (uint32_t)fdt[at + 2] << 8 | fdt[at + 3];
}

/*
 * Walks all tags, up to the end of the tree or to where the file was cut. libfdt 1.6 loops for
 * ever on a property with a negative length.
 */
static bool is_sane(const unsigned char *fdt, size_t cut)
{
	size_t at = fdt_off_dt_struct(fdt), end = at + fdt_size_dt_struct(fdt), depth = 0, n;

	while (end - at >= 4) {
		uint32_t tag = cell(fdt, at);

		at += 4;
		if (tag == FDT_END)
			return depth == 0;
		if (tag == FDT_NOP)
			continue;
		if (tag == FDT_BEGIN_NODE) {
			depth++;
			n = strnlen((const char *)fdt + at, end - at) + 1;
		} else if (tag == FDT_PROP && depth && end - at >= 8) {
			n = 8 + (size_t)cell(fdt, at);
		} else if (tag == FDT_END_NODE && depth) {
			depth--;
			n = 0;
		} else {
			/* zeros from the allocation, not from the file */
			return cut && tag == 0 && at > cut;
		}
		n = (n + 3) & ~(size_t)3;
		if (n > end - at)
			return false;
		at += n;
	}
	return cut;
}

int tree_open(struct pool *pool, const struct blob *blob, struct tree *ret,
	      struct blob_error *err)
{
	size_t size = tree_size(blob), cut = blob->size < size ? blob->size : 0;
	unsigned char *fdt;
	int ret_fdt;

	if (blob->size < sizeof(struct fdt_header))
		return blob_fail(err, blob->size, "it ends within the head of a tree");
	if (!size)
		return blob_fail(err, 0, "not a device tree");
	if (size > TREE_MAX || size < sizeof(struct fdt_header))
		return blob_fail(err, 4, "a tree of %zu bytes", size);
	/* libfdt wants an aligned copy that is as large as the header says */
	fdt = pool_alloc(pool, size);
	if (!fdt)
		return -ENOMEM;
	memcpy(fdt, blob->data, cut ? cut : size);
	ret_fdt = fdt_check_header(fdt);
	/* A header before version 17 lacks size_dt_struct, and no kernel makes such a tree. */
	if (!ret_fdt && fdt_version(fdt) < 17)
		ret_fdt = -FDT_ERR_BADVERSION;
	if (!ret_fdt && !is_sane(fdt, cut))
		ret_fdt = -FDT_ERR_BADSTRUCTURE;
	if (ret_fdt)
		return blob_fail(err, 0, "a broken device tree: %s", fdt_strerror(ret_fdt));
	if (cut)
		mend_names(fdt, cut);
	*ret = (struct tree){ fdt, cut };
	return 0;
}

int tree_open_as(struct pool *pool, const struct blob *blob, const char *compatible,
		 struct tree *ret, const char **ret_compatible, struct blob_error *err)
{
	const char *text;
	int r;

	r = tree_open(pool, blob, ret, err);
	if (r)
		return r;
	if (ret->cut)
		return blob_fail(err, ret->cut, "the file ends within the tree");
	text = tree_text(ret, 0, "compatible");
	if (!text)
		return blob_fail(err, 0, "a tree without a compatible string");
	if (strncmp(text, compatible, strlen(compatible)) != 0)
		return blob_fail(err, 0, "a tree of another kind");
	*ret_compatible = pool_text(pool, text, 256);
	return *ret_compatible ? 0 : -ENOMEM;
}

int tree_child(const struct tree *tree, int parent, int after)
{
	return after < 0 ? fdt_first_subnode(tree->fdt, parent) :
			   fdt_next_subnode(tree->fdt, after);
}

int tree_find(const struct tree *tree, const char *name)
{
	return fdt_subnode_offset(tree->fdt, 0, name);
}

/* Data behind the cut is zeros from the allocation, not from the file. */
static bool is_there(const struct tree *tree, const void *data, int len)
{
	size_t end = (size_t)((const char *)data - (const char *)tree->fdt) + (size_t)len;

	return !tree->cut || end <= tree->cut;
}

const char *tree_name(const struct tree *tree, int node)
{
	int len;
	const char *name = fdt_get_name(tree->fdt, node, &len);

	return name && len >= 0 && is_there(tree, name, len + 1) ? name : NULL;
}

static const void *property_of(const struct tree *tree, int node, const char *property,
			       int *ret_len)
{
	const void *data = fdt_getprop(tree->fdt, node, property, ret_len);

	return data && is_there(tree, data, *ret_len) ? data : NULL;
}

const char *tree_text(const struct tree *tree, int node, const char *property)
{
	int len;
	const char *text = property_of(tree, node, property, &len);

	return text && len > 0 && memchr(text, '\0', (size_t)len) ? text : NULL;
}

bool tree_u64(const struct tree *tree, int node, const char *property, uint64_t *ret)
{
	int len;
	const void *data = property_of(tree, node, property, &len);

	if (!data || len != (int)sizeof(*ret))
		return false;
	*ret = blob_u64(data, 0);
	return true;
}

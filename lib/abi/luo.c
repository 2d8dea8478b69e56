/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The head of LUO's handover. Up to Linux 7.1 it is a tree (luo-v1). Later it is struct
 * luo_ser: a string, padded to a multiple of eight bytes, and three numbers.
 */
#include "abi/fdt.h"

static int decode_tree(struct pool *pool, const struct blob *blob,
		       struct vlu_luo *ret, struct blob_error *err)
{
	struct tree tree;
	const char *text;
	uint64_t number;
	int node, r;

	r = tree_open_as(pool, blob, "luo-v", &tree, &ret->compatible, err);
	if (r)
		return r;
	if (!tree_u64(&tree, 0, "liveupdate-number", &number) || number > INT64_MAX)
		return blob_fail(err, 0, "no number of the live update");
	ret->liveupdate_num = (int64_t)number;
	node = tree_find(&tree, "luo-session");
	if (node < 0 || !tree_u64(&tree, node, "luo-session-header", &ret->sessions_pa))
		return blob_fail(err, 0, "no address of the sessions");
	text = tree_text(&tree, node, "compatible");
	ret->session_compatible = text ? pool_text(pool, text, 256) : NULL;
	/* Linux 6.19 has no FLBs */
	node = tree_find(&tree, "luo-flb");
	if (node < 0)
		return 0;
	if (!tree_u64(&tree, node, "luo-flb-header", &ret->flbs_pa))
		return blob_fail(err, (uint64_t)node, "no address of the FLBs");
	text = tree_text(&tree, node, "compatible");
	ret->flb_compatible = text ? pool_text(pool, text, 256) : NULL;
	return 0;
}

int luo_decode(struct pool *pool, const struct blob *blob, void *ret_luo,
	       struct blob_error *err)
{
	const char *text = (const char *)blob->data;
	struct vlu_luo *ret = ret_luo;
	size_t len, at;

	ret->liveupdate_num = -1;
	if (is_tree(blob))
		return decode_tree(pool, blob, ret, err);
	if (blob->size < 8 || memcmp(text, "luo-v", 5) != 0)
		return blob_fail(err, 0, "it does not begin with a compatible string of LUO");
	len = strnlen(text, blob->size < 128 ? blob->size : 128);
	at = (len + 8) & ~(size_t)7;
	if (at + 24 > blob->size || !blob_is_name(text, 0, len + 1))
		return blob_fail(err, len, "no end of the compatible string, or nothing "
				 "behind it");
	ret->compatible = pool_text(pool, text, len);
	if (!ret->compatible)
		return -ENOMEM;
	if (blob_u64(text, at) > INT64_MAX)
		return blob_fail(err, at, "no number of a live update");
	ret->liveupdate_num = (int64_t)blob_u64(text, at);
	ret->sessions_pa = blob_u64(text, at + 8);
	ret->flbs_pa = blob_u64(text, at + 16);
	return 0;
}

unsigned int luo_version(const struct vlu_luo *luo)
{
	return luo->compatible ? (unsigned int)strtoul(luo->compatible + 5, NULL, 10) : 0;
}

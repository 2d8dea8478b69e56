// SPDX-License-Identifier: GPL-2.0-only
/* The trees that kernels hand over: whole, cut short, and broken. */
#include <libfdt.h>

#include "memory.h"
#include "../handover.h"

static struct buf tree;
static const char *kept;

static void keep_tree(const char *path, const void *data, size_t size)
{
	if (strcmp(path, kept) == 0)
		buf_add(&tree, data, size);
}

/* Puts a tree of this generation into a page, with room for changes. Returns its size. */
static size_t make_tree(const char *generation, const char *path, uint8_t page[PAGE])
{
	const struct handover_faults none = { .cold = false };
	size_t size;

	kept = path;
	handover_make(generation_find(generation), &none, keep_tree);
	size = tree.size;
	assert_true(size && size < PAGE);
	assert_int_equal(fdt_open_into(tree.data, page, PAGE), 0);
	buf_free(&tree);
	return size;
}

/* Up to Linux 7.1 the head of LUO is a tree. */
static void test_luo_tree(void **state)
{
	const uint64_t most = INT64_MAX, more = most + 1;
	struct fixture *f = *state;
	struct vlu_luo luo = { .compatible = NULL };
	uint8_t page[PAGE];
	const struct blob blob = { page, PAGE };

	make_tree("7.0", "blob-luo", page);
	assert_int_equal(luo_decode(&f->pool, &blob, &luo, &f->err), 0);
	assert_int_equal(luo_version(&luo), 1);
	assert_true(luo.liveupdate_num == 1 && luo.sessions_pa == 0x100010000 &&
		    luo.flbs_pa == 0x100006000);
	for (size_t size = 1; size < PAGE; size += 7)
		REFUSED(f, luo_decode(&f->pool, &(struct blob){ page, size }, &luo, &f->err), "at 0x");
	assert_int_equal(fdt_setprop(page, 0, "liveupdate-number", &most, 8), 0);
	f->err = (struct blob_error){ "" };
	assert_int_equal(luo_decode(&f->pool, &blob, &luo, &f->err), 0);
	assert_true(luo.liveupdate_num == INT64_MAX);
	assert_int_equal(fdt_setprop(page, 0, "liveupdate-number", &more, 8), 0);
	REFUSED(f, luo_decode(&f->pool, &blob, &luo, &f->err), "no number");
	assert_int_equal(fdt_setprop(page, 0, "liveupdate-number", &most, 8), 0);
	/* Linux 6.19 has no FLBs; later kernels store their address */
	assert_int_equal(fdt_delprop(page, fdt_subnode_offset(page, 0, "luo-flb"), "luo-flb-header"), 0);
	REFUSED(f, luo_decode(&f->pool, &blob, &luo, &f->err), "no address of the FLBs");
	assert_int_equal(fdt_del_node(page, fdt_subnode_offset(page, 0, "luo-flb")), 0);
	luo = (struct vlu_luo){ .compatible = NULL };
	f->err = (struct blob_error){ "" };
	assert_int_equal(luo_decode(&f->pool, &blob, &luo, &f->err), 0);
	assert_true(!luo.flbs_pa);
	assert_int_equal(fdt_del_node(page, fdt_subnode_offset(page, 0, "luo-session")), 0);
	REFUSED(f, luo_decode(&f->pool, &blob, &luo, &f->err), "no address of the sessions");
	assert_int_equal(fdt_setprop_string(page, 0, "compatible", "kho-v1"), 0);
	REFUSED(f, luo_decode(&f->pool, &blob, &luo, &f->err), "another kind");
}

static void test_memblock(void **state)
{
	struct fixture *f = *state;
	struct vlu_memblock memblock = { .compatible = NULL };
	uint8_t page[PAGE];
	const struct blob blob = { page, PAGE };
	int node;

	make_tree("7.3", "blob-memblock", page);
	assert_int_equal(memblock_decode(&f->pool, &blob, &memblock, &f->err), 0);
	assert_int_equal(memblock.n_regions, 1);
	assert_string_equal(memblock.regions[0].name, "trace");
	assert_true(memblock.regions[0].start == 0x40000000 && memblock.regions[0].size == 0x200000);
	REFUSED(f, memblock_decode(&f->pool, &(struct blob){ page, PAGE - 1 }, &memblock, &f->err),
		"ends within the tree");
	node = fdt_subnode_offset(page, 0, "trace");
	assert_int_equal(fdt_setprop_string(page, node, "compatible", "reserve-mem-v2"), 0);
	REFUSED(f, memblock_decode(&f->pool, &blob, &memblock, &f->err), "without start and size");
	assert_int_equal(fdt_setprop_string(page, 0, "compatible", "memblock-v2"), 0);
	REFUSED(f, memblock_decode(&f->pool, &blob, &memblock, &f->err), "memblock-v2 is not known");
	assert_int_equal(fdt_setprop_string(page, 0, "compatible", "memory"), 0);
	REFUSED(f, memblock_decode(&f->pool, &blob, &memblock, &f->err), "another kind");
}

/*
 * The kernel shows its tree with the size that it had at the beginning; measured on Linux
 * 7.3: 0xe9 of 0x11d bytes, with two nodes. However much is missing, the decoded part
 * must be right.
 */
static void test_cut_tree(void **state)
{
	const struct handover_faults none = { .cold = false };
	struct fixture *f = *state;
	struct vlu_kho kho;

	kept = "blob-kho";
	handover_make(generation_find("7.3"), &none, keep_tree);
	assert_true(tree.size > 0xe9);
	for (size_t size = 0; size <= tree.size; size++) {
		kho = (struct vlu_kho){ .compatible = NULL };
		f->err = (struct blob_error){ "" };
		if (kho_decode(&f->pool, &(struct blob){ tree.data, size }, &kho, &f->err)) {
			assert_true(size < 40);
			continue;
		}
		assert_int_equal(kho.cut, size < tree.size ? size : 0);
		assert_true(kho.n_subtrees <= 3);
		if (kho.compatible)
			assert_string_equal(kho.compatible, "kho-v4");
		for (size_t i = 0; i < kho.n_subtrees; i++) {
			const struct vlu_subtree *s = &kho.subtrees[i];

			/* the newest comes first */
			assert_string_equal(s->name, i == 0 ? "memblock" : i == 1 ? "LUO" :
					    "kexec-metadata");
			assert_true(!s->address || s->address == (i == 0 ? 0x100002000 : i == 1 ?
				    0x100003000 : 0x100001000));
			assert_true(s->size == -1 || s->size == (i == 1 ? 32 : i == 2 ? 73 : s->size));
		}
		if (size >= 0xe9) {
			assert_string_equal(kho.compatible, "kho-v4");
			assert_true(kho.memory_map == 0x123000);
			assert_true(kho.n_subtrees >= 2);
			assert_true(kho.subtrees[1].address && kho.subtrees[1].size == 32);
		}
	}
	assert_int_equal(kho.n_subtrees, 3);
	buf_free(&tree);
}

/*
 * libfdt 1.6 loops on a property with a negative length. The decoder refuses such a tree
 * first, whole or cut.
 */
static void test_broken_tree(void **state)
{
	struct fixture *f = *state;
	struct vlu_kho kho = { .compatible = NULL };
	uint8_t page[4096];
	size_t size = handover_tree(page, true), length;

	/* behind the tag of the first property, of the root */
	length = page[11] + 12u;
	assert_int_equal(page[length - 1], 3);
	memcpy(page + length, "\xff\xff\xff\xf4", 4);
	REFUSED(f, kho_decode(&f->pool, &(struct blob){ page, size }, &kho, &f->err), "broken");
	REFUSED(f, kho_decode(&f->pool, &(struct blob){ page, 0xe9 }, &kho, &f->err), "broken");
	assert_int_equal(kho.n_subtrees, 0);
	/* an unknown tag before the cut is an error, too */
	handover_tree(page, true);
	page[length - 1] = 7;
	REFUSED(f, kho_decode(&f->pool, &(struct blob){ page, 0xe9 }, &kho, &f->err), "broken");
	/* a version without the sizes of its parts */
	handover_tree(page, true);
	page[23] = 16;
	REFUSED(f, kho_decode(&f->pool, &(struct blob){ page, size }, &kho, &f->err), "broken");
}

/* A malformed number, and a text without its NUL. */
static void test_properties(void **state)
{
	struct fixture *f = *state;
	struct vlu_kho kho = { .compatible = NULL };
	uint8_t page[4096];

	handover_tree(page, true);
	assert_int_equal(fdt_open_into(page, page, sizeof(page)), 0);
	for (int node = fdt_first_subnode(page, 0); node >= 0; node = fdt_next_subnode(page, node))
		assert_int_equal(fdt_setprop(page, node, "preserved-data", "\1\2\3\4", 4), 0);
	assert_int_equal(kho_decode(&f->pool, &(struct blob){ page, sizeof(page) }, &kho, &f->err), 0);
	assert_int_equal(kho.n_subtrees, 2);
	assert_true(!kho.subtrees[0].address && !kho.subtrees[1].address);
	assert_true(kho.subtrees[0].size == 32 && kho.subtrees[1].size == 73);
	assert_int_equal(fdt_setprop(page, 0, "compatible", "memblock-v1", 12), 0);
	REFUSED(f, kho_decode(&f->pool, &(struct blob){ page, sizeof(page) }, &kho, &f->err),
		"another kind");
	assert_int_equal(fdt_setprop(page, 0, "compatible", "kho-v4", 6), 0);
	REFUSED(f, kho_decode(&f->pool, &(struct blob){ page, sizeof(page) }, &kho, &f->err),
		"without a compatible string");
}

static void test_not_a_tree(void **state)
{
	unsigned char head[48] = { 0xd0, 0x0d, 0xfe, 0xed };
	struct fixture *f = *state;
	struct vlu_kho kho = { .compatible = NULL };

	REFUSED(f, kho_decode(&f->pool, &(struct blob){ head, 48 }, &kho, &f->err), "not a device tree");
	head[4] = 0xff;		/* its header says four gigabytes */
	head[7] = 0x28;
	REFUSED(f, kho_decode(&f->pool, &(struct blob){ head, 48 }, &kho, &f->err), "bytes, at 0x4");
	head[4] = 0;
	REFUSED(f, kho_decode(&f->pool, &(struct blob){ head, 48 }, &kho, &f->err), "broken");
	head[0] = 0;
	REFUSED(f, kho_decode(&f->pool, &(struct blob){ head, 48 }, &kho, &f->err), "not a device tree");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_luo_tree), TEST(test_memblock), TEST(test_cut_tree),
		TEST(test_broken_tree), TEST(test_properties), TEST(test_not_a_tree),
	};

	return RUN("blob-tree", tests);
}

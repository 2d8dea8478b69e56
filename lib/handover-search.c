/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the trees are in a dump: nothing in it says, so that all of its memory
 * is searched. Memory also has copies of trees and such as earlier kernels left
 * behind; what tells them apart is that the boot data of a kernel names the one
 * that it was handed, as does that of a kernel that is loaded to be the next.
 */
#include "blob-fdt.h"
#include "handover.h"
#include "host.h"

#define TREES_MAX	256	/* a kernel has two, and there are some that were left behind */
#define NAMES_MAX	256

/* struct setup_data, then struct kho_data: arch/x86/include/uapi/asm/setup_data.h */
#define TYPE_AT		8	/* u32 type, u32 len, behind the address of the next */
#define DATA_AT		16
#define DATA_SIZE	32

struct name {
	uint64_t address, tree;
};

struct found {
	uint64_t address;
	int64_t rank;		/* grows by one with each kexec; -1: not known */
	uint64_t named_at;	/* boot data; 0: none */
};

struct search {
	struct collect *c;
	const struct memory *memory;
	size_t n, n_names;
	struct found found[TREES_MAX];
	struct name names[NAMES_MAX];
};

/* ------------------------------------------------------------- candidates */

static int read_at(const struct search *search, uint64_t address, size_t size,
		   struct pool *pool, struct blob *ret)
{
	struct raw raw = { pool, 0, NULL };
	struct blob_error err = { "" };

	ret->size = size;
	return memory_get(search->memory, address, size, &raw, &ret->data, &err);
}

static int read_tree(const struct search *search, uint64_t address, struct pool *pool,
		     struct blob *ret)
{
	struct blob head;
	size_t size;
	int r;

	r = read_at(search, address, TREE_HEAD, pool, &head);
	if (r)
		return r;
	size = tree_size(&head);
	if (!size || size > search->memory->page)
		return -EBADMSG;
	return read_at(search, address, size, pool, ret);
}

/* "kho-v4", alone or with the versions of its parts behind it; 0: none of these */
static unsigned int version(const char *compatible)
{
	static const char *const known[] = { "kho-v1", "kho-v2", "kho-v3", "kho-v4" };

	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++)
		if (strncmp(compatible, known[i], 6) == 0 &&
		    (compatible[6] == '\0' || compatible[6] == ';'))
			return i + 1;
	return 0;
}

static int check_metadata(const struct search *search, const struct vlu_subtree *subtree,
			  struct pool *pool, int64_t *ret_rank)
{
	struct vlu_metadata metadata = { .kexec_count = -1 };
	struct blob_error err = { "" };
	struct blob blob;
	int ret;

	if (subtree->size < 0 || (uint64_t)subtree->size > search->memory->page)
		return -EBADMSG;
	ret = read_at(search, subtree->address, (size_t)subtree->size, pool, &blob);
	if (!ret)
		ret = metadata_decode(pool, &blob, &metadata, &err);
	*ret_rank = metadata.kexec_count;
	return ret;
}

static int check_luo(const struct search *search, const struct vlu_subtree *subtree,
		     struct pool *pool, int64_t *ret_rank)
{
	struct vlu_luo luo = { .liveupdate_num = -1 };
	struct blob_error err = { "" };
	struct blob blob;
	int ret;

	ret = read_tree(search, subtree->address, pool, &blob);
	if (!ret)
		ret = luo_decode(pool, &blob, &luo, &err);
	*ret_rank = luo.liveupdate_num;
	return ret;
}

/*
 * The kernel gives each thing that hangs on the tree pages of its own, and of
 * two things that it never frees it is known how they look: where these are not
 * there, the tree is not that of a kernel that runs.
 */
static int check_subtrees(const struct search *search, const struct vlu_kho *kho,
			  struct pool *pool, int64_t *ret_rank)
{
	const bool sized = version(kho->compatible) >= 3;
	const struct vlu_subtree *subtree;
	bool metadata = false;
	int ret = 0;

	for (size_t i = 0; !ret && i < kho->n_subtrees; i++) {
		subtree = &kho->subtrees[i];
		if (!subtree->address || subtree->address % search->memory->page ||
		    (sized && subtree->size <= 0) || (!sized && subtree->size >= 0))
			return -EBADMSG;
		if (strcmp(subtree->name, "kexec-metadata") == 0) {
			ret = check_metadata(search, subtree, pool, ret_rank);
			metadata = true;
		} else if (!sized && strcmp(subtree->name, "LUO") == 0) {
			ret = check_luo(search, subtree, pool, ret_rank);
		}
	}
	return !ret && sized && !metadata ? -EBADMSG : ret;
}

static int check_tree(const struct search *search, uint64_t address, struct pool *pool,
		      int64_t *ret_rank)
{
	struct vlu_kho kho = { .compatible = NULL };
	struct blob_error err = { "" };
	struct blob blob;
	int ret;

	ret = read_tree(search, address, pool, &blob);
	if (!ret)
		ret = kho_decode(pool, &blob, &kho, &err);
	if (ret)
		return ret;
	/* before kho-v3 the map has an address only when the kernel jumps */
	if (!version(kho.compatible) || kho.memory_map % search->memory->page ||
	    (!kho.memory_map && version(kho.compatible) >= 3))
		return -EBADMSG;
	return check_subtrees(search, &kho, pool, ret_rank);
}

/* 0: the tree of a kernel is there; -EBADMSG, -ENXIO: no such thing. */
static int examine(const struct search *search, uint64_t address, int64_t *ret_rank)
{
	struct pool pool = { NULL };
	int ret;

	*ret_rank = -1;
	ret = check_tree(search, address, &pool, ret_rank);
	pool_free(&pool);
	return ret;
}

static int add_found(struct search *search, uint64_t address)
{
	struct found found = { .address = address };
	int ret;

	/* the kernel's own memory is there twice in some files */
	for (size_t i = 0; i < search->n; i++)
		if (search->found[i].address == address)
			return 0;
	if (search->n == TREES_MAX)
		return 0;
	ret = examine(search, address, &found.rank);
	if (!ret)
		search->found[search->n++] = found;
	return ret == -ENOMEM ? ret : 0;
}

static int add_name(struct search *search, uint64_t address)
{
	const size_t page = search->memory->page;
	struct pool pool = { NULL };
	struct blob blob;
	int ret;

	if (search->n_names == NAMES_MAX)
		return 0;
	ret = read_at(search, address + DATA_AT, DATA_SIZE, &pool, &blob);
	/* the tree and its size, the list of scratch areas and its size */
	if (!ret && blob_u64(blob.data, 0) && blob_u64(blob.data, 0) % page == 0 &&
	    blob_u64(blob.data, 8) == page && blob_u64(blob.data, 16) &&
	    blob_u64(blob.data, 24) && blob_u64(blob.data, 24) % 16 == 0)
		search->names[search->n_names++] = (struct name){
			address, blob_u64(blob.data, 0),
		};
	pool_free(&pool);
	return ret == -ENOMEM ? ret : 0;
}

static int look_at_piece(void *arg, uint64_t address, const unsigned char *data, size_t size)
{
	static const unsigned char kho_data[8] = { HOST_SETUP_KHO, 0, 0, 0, DATA_SIZE, 0, 0, 0 };
	struct search *search = arg;
	const size_t page = search->memory->page;
	size_t at = (size_t)(-address % 8);
	int ret = 0;

	for (; !ret && at + 8 <= size; at += 8) {
		if (memcmp(data + at, kho_data, 8) == 0 && address + at >= TYPE_AT)
			ret = add_name(search, address + at - TYPE_AT);
		else if (tree_magic(&(struct blob){ data + at, size - at }) &&
			 (address + at) % page == 0)
			ret = add_found(search, address + at);
	}
	return ret;
}

/* ----------------------------------------------------------------- choice */

/* In the memory of a machine that runs, a copy may be gone by now. */
static int look_again(struct search *search)
{
	struct found found;
	size_t i, j, n = 0;
	int64_t rank;
	int ret;

	for (i = 0; i < search->n; i++) {
		found = search->found[i];
		ret = examine(search, found.address, &rank);
		if (ret == -ENOMEM)
			return ret;
		if (ret || rank != found.rank)
			continue;
		for (j = 0; j < search->n_names; j++)
			if (search->names[j].tree == found.address)
				found.named_at = search->names[j].address;
		search->found[n++] = found;
	}
	search->n = n;
	return 0;
}

/* Of this rank, but not this one; one that is named before one that is not. */
static const struct found *find(const struct search *search, int64_t rank,
				const struct found *not)
{
	const struct found *best = NULL, *found;

	for (found = search->found; found < search->found + search->n; found++)
		if (found->rank == rank && found != not &&
		    (!best || (found->named_at && !best->named_at)))
			best = found;
	return best;
}

/* Where two of the same number are named, nothing tells which of them it is. */
static bool is_certain(const struct search *search, const struct found *found)
{
	const struct found *other = find(search, found->rank, found);

	return found->named_at && (found->rank < 0 || !other || !other->named_at);
}

static void take(const struct search *search, const struct found *found, bool guessed,
		 struct root *root)
{
	if (found)
		*root = (struct root){
			.address = found->address, .how = guessed ? ROOT_GUESSED : ROOT_FOUND,
			.named_at = is_certain(search, found) ? found->named_at : 0,
			.rival = found->named_at && !is_certain(search, found),
		};
}

/*
 * The newest is what this kernel would hand on. The one before it is what it
 * was handed, if it is older by one; all others were left behind in free memory.
 */
static void choose(const struct search *search)
{
	struct root *roots = search->c->root;
	const struct found *in, *out;
	int64_t rank = -1;
	bool guessed;

	for (size_t i = 0; i < search->n; i++)
		if (search->found[i].rank > rank)
			rank = search->found[i].rank;
	if (rank >= 0) {
		take(search, find(search, rank, NULL), false, &roots[1]);
		take(search, find(search, rank - 1, NULL), false, &roots[0]);
		return;
	}
	/*
	 * Before Linux 7.1 without LUO there is no number. But if boot data names
	 * one of two, it is the one that was handed over: that is always named.
	 */
	in = find(search, rank, NULL);
	out = in ? find(search, rank, in) : NULL;
	guessed = !out || !in->named_at || out->named_at;
	take(search, out ? in : NULL, guessed, &roots[0]);
	take(search, out ? out : in, guessed, &roots[1]);
}

int collect_search(struct collect *c)
{
	struct search search = { .c = c };
	int ret;

	search.memory = collect_memory(c);
	ret = core_each(&c->core, look_at_piece, &search);
	if (!ret)
		ret = look_again(&search);
	if (!ret)
		choose(&search);
	return ret;
}

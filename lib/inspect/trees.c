/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The incoming and outgoing trees, and the blobs below them. They come from debugfs
 * (kernel/liveupdate/kexec_handover_debugfs.c). Without it, those of known address come from
 * memory.
 */
#include "abi/fdt.h"
#include "base/attr.h"
#include "inspect/collect.h"
#include "machine/kernel.h"

#define BLOB_MAX	(1u << 20)

/* ---------------------------------------------------------------- fetching */

/* A tree or blob, by its name in debugfs or by its address. */
struct fetch {
	bool in;
	const char *file;	/* "fdt", "sub_fdts/LUO" */
	uint64_t address;	/* 0: not known */
	int64_t size;		/* -1: a tree, whose head has its size */
	bool denied;		/* this user cannot read debugfs */
	const char *source;	/* where it was found */
	struct blob blob;
	struct raw raw;
};

static int from_memory(struct collect *c, struct fetch *fetch, struct blob_error *err)
{
	const struct memory *memory = collect_memory(c);
	struct raw head = { c->pool, 0, NULL };
	struct blob blob = { NULL, TREE_HEAD };
	size_t size = (size_t)fetch->size;
	int ret;

	fetch->source = collect_place(c, fetch->address);
	if (!memory)
		return blob_fail(err, fetch->address, "memory cannot be read: %s",
				 c->memory_error);
	if (fetch->size < 0) {
		ret = memory_get(memory, fetch->address, blob.size, &head, &blob.data, err);
		if (ret)
			return ret;
		size = tree_size(&blob);
		if (!size)
			return blob_fail(err, fetch->address, "not a device tree");
	}
	if (size > BLOB_MAX)
		return blob_fail(err, fetch->address, "a blob of %zu bytes", size);
	ret = memory_get(memory, fetch->address, size, &fetch->raw, &fetch->blob.data, err);
	fetch->blob.size = ret ? 0 : size;
	return ret;
}

/* Returns -ENOENT if there is none, or -EBADMSG or -ENXIO if it cannot be read. */
static int fetch_it(struct collect *c, struct fetch *fetch, struct blob_error *err)
{
	char path[300];
	int ret;

	fetch->raw = (struct raw){ c->pool, 0, NULL };
	snprintf(path, sizeof(path), KHO_DEBUG "/%s/%.250s", fetch->in ? "in" : "out",
		 fetch->file);
	ret = collect_file(c, path, BLOB_MAX, &fetch->blob);
	if (ret == 0) {
		fetch->source = pool_text(c->pool, path, sizeof(path));
		return raw_add(&fetch->raw, fetch->address, fetch->blob.data, fetch->blob.size);
	}
	fetch->denied = ret == -EACCES || ret == -EPERM;
	if (fetch->address)
		return from_memory(c, fetch, err);
	/* without permission it is not known whether the file exists */
	if (ret == -ENOENT || ret == -ENOMEM || fetch->denied)
		return fetch->denied ? -ENOENT : ret;
	fetch->source = pool_text(c->pool, path, sizeof(path));
	return blob_fail(err, 0, "it cannot be read: %s", strerror(-ret));
}

/* ------------------------------------------------------------------ a side */

struct side {
	struct collect *c;
	bool in;
	struct vlu_handed *handed;
	struct vlu_kho *kho;	/* handed->kho, or NULL */
};

/* "kho-in" */
static const char *part_name(const struct side *side, const char *what)
{
	return pool_print(side->c->pool, "%s-%s", what, side->in ? "in" : "out");
}

static const struct vlu_subtree *find_subtree(const struct vlu_kho *kho, const char *name)
{
	for (size_t i = 0; kho && i < kho->n_subtrees; i++)
		if (strcmp(kho->subtrees[i].name, name) == 0)
			return &kho->subtrees[i];
	return NULL;
}

static int add_file(void *arg, const char *name)
{
	struct side *side = arg;
	struct vlu_subtree *subtree;
	struct blob blob;
	char path[300];

	if (find_subtree(side->kho, name))
		return 0;
	subtree = kho_add(side->c->pool, side->kho, name);
	if (!subtree)
		return -ENOMEM;
	snprintf(path, sizeof(path), KHO_DEBUG "/%s/sub_fdts/%.250s", side->in ? "in" : "out",
		 name);
	if (collect_file(side->c, path, BLOB_MAX, &blob) == 0)
		subtree->size = (int64_t)blob.size;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vlu_subtree *)a)->name,
		      ((const struct vlu_subtree *)b)->name);
}

/*
 * Adds the blobs in debugfs. After a kexec, debugfs shows the blobs of this kernel's own tree, but
 * not that tree itself.
 */
static int add_files(struct side *side, struct fetch *fetch)
{
	struct vlu_kho *kho = side->kho;
	size_t n = kho->n_subtrees;
	int ret;

	ret = sys_list(&side->c->ctx->sys, side->in ? KHO_DEBUG "/in/sub_fdts" :
		       KHO_DEBUG "/out/sub_fdts", add_file, side);
	if (ret == -ENOMEM)
		return ret;
	if (kho->n_subtrees > n)
		qsort((struct vlu_subtree *)kho->subtrees + n, kho->n_subtrees - n,
		      sizeof(*kho->subtrees), by_name);
	if (!ret && !fetch->source)
		fetch->source = side->in ? KHO_DEBUG "/in/sub_fdts" : KHO_DEBUG "/out/sub_fdts";
	return 0;
}

/* Returns why a required tree is missing, or NULL if no tree is required. */
static const char *why_no_tree(struct collect *c, bool in, bool denied)
{
	int ret;

	if (in ? host_is_kho_boot(c->ctx) != VLU_YES :
		 !sys_exists(&c->ctx->sys, DEV_LIVEUPDATE))
		return NULL;
	ret = sys_list(&c->ctx->sys, "/sys/kernel/debug", any_name, NULL);
	if (denied || ret == -EACCES || ret == -EPERM)
		return "only root can read debugfs";
	return ret > 0 ? "debugfs does not have it" : "debugfs is not mounted";
}

static int collect_kho(struct side *side)
{
	struct fetch fetch = { .in = side->in, .file = "fdt", .size = -1,
			       .address = side->in ? side->c->tree_in : 0 };
	struct collect *c = side->c;
	struct blob_error err = { "" };
	struct vlu_kho *kho;
	const char *why = NULL;
	int ret, r;

	kho = pool_alloc(c->pool, sizeof(*kho));
	if (!kho)
		return -ENOMEM;
	side->kho = kho;
	ret = fetch_it(c, &fetch, &err);
	if (!ret)
		ret = kho_decode(c->pool, &fetch.blob, kho, &err);
	if (ret != -ENOMEM && add_files(side, &fetch))
		return -ENOMEM;
	if (ret == -ENOMEM)
		return ret;
	if (ret == -ENOENT && !fetch.source) {
		why = why_no_tree(c, side->in, fetch.denied);
		if (!why) {
			side->kho = NULL;
			return 0;
		}
		fetch.source = KHO_DEBUG;
	}
	side->handed->kho = kho;
	r = collect_part(c, &kho->part, part_name(side, "kho"), fetch.source, VLU_TRUST_KERNEL);
	if (!r && why)
		return collect_error(c, &kho->part, "%s", why);
	if (!r && ret != -ENOENT)
		r = collect_result(c, &kho->part, ret, &err, &fetch.raw);
	if (!r && fetch.denied && ret == -ENOENT)
		r = collect_error(c, &kho->part, "only root can read debugfs");
	else if (!r && ret == -ENOENT)
		r = collect_why(c, &kho->part, "a kernel that was started by a kexec does "
				"not show its own tree");
	else if (!r && kho->cut)
		r = collect_why(c, &kho->part, "debugfs shows only the first %zu of %zu bytes: the kernel "
				"set the size of the file before the tree grew", kho->cut,
				tree_size(&fetch.blob));
	return r;
}

typedef int (*decode_fn)(struct pool *pool, const struct blob *blob, void *ret,
			 struct blob_error *err);

/*
 * Collects the blob with that name below the tree into a structure of size bytes, which begins with
 * its part. Returns NULL and sets *ret to 0 if there is none.
 */
static void *collect_blob(const struct side *side, const char *name, const char *what,
			  size_t size, decode_fn decode, enum vlu_trust trust, int *ret)
{
	struct vlu_part *part = pool_alloc(side->c->pool, size);
	const struct vlu_subtree *known = find_subtree(side->kho, name);
	struct fetch fetch = { .in = side->in, .address = known ? known->address : 0,
			       .size = known ? known->size : -1 };
	struct blob_error err = { "" };
	char file[64];
	int r;

	snprintf(file, sizeof(file), "sub_fdts/%s", name);
	fetch.file = file;
	*ret = part ? fetch_it(side->c, &fetch, &err) : -ENOMEM;
	if (*ret == -ENOMEM || *ret == -ENOENT) {
		*ret = *ret == -ENOENT ? 0 : *ret;
		return NULL;
	}
	/* decodes an unread blob, too: all its values become unknown */
	r = decode(side->c->pool, &fetch.blob, part, &err);
	if (!*ret)
		*ret = r;
	r = collect_part(side->c, part, part_name(side, what), fetch.source, trust);
	*ret = r ? r : collect_result(side->c, part, *ret, &err, &fetch.raw);
	return part;
}

/* Since Linux 7.2, which brought kho-v4, luo_early_startup() in luo_core.c frees the incoming head. */
static bool is_luo_kept(const struct side *side)
{
	const char *kho = side->kho ? side->kho->compatible : NULL;

	return !side->in || (kho && (strcmp(kho, "kho-v1") == 0 || strcmp(kho, "kho-v2") == 0 ||
				     strcmp(kho, "kho-v3") == 0));
}

static int collect_head(const struct side *side)
{
	enum vlu_trust trust = is_luo_kept(side) ? VLU_TRUST_KERNEL : VLU_TRUST_STALE;
	struct vlu_luo *luo;
	int ret;

	luo = collect_blob(side, "LUO", "luo", sizeof(*luo), luo_decode, trust, &ret);
	side->handed->luo = luo;
	if (!ret && luo && trust == VLU_TRUST_STALE)
		ret = collect_why(side->c, &luo->part, "the kernel frees this memory while it "
				  "boots, and may have reused it since");
	else if (!ret && luo && !side->in && !luo->sessions_pa && !luo->part.error)
		ret = collect_why(side->c, &luo->part, "the kernel writes the sessions at the "
				  "kexec");
	return ret ? ret : collect_luo(side->c, side->in, luo);
}

int collect_side(struct collect *c, bool in)
{
	struct side side = { .c = c, .in = in, .handed = in ? &c->out->in : &c->out->out };
	int ret;

	ret = collect_kho(&side);
	if (!ret)
		side.handed->metadata = collect_blob(&side, "kexec-metadata", "metadata",
						     sizeof(struct vlu_metadata), metadata_decode,
						     VLU_TRUST_KERNEL, &ret);
	if (!ret)
		side.handed->memblock = collect_blob(&side, "memblock", "memblock",
						     sizeof(struct vlu_memblock), memblock_decode,
						     VLU_TRUST_KERNEL, &ret);
	return ret ? ret : collect_head(&side);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trees, incoming and outgoing, and the blobs that hang on them. Debugfs
 * has them (kernel/liveupdate/kexec_handover_debugfs.c), and where it is not to
 * be had, memory has those whose address is known.
 */
#include "attr.h"
#include "blob-fdt.h"
#include "handover.h"
#include "host.h"

#define BLOB_MAX	(1u << 20)

/* ---------------------------------------------------------------- fetching */

/* Something of a side, by its name in debugfs or its address. */
struct fetch {
	bool in;
	const char *file;	/* "fdt", "sub_fdts/LUO" */
	uint64_t address;	/* 0: not known */
	int64_t size;		/* -1: a tree, which tells */
	bool denied;		/* debugfs is not for this user */
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
			return blob_fail(err, fetch->address, "no device tree");
	}
	if (size > BLOB_MAX)
		return blob_fail(err, fetch->address, "a blob of %zu bytes", size);
	ret = memory_get(memory, fetch->address, size, &fetch->raw, &fetch->blob.data, err);
	fetch->blob.size = size;
	return ret;
}

/* -ENOENT: there is none. -EBADMSG, -ENXIO: it could not be read. */
static int fetch_it(struct collect *c, struct fetch *fetch, struct blob_error *err)
{
	char path[300], *data;
	size_t size;
	int ret = -ENOENT;

	fetch->raw = (struct raw){ c->pool, 0, NULL };
	if (!c->dump) {
		snprintf(path, sizeof(path), KHO_DEBUG "/%s/%.250s",
			 fetch->in ? "in" : "out", fetch->file);
		ret = attr_read_all(c->ctx, path, BLOB_MAX, &data, &size);
	}
	if (ret == 0) {
		fetch->source = pool_text(c->pool, path, sizeof(path));
		fetch->blob = (struct blob){ pool_copy(c->pool, data, size), size };
		free(data);
		return fetch->blob.data && fetch->source ?
		       raw_add(&fetch->raw, fetch->address, fetch->blob.data, size) : -ENOMEM;
	}
	fetch->denied = ret == -EACCES || ret == -EPERM;
	if (fetch->address)
		return from_memory(c, fetch, err);
	/* who may not look cannot tell whether there is such a thing */
	if (ret == -ENOENT || ret == -ENOMEM || fetch->denied)
		return fetch->denied ? -ENOENT : ret;
	fetch->source = pool_text(c->pool, path, sizeof(path));
	return blob_fail(err, 0, "it cannot be read: %s", strerror(-ret));
}

/* ------------------------------------------------------------------ a side */

struct side {
	struct collect *c;
	bool in;
	const struct root *root;
	struct vlu_handed *handed;
	struct vlu_kho *kho;	/* the same as in handed, or NULL */
};

/* "kho-in" */
static const char *part_name(const struct side *side, const char *what)
{
	return pool_print(side->c->pool, "%s-%s", what, side->in ? "in" : "out");
}

static int add_file(void *arg, const char *name)
{
	struct side *side = arg;
	struct vlu_subtree *subtrees;
	char path[300], *data;
	size_t i, size;

	for (i = 0; i < side->kho->n_subtrees; i++)
		if (strcmp(side->kho->subtrees[i].name, name) == 0)
			return 0;
	subtrees = pool_add(side->c->pool, side->kho->subtrees, side->kho->n_subtrees,
			    sizeof(*subtrees));
	if (!subtrees)
		return -ENOMEM;
	side->kho->subtrees = subtrees;
	subtrees += side->kho->n_subtrees;
	*subtrees = (struct vlu_subtree){
		.name = pool_text(side->c->pool, name, 256), .size = -1,
	};
	if (!subtrees->name)
		return -ENOMEM;
	side->kho->n_subtrees++;
	snprintf(path, sizeof(path), KHO_DEBUG "/%s/sub_fdts/%.250s", side->in ? "in" : "out",
		 name);
	if (attr_read_all(side->c->ctx, path, BLOB_MAX, &data, &size) == 0) {
		subtrees->size = (int64_t)size;
		free(data);
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vlu_subtree *)a)->name,
		      ((const struct vlu_subtree *)b)->name);
}

/* A kernel that was started by a kexec shows what hangs on its tree, not the tree. */
static int add_files(struct side *side, struct fetch *fetch)
{
	struct vlu_kho *kho = side->kho;
	size_t n = kho->n_subtrees;
	int ret;

	if (side->c->dump)
		return 0;
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

static int none(void *arg, const char *name)
{
	(void)name;
	*(bool *)arg = true;
	return 1;
}

/* Why there is no tree, where one must be; NULL: there need be none. */
static const char *why_no_tree(struct collect *c, bool in, bool denied)
{
	bool mounted = false;
	int ret;

	if (in ? host_kho_boot(c->ctx) != VLU_YES :
		 !sys_exists(&c->ctx->sys, "/dev/liveupdate"))
		return NULL;
	ret = sys_list(&c->ctx->sys, "/sys/kernel/debug", none, &mounted);
	if (denied || ret == -EACCES || ret == -EPERM)
		return "debugfs is for root only";
	return mounted ? "debugfs does not have it" : "debugfs is not mounted";
}

static int say_found(struct collect *c, struct vlu_part *part, const struct root *root)
{
	if (root->how == ROOT_GUESSED)
		return collect_why(c, part, "found by a search, and without a number: it may be what "
				   "this kernel was handed as well as what it would hand on");
	if (root->named_at)
		return collect_why(c, part, "found by a search; boot data at 0x%llx names it",
				   (unsigned long long)root->named_at);
	if (root->rival)
		return collect_why(c, part, "found by a search, and boot data names another of "
				   "the same number as well");
	return collect_why(c, part, "found by a search, and no boot data names it: it may be a "
			   "copy, or left behind by an earlier kernel");
}

static int collect_kho(struct side *side)
{
	struct fetch fetch = { .in = side->in, .file = "fdt", .size = -1,
			       .address = side->root->address };
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
		why = c->dump ? NULL : why_no_tree(c, side->in, fetch.denied);
		if (!why) {
			side->kho = NULL;
			return 0;
		}
		fetch.source = KHO_DEBUG;
	}
	side->handed->kho = kho;
	r = collect_part(c, &kho->part, part_name(side, "kho"), fetch.source,
			 VLU_TRUST_KERNEL);
	if (!r && why)
		return collect_error(c, &kho->part, "%s", why);
	if (!r && ret != -ENOENT)
		r = collect_result(c, &kho->part, ret, &err, &fetch.raw);
	if (!r && fetch.denied && ret == -ENOENT)
		r = collect_error(c, &kho->part, "debugfs is for root only");
	else if (!r && ret == -ENOENT)
		r = collect_why(c, &kho->part, "a kernel that was started by a kexec does "
				"not show its own tree");
	else if (!r && side->root->how != ROOT_TOLD)
		r = say_found(c, &kho->part, side->root);
	else if (!r && kho->cut)
		r = collect_why(c, &kho->part, "debugfs shows %zu of its %zu bytes: as many "
				"as there were when the kernel began it", kho->cut,
				tree_size(&fetch.blob));
	return r;
}

static void know_subtree(const struct side *side, const char *name, struct fetch *fetch)
{
	const struct vlu_kho *kho = side->kho;

	for (size_t i = 0; kho && i < kho->n_subtrees; i++) {
		if (strcmp(kho->subtrees[i].name, name) != 0)
			continue;
		fetch->address = kho->subtrees[i].address;
		fetch->size = kho->subtrees[i].size;
	}
}

/* name as in the tree. -ENOENT: there is none. */
static int fetch_blob(const struct side *side, const char *name, struct fetch *ret_fetch,
		      struct blob_error *err)
{
	char file[64];
	int ret;

	snprintf(file, sizeof(file), "sub_fdts/%s", name);
	*ret_fetch = (struct fetch){ .in = side->in, .file = file, .size = -1 };
	know_subtree(side, name, ret_fetch);
	ret = fetch_it(side->c, ret_fetch, err);
	ret_fetch->file = NULL;
	return ret;
}

/* After fetching and decoding: ret is what came of both. */
static int fetched(const struct side *side, const char *what, enum vlu_trust trust,
		   struct vlu_part *part, const struct fetch *fetch, int ret,
		   const struct blob_error *err)
{
	int r = collect_part(side->c, part, part_name(side, what), fetch->source, trust);

	return r ? r : collect_result(side->c, part, ret, err, &fetch->raw);
}

static int collect_metadata(const struct side *side)
{
	struct vlu_metadata *metadata = pool_alloc(side->c->pool, sizeof(*metadata));
	struct blob_error err = { "" };
	struct fetch fetch;
	int ret;

	if (!metadata)
		return -ENOMEM;
	metadata->kexec_count = -1;
	ret = fetch_blob(side, "kexec-metadata", &fetch, &err);
	if (!ret)
		ret = metadata_decode(side->c->pool, &fetch.blob, metadata, &err);
	if (ret == -ENOENT)
		return 0;
	side->handed->metadata = metadata;
	return fetched(side, "metadata", VLU_TRUST_KERNEL, &metadata->part, &fetch, ret, &err);
}

static int collect_memblock(const struct side *side)
{
	struct vlu_memblock *memblock = pool_alloc(side->c->pool, sizeof(*memblock));
	struct blob_error err = { "" };
	struct fetch fetch;
	int ret;

	if (!memblock)
		return -ENOMEM;
	ret = fetch_blob(side, "memblock", &fetch, &err);
	if (!ret)
		ret = memblock_decode(side->c->pool, &fetch.blob, memblock, &err);
	if (ret == -ENOENT)
		return 0;
	side->handed->memblock = memblock;
	return fetched(side, "memblock", VLU_TRUST_KERNEL, &memblock->part, &fetch, ret, &err);
}

/* luo_early_startup(), luo_core.c: freed since Linux 7.2, which brought kho-v4 */
static bool luo_is_kept(const struct side *side)
{
	const char *kho = side->kho ? side->kho->compatible : NULL;

	return !side->in || (kho && (strcmp(kho, "kho-v1") == 0 || strcmp(kho, "kho-v2") == 0 ||
				     strcmp(kho, "kho-v3") == 0));
}

static int collect_head(const struct side *side)
{
	enum vlu_trust trust = luo_is_kept(side) ? VLU_TRUST_KERNEL : VLU_TRUST_STALE;
	struct vlu_luo *luo = pool_alloc(side->c->pool, sizeof(*luo));
	struct blob_error err = { "" };
	struct fetch fetch;
	int ret;

	if (!luo)
		return -ENOMEM;
	luo->liveupdate_num = -1;
	ret = fetch_blob(side, "LUO", &fetch, &err);
	if (!ret)
		ret = luo_decode(side->c->pool, &fetch.blob, luo, &err);
	if (ret == -ENOENT)
		return collect_luo(side->c, side->in, NULL);
	side->handed->luo = luo;
	ret = fetched(side, "luo", trust, &luo->part, &fetch, ret, &err);
	if (!ret && trust == VLU_TRUST_STALE)
		ret = collect_why(side->c, &luo->part, "the kernel frees this memory while it "
				  "boots: what is there now may be anybody's");
	else if (!ret && !side->in && !side->c->dump && !luo->sessions_pa && !luo->part.error)
		ret = collect_why(side->c, &luo->part, "the sessions are written when the "
				  "kernel jumps");
	return ret ? ret : collect_luo(side->c, side->in, luo);
}

/* What hangs on a tree is worth no more than the tree. */
static int doubt(struct collect *c, const struct root *root, size_t first)
{
	struct vlu_part *part;
	int ret = 0;

	if (root->how == ROOT_TOLD || root->named_at)
		return 0;
	for (size_t i = first; !ret && i < c->out->n_parts; i++) {
		part = (struct vlu_part *)c->out->parts[i];
		if (part->trust == VLU_TRUST_KERNEL)
			part->trust = VLU_TRUST_STALE;
		if (!part->why)
			ret = collect_why(c, part, "it hangs on a tree that is not certain");
	}
	return ret;
}

int collect_side(struct collect *c, bool in)
{
	struct side side = { .c = c, .in = in, .root = &c->root[!in],
			     .handed = in ? &c->out->in : &c->out->out };
	size_t first = c->out->n_parts;
	int ret;

	ret = collect_kho(&side);
	if (!ret)
		ret = collect_metadata(&side);
	if (!ret)
		ret = collect_memblock(&side);
	if (!ret)
		ret = collect_head(&side);
	return ret ? ret : doubt(c, side.root, first);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the trees are in memory: this kernel was told where that of the kernel
 * before is, and in a dump they are found by looking for them.
 */
#include "attr.h"
#include "blob-fdt.h"
#include "handover.h"
#include "host.h"

/* ----------------------------------------------------------- this machine */

#define TREES_MAX	16

struct look {
	struct collect *c;
	char path[96];
	char data[64];
	size_t size;
};

static int look_at_setup_data(void *arg, const char *name)
{
	struct look *look = arg;
	int64_t type;
	size_t size;
	char *data;

	if (attr_number(look->c->ctx, &type, HOST_SETUP_DATA "/%.16s/type", name) < 0 ||
	    type != HOST_SETUP_KHO)
		return 0;
	snprintf(look->path, sizeof(look->path), HOST_SETUP_DATA "/%.16s/data", name);
	if (attr_read_all(look->c->ctx, look->path, 4096, &data, &size))
		return 0;
	look->size = size < sizeof(look->data) ? size : sizeof(look->data);
	memcpy(look->data, data, look->size);
	free(data);
	return 1;
}

/* struct kho_data, arch/x86/include/uapi/asm/setup_data.h */
static int decode_setup_data(const struct look *look, struct vlu_boot_data *boot,
			     struct blob_error *err)
{
	if (look->size < 32)
		return blob_fail(err, look->size, "it ends before its 32 bytes do");
	boot->fdt = blob_u64(look->data, 0);
	boot->fdt_size = blob_u64(look->data, 8);
	boot->scratch = blob_u64(look->data, 16);
	boot->scratch_size = blob_u64(look->data, 24);
	return 0;
}

/* early_init_dt_check_kho(), drivers/of/fdt.c: two cells each, big-endian */
static uint64_t cells(const unsigned char *data)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | data[i];
	return number;
}

static bool read_device_tree(struct collect *c, const char *name, uint64_t *ret_address,
			     uint64_t *ret_size)
{
	char path[64], *data;
	size_t size;
	bool ok;

	snprintf(path, sizeof(path), HOST_CHOSEN "/linux,kho-%s", name);
	if (attr_read_all(c->ctx, path, 4096, &data, &size))
		return false;
	ok = size == 16;
	if (ok) {
		*ret_address = cells((unsigned char *)data);
		*ret_size = cells((unsigned char *)data + 8);
	}
	free(data);
	return ok;
}

int collect_boot(struct collect *c)
{
	struct blob_error err = { "" };
	struct raw raw = { c->pool, 0, NULL };
	struct look look = { .c = c };
	struct vlu_boot_data *boot;
	const char *source;
	int ret;

	boot = pool_alloc(c->pool, sizeof(*boot));
	if (!boot)
		return -ENOMEM;
	sys_list(&c->ctx->sys, HOST_SETUP_DATA, look_at_setup_data, &look);
	if (look.size) {
		source = pool_text(c->pool, look.path, sizeof(look.path));
		ret = raw_add(&raw, 0, pool_copy(c->pool, look.data, look.size), look.size);
		if (!ret)
			ret = decode_setup_data(&look, boot, &err);
		if (ret == -ENOMEM)
			return ret;
	} else if (read_device_tree(c, "fdt", &boot->fdt, &boot->fdt_size)) {
		source = HOST_CHOSEN;
		ret = read_device_tree(c, "scratch", &boot->scratch, &boot->scratch_size) ? 0 :
		      blob_fail(&err, 0, "no scratch memory");
	} else {
		return 0;
	}
	c->out->boot = boot;
	c->fdt[0] = boot->fdt;
	if (collect_part(c, &boot->part, "boot", source, VLU_TRUST_KERNEL))
		return -ENOMEM;
	return collect_result(c, &boot->part, ret, &err, &raw);
}

/* ----------------------------------------------------------------- a dump */

struct found {
	uint64_t address;
	int64_t rank;	/* grows by one with each kexec; -1: not known */
};

struct search {
	struct collect *c;
	const struct memory *memory;
	size_t n;
	struct found found[TREES_MAX];
	int ret;
};

static const struct vlu_subtree *subtree(const struct vlu_kho *kho, const char *name)
{
	for (size_t i = 0; i < kho->n_subtrees; i++)
		if (strcmp(kho->subtrees[i].name, name) == 0)
			return &kho->subtrees[i];
	return NULL;
}

static int read_tree(struct search *search, uint64_t address, struct blob *ret,
		     struct blob_error *err)
{
	struct raw raw = { search->c->pool, 0, NULL };
	struct blob head = { NULL, TREE_HEAD };
	int r;

	r = memory_get(search->memory, address, head.size, &raw, &head.data, err);
	if (r)
		return r;
	ret->size = tree_size(&head);
	if (!ret->size || ret->size > search->memory->page)
		return blob_fail(err, address, "no tree of a page");
	return memory_get(search->memory, address, ret->size, &raw, &ret->data, err);
}

/* The number that tells which of two trees is the newer one. */
static int rank(struct search *search, const struct vlu_kho *kho, int64_t *ret_rank)
{
	const struct vlu_subtree *metadata = subtree(kho, "kexec-metadata");
	const struct vlu_subtree *head = subtree(kho, "LUO");
	struct raw raw = { search->c->pool, 0, NULL };
	struct vlu_metadata decoded = { .kexec_count = -1 };
	struct vlu_luo luo = { .liveupdate_num = -1 };
	struct blob_error err = { "" };
	struct blob blob = { NULL, 0 };
	int ret = -EBADMSG;

	if (metadata && metadata->address && metadata->size > 0 && metadata->size <= 4096) {
		blob.size = (size_t)metadata->size;
		ret = memory_get(search->memory, metadata->address, blob.size, &raw, &blob.data,
				 &err);
		if (!ret)
			ret = metadata_decode(search->c->pool, &blob, &decoded, &err);
		*ret_rank = decoded.kexec_count;
	} else if (head && head->address && head->size < 0) {
		ret = read_tree(search, head->address, &blob, &err);
		if (!ret)
			ret = luo_decode(search->c->pool, &blob, &luo, &err);
		*ret_rank = luo.liveupdate_num;
	}
	return ret == -ENOMEM ? ret : 0;
}

static int look_at_page(void *arg, uint64_t address)
{
	struct search *search = arg;
	struct vlu_kho kho = { .compatible = NULL };
	struct blob_error err = { "" };
	struct blob blob;
	int ret;

	/* the kernel's own memory is there twice in some files */
	for (size_t i = 0; i < search->n; i++)
		if (search->found[i].address == address)
			return 0;
	ret = read_tree(search, address, &blob, &err);
	if (!ret)
		ret = kho_decode(search->c->pool, &blob, &kho, &err);
	if (!ret) {
		search->found[search->n] = (struct found){ address, -1 };
		ret = rank(search, &kho, &search->found[search->n].rank);
		search->n++;
	}
	if (ret == -ENOMEM) {
		search->ret = ret;
		return ret;
	}
	return search->n == TREES_MAX;
}

/*
 * The newest is what this kernel would hand on. The one before it is what it
 * was handed, if it is older by one; all others were left behind in free memory.
 */
static void choose(struct search *search)
{
	const struct found *newest = NULL, *found;
	size_t i;

	for (i = 0; i < search->n; i++)
		if (!newest || search->found[i].rank > newest->rank)
			newest = &search->found[i];
	if (!newest)
		return;
	search->c->fdt[1] = newest->address;
	/* before Linux 7.1 without LUO there is no number */
	search->c->fdt_guessed = newest->rank < 0;
	for (i = 0; i < search->n; i++) {
		found = &search->found[i];
		if (found != newest && (newest->rank < 0 || found->rank == newest->rank - 1))
			search->c->fdt[0] = found->address;
	}
}

int collect_trees(struct collect *c)
{
	static const unsigned char magic[4] = { 0xd0, 0x0d, 0xfe, 0xed };
	struct search search = { .c = c };
	int ret;

	if (!c->dump)
		return 0;
	search.memory = collect_memory(c);
	ret = core_search(&c->core, c->memory.page, magic, look_at_page, &search);
	if (search.ret || ret == -ENOMEM)
		return -ENOMEM;
	choose(&search);
	return 0;
}

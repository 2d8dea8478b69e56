/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the tree of the previous kernel in the boot data of this kernel. */
#include "base/attr.h"
#include "inspect/collect.h"
#include "machine/kernel.h"

struct look {
	struct collect *c;
	char path[96];
	struct blob blob;	/* NULL: not found */
};

static int look_at_setup_data(void *arg, const char *name)
{
	struct look *look = arg;
	int64_t type;

	if (attr_number(look->c->ctx, &type, HOST_SETUP_DATA "/%.16s/type", name) < 0 ||
	    type != HOST_SETUP_KHO)
		return 0;
	snprintf(look->path, sizeof(look->path), HOST_SETUP_DATA "/%.16s/data", name);
	return collect_file(look->c, look->path, 4096, &look->blob) == 0;
}

/* struct kho_data, arch/x86/include/uapi/asm/setup_data.h */
static int decode_setup_data(const struct blob *blob, struct vlu_boot_data *boot,
			     struct blob_error *err)
{
	if (blob->size < 32)
		return blob_fail(err, blob->size, "it has fewer than 32 bytes");
	boot->fdt = blob_u64(blob->data, 0);
	boot->fdt_size = blob_u64(blob->data, 8);
	boot->scratch = blob_u64(blob->data, 16);
	boot->scratch_size = blob_u64(blob->data, 24);
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

/* Returns -ENOENT if there is no such property. */
static int read_device_tree(struct collect *c, const char *name, struct raw *raw,
			    uint64_t *ret_address, uint64_t *ret_size,
			    struct blob_error *err)
{
	struct blob blob;
	char path[64];
	int ret;

	snprintf(path, sizeof(path), HOST_CHOSEN "/linux,kho-%s", name);
	ret = collect_file(c, path, 4096, &blob);
	if (!ret)
		ret = raw_add(raw, 0, blob.data, blob.size);
	if (ret)
		return ret == -ENOMEM ? ret : -ENOENT;
	if (blob.size != 16)
		return blob_fail(err, blob.size, "linux,kho-%s is not an address and a size", name);
	*ret_address = cells(blob.data);
	*ret_size = cells(blob.data + 8);
	return 0;
}

static int read_boot(struct collect *c, struct vlu_boot_data *boot, struct raw *raw,
		     const char **ret_source, struct blob_error *err)
{
	struct look look = { .c = c };
	int ret;

	sys_list(&c->ctx->sys, HOST_SETUP_DATA, look_at_setup_data, &look);
	if (look.blob.data) {
		*ret_source = pool_text(c->pool, look.path, sizeof(look.path));
		ret = raw_add(raw, 0, look.blob.data, look.blob.size);
		return ret ? ret : decode_setup_data(&look.blob, boot, err);
	}
	*ret_source = HOST_CHOSEN;
	ret = read_device_tree(c, "fdt", raw, &boot->fdt, &boot->fdt_size, err);
	if (ret)
		return ret;
	ret = read_device_tree(c, "scratch", raw, &boot->scratch, &boot->scratch_size, err);
	return ret == -ENOENT ? blob_fail(err, 0, "no scratch memory") : ret;
}

int collect_boot(struct collect *c)
{
	struct blob_error err = { "" };
	struct raw raw = { c->pool, 0, NULL };
	struct vlu_boot_data *boot;
	const char *source;
	int ret;

	boot = pool_alloc(c->pool, sizeof(*boot));
	if (!boot)
		return -ENOMEM;
	ret = read_boot(c, boot, &raw, &source, &err);
	if (ret == -ENOMEM || ret == -ENOENT)
		return ret == -ENOMEM ? ret : 0;
	c->out->boot = boot;
	c->tree_in = boot->fdt;
	if (collect_part(c, &boot->part, "boot", source, VLU_TRUST_KERNEL))
		return -ENOMEM;
	return collect_result(c, &boot->part, ret, &err, &raw);
}

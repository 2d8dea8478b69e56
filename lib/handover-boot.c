/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the tree of the kernel before is, as this kernel was told when it booted. */
#include "attr.h"
#include "handover.h"
#include "host.h"

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
	c->root[0].address = boot->fdt;
	if (collect_part(c, &boot->part, "boot", source, VLU_TRUST_KERNEL))
		return -ENOMEM;
	return collect_result(c, &boot->part, ret, &err, &raw);
}

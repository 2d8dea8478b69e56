/* SPDX-License-Identifier: GPL-2.0-only */
/* Decodes a part of a handover that is alone in a file. */
#include "base/disk-file.h"
#include "inspect/collect.h"

#define FILE_MAX	(16u << 20)

/* Reads the file as memory from address 0 on. */
static int blob_read(void *arg, uint64_t address, void *buf, size_t size)
{
	const struct blob *blob = arg;

	if (address > blob->size || size > blob->size - address)
		return -ENXIO;
	memcpy(buf, blob->data + address, size);
	return 0;
}

struct decoding {
	struct collect *c;
	const struct blob *blob;
	const struct memory *memory;
	struct raw *raw;
	struct blob_error *err;
	struct vlu_part *part;	/* the part in the decoded structure */
};

/* Defines a decoder that fills a structure whose first member is its part. */
#define DECODE_STRUCT(type, member, call)					\
static int decode_##type(struct decoding *d)					\
{										\
	struct vlu_##type *type = pool_alloc(d->c->pool, sizeof(*type));	\
										\
	if (!type)								\
		return -ENOMEM;							\
	d->part = &type->part;							\
	d->c->out->member = type;						\
	return call;								\
}

DECODE_STRUCT(kho, in.kho, kho_decode(d->c->pool, d->blob, kho, d->err))
DECODE_STRUCT(metadata, in.metadata, metadata_decode(d->c->pool, d->blob, metadata, d->err))
DECODE_STRUCT(memblock, in.memblock, memblock_decode(d->c->pool, d->blob, memblock, d->err))
DECODE_STRUCT(luo, in.luo, luo_decode(d->c->pool, d->blob, luo, d->err))
DECODE_STRUCT(flbs, in.flbs, flbs_decode(d->memory, 0, d->raw, flbs, d->err))
DECODE_STRUCT(pci, in.pci, flb_pci_decode(d->memory, 0, NULL, d->raw, pci, d->err))
DECODE_STRUCT(memfd, memfd, memfd_decode(d->blob, NULL, d->memory->page, memfd, d->err))
DECODE_STRUCT(vfio, vfio, vfio_decode(d->blob, vfio, d->err))

static const struct {
	const char *name, *what;
	size_t least;		/* bytes */
	int (*decode)(struct decoding *d);
} formats[] = {
	{ "kho", "tree of Kexec Handover", 0, decode_kho },
	{ "metadata", "metadata of a kexec", 0, decode_metadata },
	{ "memblock", "list of memory reservations", 0, decode_memblock },
	{ "luo", "head of the Live Update Orchestrator", 0, decode_luo },
	{ "flb", "list of FLBs", 16, decode_flbs },
	{ "pci", "list of PCI devices", 16, decode_pci },
	{ "memfd", "memfd", 0, decode_memfd },
	{ "vfio", "vfio-pci file", 0, decode_vfio },
};

static int decode_file(struct collect *c, const char *file, const char *format)
{
	struct blob_error err = { "" };
	struct raw raw = { c->pool, 0, NULL };
	struct blob blob;
	struct memory memory = { blob_read, &blob, c->memory.page };
	struct decoding d = { c, &blob, &memory, &raw, &err, NULL };
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(formats) && strcmp(formats[i].name, format) != 0; i++)
		;
	if (i == ARRAY_SIZE(formats))
		return vlu_fail(c->ctx, VLU_USAGE, -EINVAL, "no format '%s'", format);
	ret = file_need(c->ctx, file);
	if (ret)
		return ret;
	ret = collect_file(c, file, FILE_MAX, &blob);
	if (ret == -ENOMEM)
		return ret;
	if (ret)
		return vlu_failed(c->ctx, ret, "cannot read %s", file);
	if (blob.size < formats[i].least)
		ret = blob_fail(&err, blob.size, "it ends within its head");
	else
		ret = formats[i].decode(&d);
	if (ret == -ENOMEM)
		return ret;
	if (ret)
		return vlu_fail(c->ctx, VLU_FAILED, ret, "%s has no valid %s: %s", file,
				formats[i].what, err.text);
	raw.n = 0;
	ret = raw_add(&raw, 0, blob.data, blob.size);
	if (!ret)
		ret = collect_result(c, d.part, 0, &err, &raw);
	if (!ret)
		ret = collect_part(c, d.part, formats[i].name,
				   pool_text(c->pool, file, strlen(file)), VLU_TRUST_UNKNOWN);
	if (!ret && c->out->in.kho && c->out->in.kho->cut)
		ret = collect_why(c, d.part, "the file ends at %zu bytes, before the tree does",
				  c->out->in.kho->cut);
	return ret;
}

int vlu_handover_file(struct vlu_ctx *ctx, const char *file, const char *format,
		      struct vlu_handover **ret_handover)
{
	struct collect c;
	int ret;

	ret = collect_begin(&c, ctx);
	if (!ret)
		ret = decode_file(&c, file, format);
	return collect_end(&c, ret, ret_handover);
}

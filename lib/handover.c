/* SPDX-License-Identifier: GPL-2.0-only */
/* What was handed over and will be: from the machine, a crash dump or a file. */
#include <unistd.h>

#include "attr.h"
#include "handover.h"

#define FILE_MAX	(16u << 20)

struct handover {
	struct vlu_handover pub;
	struct pool pool;
};

/* ----------------------------------------------------------------- parts */

int collect_part(struct collect *c, struct vlu_part *part, const char *name,
		 const char *source, enum vlu_trust trust)
{
	const struct vlu_part **parts;

	parts = pool_add(c->pool, c->out->parts, c->out->n_parts, sizeof(*parts));
	part->name = name;
	part->source = source;
	part->trust = trust;
	if (!parts || !name || !source)
		return -ENOMEM;
	parts[c->out->n_parts++] = part;
	c->out->parts = parts;
	return 0;
}

static int __attribute__((format(printf, 3, 0)))
set_text(struct collect *c, const char **where, const char *fmt, va_list args)
{
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	*where = pool_text(c->pool, text, sizeof(text));
	return *where ? 0 : -ENOMEM;
}

int collect_why(struct collect *c, struct vlu_part *part, const char *fmt, ...)
{
	va_list args;
	int ret;

	va_start(args, fmt);
	ret = set_text(c, &part->why, fmt, args);
	va_end(args);
	return ret;
}

int collect_error(struct collect *c, struct vlu_part *part, const char *fmt, ...)
{
	va_list args;
	int ret;

	va_start(args, fmt);
	ret = set_text(c, &part->error, fmt, args);
	va_end(args);
	return ret;
}

int collect_result(struct collect *c, struct vlu_part *part, int ret,
		   const struct blob_error *err, const struct raw *raw)
{
	if (raw) {
		part->n_bytes = raw->n;
		part->bytes = raw->bytes;
	}
	if (ret == -EBADMSG || ret == -ENXIO)
		return collect_error(c, part, "%s", err->text);
	return ret;
}

int collect_session(struct collect *c, const struct vlu_luo_session *session)
{
	struct vlu_luo_session *sessions;

	sessions = pool_add(c->pool, c->out->sessions, c->out->n_sessions, sizeof(*sessions));
	if (!sessions)
		return -ENOMEM;
	c->out->sessions = sessions;
	sessions[c->out->n_sessions++] = *session;
	return 0;
}

/* ---------------------------------------------------------------- memory */

const struct memory *collect_memory(struct collect *c)
{
	const char *why;
	int ret;

	if (c->memory_tried)
		return c->memory_error ? NULL : &c->memory;
	c->memory_tried = true;
	ret = core_open(&c->ctx->sys, c->memory_source, &c->core, &why);
	if (ret) {
		c->memory_error = ret == -EBADMSG ? why : pool_text(c->pool, strerror(-ret), 128);
		return NULL;
	}
	c->memory.read = core_read;
	c->memory.arg = &c->core;
	return &c->memory;
}

const char *collect_place(struct collect *c, uint64_t address)
{
	return pool_print(c->pool, "%s at 0x%llx", c->memory_source,
			  (unsigned long long)address);
}

/* ---------------------------------------------------------------- reading */

static int collect_begin(struct collect *c, struct vlu_ctx *ctx,
			 const struct vlu_handover_from *from)
{
	struct handover *handover = calloc(1, sizeof(*handover));

	*c = (struct collect){ .ctx = ctx, .core = { .fd = -1 } };
	if (!handover)
		return vlu_nomem(ctx);
	c->out = &handover->pub;
	c->pool = &handover->pool;
	c->memory.page = (size_t)sysconf(_SC_PAGESIZE);
	c->dump = from && from->vmcore;
	c->memory_source = c->dump ? from->vmcore : "/proc/kcore";
	if (!c->dump || collect_memory(c))
		return 0;
	/* A dump that was named is what it was all about. */
	return vlu_fail(ctx, VLU_FAILED, -EINVAL, "cannot read %s: %s", from->vmcore,
			c->memory_error);
}

static int collect_end(struct collect *c, int ret, struct vlu_handover **ret_handover)
{
	if (c->core.fd >= 0)
		core_close(&c->core);
	klog_free(c->own_log);
	if (ret == -ENOMEM)
		vlu_nomem(c->ctx);
	if (ret)
		vlu_handover_free(c->out);
	else
		*ret_handover = c->out;
	return ret;
}

/* What was seen first, since the rest builds on it, is reported last. */
static int rotate(struct collect *c, size_t n_parts, size_t n_sessions)
{
	struct vlu_handover *out = c->out;
	const struct vlu_part **parts;
	struct vlu_luo_session *sessions;

	parts = pool_alloc(c->pool, out->n_parts * sizeof(*parts));
	sessions = pool_alloc(c->pool, out->n_sessions * sizeof(*sessions));
	if (!parts || !sessions)
		return -ENOMEM;
	for (size_t i = 0; i < out->n_parts; i++)
		parts[i] = out->parts[(i + n_parts) % out->n_parts];
	for (size_t i = 0; i < out->n_sessions; i++)
		sessions[i] = out->sessions[(i + n_sessions) % out->n_sessions];
	out->parts = parts;
	out->sessions = sessions;
	return 0;
}

int vlu_handover_read(struct vlu_ctx *ctx, const struct vlu_handover_from *from,
		      struct vlu_handover **ret_handover)
{
	const char *log = from ? from->log : NULL;
	size_t n_parts, n_sessions;
	struct collect c;
	int ret;

	ret = collect_begin(&c, ctx, from);
	if (!ret)
		ret = collect_manifests(&c);
	if (!ret && !c.dump)
		ret = collect_processes(&c);
	if (!ret && (!c.dump || log))
		ret = collect_log(&c, log);
	n_parts = ret ? 0 : c.out->n_parts;
	n_sessions = ret ? 0 : c.out->n_sessions;
	if (!ret)
		ret = c.dump ? collect_search(&c) : collect_boot(&c);
	if (!ret)
		ret = collect_side(&c, true);
	if (!ret)
		ret = collect_side(&c, false);
	if (!ret)
		ret = rotate(&c, n_parts, n_sessions);
	return collect_end(&c, ret, ret_handover);
}

void vlu_handover_free(struct vlu_handover *handover)
{
	struct handover *all = (struct handover *)handover;

	if (!all)
		return;
	pool_free(&all->pool);
	free(all);
}

const struct vlu_part *vlu_handover_part(const struct vlu_handover *handover,
					 const char *name)
{
	for (size_t i = 0; i < handover->n_parts; i++)
		if (strcmp(handover->parts[i]->name, name) == 0)
			return handover->parts[i];
	return NULL;
}

/* ------------------------------------------------------------------ files */

/* A file as memory from address 0 on; what is above it is in the dump. */
struct image {
	struct blob blob;
	const struct memory *above;
};

static int image_read(void *arg, uint64_t address, void *buf, size_t size)
{
	const struct image *image = arg;

	if (address <= image->blob.size && size <= image->blob.size - address) {
		memcpy(buf, image->blob.data + address, size);
		return 0;
	}
	return image->above ? image->above->read(image->above->arg, address, buf, size) :
			      -ENXIO;
}

struct decoding {
	struct collect *c;
	const struct blob *blob;
	const struct memory *memory;
	struct raw *raw;
	struct blob_error *err;
	struct vlu_part *part;	/* in what the decoder made */
};

/* For a decoder that fills one structure, which begins with its part. */
#define DECODE_STRUCT(type, member, call)					\
static int decode_##type(struct decoding *d)					\
{										\
	struct vlu_##type *type = pool_alloc(d->c->pool, sizeof(*type));	\
										\
	if (!type)								\
		return -ENOMEM;							\
	d->part = &type->part;							\
	d->c->out->in.member = type;						\
	return call;								\
}

DECODE_STRUCT(kho, kho, kho_decode(d->c->pool, d->blob, kho, d->err))
DECODE_STRUCT(metadata, metadata, metadata_decode(d->c->pool, d->blob, metadata, d->err))
DECODE_STRUCT(memblock, memblock, memblock_decode(d->c->pool, d->blob, memblock, d->err))
DECODE_STRUCT(luo, luo, luo_decode(d->c->pool, d->blob, luo, d->err))
DECODE_STRUCT(flbs, flbs, flbs_decode(d->memory, 0, d->raw, flbs, d->err))
DECODE_STRUCT(pci, pci, flb_pci_decode(d->memory, 0, NULL, d->raw, pci, d->err))

static int decode_memfd(struct decoding *d)
{
	struct vlu_memfd *memfd = pool_alloc(d->c->pool, sizeof(*memfd));

	if (!memfd)
		return -ENOMEM;
	d->c->out->memfd = memfd;
	return memfd_decode(d->blob, NULL, d->memory->page, memfd, d->err);
}

static int decode_vfio(struct decoding *d)
{
	/* of a page, only the beginning is the structure */
	const struct blob blob = {
		d->blob->data, d->blob->size < VFIO_SIZE ? d->blob->size : VFIO_SIZE,
	};
	struct vlu_vfio *vfio = pool_alloc(d->c->pool, sizeof(*vfio));

	if (!vfio)
		return -ENOMEM;
	d->c->out->vfio = vfio;
	return vfio_decode(&blob, NULL, vfio, d->err);
}

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

/* What the one who named the file should know besides. */
static int say_more(struct collect *c, struct vlu_part *part)
{
	const struct vlu_kho *kho = c->out->in.kho;

	return kho && kho->cut ?
	       collect_why(c, part, "the file ends at %zu bytes, before the tree does",
			   kho->cut) : 0;
}

static int decode_file(struct collect *c, const char *file, const char *format)
{
	struct blob_error err = { "" };
	struct raw raw = { c->pool, 0, NULL };
	struct vlu_part own = { .name = NULL };
	struct image image = { .above = c->dump ? collect_memory(c) : NULL };
	struct memory memory = { image_read, &image, c->memory.page };
	struct decoding d = { c, &image.blob, &memory, &raw, &err, NULL };
	struct vlu_part *part;
	size_t i, size;
	char *data;
	int ret;

	for (i = 0; i < ARRAY_SIZE(formats) && strcmp(formats[i].name, format) != 0; i++)
		;
	if (i == ARRAY_SIZE(formats))
		return vlu_fail(c->ctx, VLU_USAGE, -EINVAL, "no format '%s'", format);
	ret = attr_read_all(c->ctx, file, FILE_MAX, &data, &size);
	if (ret)
		return vlu_fail(c->ctx, VLU_FAILED, ret, "cannot read %s: %s", file,
				strerror(-ret));
	image.blob = (struct blob){ pool_copy(c->pool, data, size), size };
	free(data);
	if (!image.blob.data)
		return -ENOMEM;
	if (size < formats[i].least)
		ret = blob_fail(&err, size, "it ends within its head");
	else
		ret = formats[i].decode(&d);
	part = d.part ? d.part : pool_copy(c->pool, &own, sizeof(own));
	if (ret == -ENOMEM || !part)
		return -ENOMEM;
	if (ret == -EBADMSG || ret == -ENXIO)
		return vlu_fail(c->ctx, VLU_FAILED, ret, "%s is no %s: %s", file,
				formats[i].what, err.text);
	raw.n = 0;
	ret = raw_add(&raw, 0, image.blob.data, image.blob.size);
	part->n_bytes = raw.n;
	part->bytes = raw.bytes;
	if (!ret)
		ret = collect_part(c, part, formats[i].name,
				   pool_text(c->pool, file, strlen(file)), VLU_TRUST_UNKNOWN);
	return ret ? ret : say_more(c, part);
}

int vlu_handover_file(struct vlu_ctx *ctx, const char *file, const char *format,
		      const struct vlu_handover_from *from,
		      struct vlu_handover **ret_handover)
{
	struct collect c;
	int ret;

	ret = collect_begin(&c, ctx, from);
	if (!ret)
		ret = decode_file(&c, file, format);
	return collect_end(&c, ret, ret_handover);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The result, which collects the parts of a handover, and the memory from which they are read. */
#include <unistd.h>

#include "base/attr.h"
#include "inspect/collect.h"

struct handover {
	struct vlu_handover pub;
	struct pool pool;
};

/* ----------------------------------------------------------------- parts */

int collect_part(struct collect *c, struct vlu_part *part, const char *name,
		 const char *source, enum vlu_trust trust)
{
	const struct vlu_part **more;

	part->name = name;
	part->source = source;
	part->trust = trust;
	more = name && source ? pool_add(c->pool, &c->out->parts, &c->out->n_parts) : NULL;
	if (!more)
		return -ENOMEM;
	*more = part;
	return 0;
}

int collect_why(struct collect *c, struct vlu_part *part, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	part->why = pool_vprint(c->pool, fmt, args);
	va_end(args);
	return part->why ? 0 : -ENOMEM;
}

int collect_error(struct collect *c, struct vlu_part *part, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	part->error = pool_vprint(c->pool, fmt, args);
	va_end(args);
	return part->error ? 0 : -ENOMEM;
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
	struct vlu_luo_session *more = pool_add(c->pool, &c->out->sessions, &c->out->n_sessions);

	if (!more)
		return -ENOMEM;
	*more = *session;
	return 0;
}

int collect_file(struct collect *c, const char *path, size_t max, struct blob *ret)
{
	size_t size;
	char *data;
	int r = attr_read_all(c->ctx, path, max, &data, &size);

	if (r)
		return r;
	*ret = (struct blob){ pool_copy(c->pool, data, size), size };
	free(data);
	return ret->data ? 0 : -ENOMEM;
}

/* ---------------------------------------------------------------- memory */

const struct memory *collect_memory(struct collect *c)
{
	const char *why;
	int ret;

	if (c->memory_tried)
		return c->memory_error ? NULL : &c->memory;
	c->memory_tried = true;
	ret = core_open(&c->ctx->sys, KCORE, &c->core, &why);
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
	return pool_print(c->pool, KCORE " at 0x%llx", (unsigned long long)address);
}

/* ----------------------------------------------------------------- answer */

int collect_begin(struct collect *c, struct vlu_ctx *ctx)
{
	struct handover *handover = calloc(1, sizeof(*handover));

	*c = (struct collect){ .ctx = ctx, .core = { .fd = -1 } };
	if (!handover)
		return vlu_nomem(ctx);
	c->out = &handover->pub;
	c->pool = &handover->pool;
	c->memory.page = (size_t)sysconf(_SC_PAGESIZE);
	return 0;
}

int collect_end(struct collect *c, int ret, struct vlu_handover **ret_handover)
{
	if (c->core.fd >= 0)
		core_close(&c->core);
	pool_end(c->own_log);
	if (ret == -ENOMEM)
		vlu_nomem(c->ctx);
	if (ret)
		vlu_handover_free(c->out);
	else
		*ret_handover = c->out;
	return ret;
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

/* SPDX-License-Identifier: GPL-2.0-only */
/* The facts about a handover in the kernel log. */
#include "inspect/collect.h"

static const struct vlu_bdf *copy_bdfs(struct collect *c, const struct vlu_bdf *bdfs,
				       size_t n)
{
	return pool_copy(c->pool, bdfs, n * sizeof(*bdfs));
}

static int copy_log(struct collect *c, const struct klog *from, struct vlu_kernel_log *log)
{
	const char **lines = pool_alloc(c->pool, from->n_lines * sizeof(*lines));
	size_t i;

	log->whole = from->whole;
	log->liveupdate_number = from->liveupdate_number;
	log->n_incoming = from->n_incoming;
	log->incoming = copy_bdfs(c, from->incoming, from->n_incoming);
	log->n_finished = from->n_finished;
	log->finished = copy_bdfs(c, from->finished, from->n_finished);
	log->n_outgoing = from->n_outgoing;
	log->outgoing = copy_bdfs(c, from->outgoing, from->n_outgoing);
	if (!lines || !log->incoming || !log->finished || !log->outgoing)
		return -ENOMEM;
	for (i = 0; i < from->n_lines; i++) {
		lines[i] = pool_text(c->pool, from->lines[i], strlen(from->lines[i]));
		if (!lines[i])
			return -ENOMEM;
	}
	log->n_lines = from->n_lines;
	log->lines = lines;
	return 0;
}

int collect_log(struct collect *c, const char *file)
{
	struct vlu_kernel_log *log = pool_alloc(c->pool, sizeof(*log));
	const char *source = file ? pool_text(c->pool, file, strlen(file)) : "/dev/kmsg";
	int ret;

	if (!log)
		return -ENOMEM;
	if (file) {
		ret = klog_read(c->ctx, file, &c->own_log);
		if (ret)
			return ret == -ENOMEM ? ret :
			       vlu_failed(c->ctx, ret, "cannot read %s", file);
		c->log = c->own_log;
	} else {
		c->log = klog_get(c->ctx);
		if (!c->log)
			return -ENOMEM;
	}
	c->out->log = log;
	if (copy_log(c, c->log, log) ||
	    collect_part(c, &log->part, "log", source, VLU_TRUST_KERNEL))
		return -ENOMEM;
	if (c->log->error)
		return collect_error(c, &log->part, "%s", strerror(-c->log->error));
	return log->whole ? 0 :
	       collect_why(c, &log->part, "its beginning has been overwritten");
}

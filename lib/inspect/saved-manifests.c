/* SPDX-License-Identifier: GPL-2.0-only */
/* The facts in vfio-lu's manifests: the sessions, and the address of the incoming FLBs. */
#include "base/attr.h"
#include "inspect/collect.h"
#include "machine/kernel.h"
#include "ledger/manifest.h"

struct manifests {
	struct collect *c;
	const char *dir;
	char boot_id[40];
	int64_t number;		/* of the live update that started this kernel, -1: not known */
	int ret;
};

static int add_files(struct collect *c, const struct manifest *manifest,
		     struct vlu_luo_session *session)
{
	struct vlu_luo_file *files;
	size_t i;

	files = pool_alloc(c->pool, manifest->n_devices * sizeof(*files));
	if (!files)
		return -ENOMEM;
	for (i = 0; i < manifest->n_devices; i++) {
		files[i].bdf = manifest->devices[i].bdf;
		files[i].token = vlu_bdf_token(files[i].bdf);
		files[i].has_bdf = true;
	}
	session->files = files;
	session->n_files = manifest->n_devices;
	return 0;
}

/* A manifest of this boot is about the coming kexec, an older one about a past kexec. */
static int use_manifest(struct manifests *m, const struct manifest *manifest,
			struct vlu_part *part)
{
	bool outgoing = strcmp(manifest->boot_id, m->boot_id) == 0;
	struct vlu_luo_session session = {
		.part = part, .pid = -1, .n_expected = -1,
		.direction = outgoing ? VLU_OUTGOING : VLU_INCOMING,
		.name = pool_text(m->c->pool, manifest->session, sizeof(manifest->session)),
	};
	bool certain = m->number >= 0 && manifest->liveupdate_number == m->number;

	if (!session.name || add_files(m->c, manifest, &session))
		return -ENOMEM;
	if (!outgoing && manifest->flbs_pa && (certain || m->number < 0) &&
	    (!m->c->saved.session || (certain && !m->c->saved.certain)))
		m->c->saved = (struct saved){ session.name, manifest->flbs_pa, certain };
	if (collect_why(m->c, part, "written %s by kernel %s, for live update %lld",
			manifest->created, manifest->kernel,
			(long long)manifest->liveupdate_number))
		return -ENOMEM;
	return collect_session(m->c, &session);
}

static int add_manifest(void *arg, const char *file)
{
	struct manifests *m = arg;
	struct collect *c = m->c;
	struct raw raw = { c->pool, 0, NULL };
	struct manifest manifest;
	const char *part_name;
	struct vlu_part *part;
	char name[64], *text;
	const void *copy;
	size_t size;

	if (!manifest_session(file, name))
		return 0;
	part = pool_alloc(c->pool, sizeof(*part));
	part_name = pool_print(c->pool, "manifest-%s", name);
	if (!part || !part_name)
		return m->ret = -ENOMEM;
	/* RUN_DIR and STATE_DIR have the same manifests */
	if (vlu_handover_part(c->out, part_name))
		return 0;
	m->ret = collect_part(c, part, part_name,
			      pool_print(c->pool, "%s/%s.json", m->dir, name),
			      VLU_TRUST_SAVED);
	if (m->ret)
		return m->ret;
	/* as manifest_read() does, which does not wait for a writer if the file is a FIFO */
	if (attr_read_records(c->ctx, part->source, MANIFEST_MAX, &text, &size) == 0) {
		copy = pool_copy(c->pool, text, size);
		m->ret = copy ? raw_add(&raw, 0, copy, size) : -ENOMEM;
		free(text);
	}
	part->n_bytes = raw.n;
	part->bytes = raw.bytes;
	if (!m->ret && manifest_read(c->ctx, m->dir, name, &manifest)) {
		m->ret = collect_error(c, part, "%s", vlu_error(c->ctx));
	} else if (!m->ret) {
		m->ret = use_manifest(m, &manifest, part);
		manifest_free(&manifest);
	}
	return m->ret;
}

/* Takes the number from the kernel log, or subtracts one from that of the coming kexec. */
static int64_t liveupdate_number(struct collect *c)
{
	const struct klog *log = klog_get(c->ctx);
	struct luo_out luo;

	if (log && log->liveupdate_number >= 0)
		return log->liveupdate_number;
	if (kho_luo_out(c->ctx, &luo) == 0 && luo.liveupdate_num > 0)
		return (int64_t)luo.liveupdate_num - 1;
	return -1;
}

int collect_manifests(struct collect *c)
{
	static const char *const dirs[] = { RUN_DIR, STATE_DIR };
	struct manifests m = { .c = c, .number = liveupdate_number(c) };
	size_t i;

	if (boot_id(c->ctx, m.boot_id))
		m.boot_id[0] = '\0';
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		m.dir = dirs[i];
		/* a directory that cannot be read adds nothing */
		if (attr_each(c->ctx, dirs[i], add_manifest, &m) && m.ret)
			return m.ret;
	}
	return 0;
}

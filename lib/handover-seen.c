/* SPDX-License-Identifier: GPL-2.0-only */
/* What is to be seen besides: the kernel's log, processes, our manifests. */
#include "attr.h"
#include "handover.h"
#include "held.h"
#include "host.h"
#include "manifest.h"
#include "procs.h"

/* ----------------------------------------------------------------- the log */

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
			       vlu_fail(c->ctx, VLU_FAILED, ret, "cannot read %s: %s", file,
					strerror(-ret));
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

/* --------------------------------------------------------------- processes */

static const char *kind_word(enum proc_kind kind)
{
	switch (kind) {
	case PROC_SESSION:
		return "session";
	case PROC_VFIO:
		return "device";
	case PROC_LIVEUPDATE:
		return "liveupdate";
	default:
		return NULL;
	}
}

/* What the holder knows of a session that it has open; NULL: it is not its. */
static const char *held_value(const struct held *held, const struct proc_file *file)
{
	return file->pid == held->pid ? held_find(held, "session/%s", file->name) : NULL;
}

static int add_opened(struct collect *c, struct vlu_processes *processes,
		      const struct proc_file *file)
{
	struct vlu_opened *opened;

	opened = pool_add(c->pool, processes->opened, processes->n_opened, sizeof(*opened));
	if (!opened)
		return -ENOMEM;
	processes->opened = opened;
	opened += processes->n_opened++;
	*opened = (struct vlu_opened){
		.pid = file->pid, .kind = kind_word(file->kind), .bdf = file->bdf,
		.comm = pool_text(c->pool, file->comm, sizeof(file->comm)),
		.session = file->kind == PROC_SESSION ?
			   pool_text(c->pool, file->name, sizeof(file->name)) : NULL,
	};
	return opened->comm && (opened->session || file->kind != PROC_SESSION) ? 0 : -ENOMEM;
}

static int add_session(struct collect *c, const struct vlu_processes *processes,
		       const struct held *held, const struct proc_file *file)
{
	const struct vlu_opened *opened = &processes->opened[processes->n_opened - 1];
	const char *value = held_value(held, file);
	struct vlu_luo_session session = {
		.part = &processes->part, .name = opened->session, .pid = opened->pid,
		.comm = opened->comm, .n_expected = -1,
		.direction = VLU_DIRECTION_UNKNOWN,
	};

	/* Which of both it is shows nowhere; the holder knows its own. */
	if (value && held_says(value, "direction=incoming"))
		session.direction = VLU_INCOMING;
	else if (value && held_says(value, "direction=outgoing"))
		session.direction = VLU_OUTGOING;
	if (session.direction != VLU_INCOMING)
		c->sessions_open = true;
	return collect_session(c, &session);
}

int collect_processes(struct collect *c)
{
	struct vlu_processes *processes = pool_alloc(c->pool, sizeof(*processes));
	const struct procs *procs = procs_get(c->ctx);
	struct held held = { .pid = -1 };
	size_t i;
	int ret;

	if (!processes || !procs)
		return -ENOMEM;
	if (collect_part(c, &processes->part, "processes", "/proc", VLU_TRUST_KERNEL))
		return -ENOMEM;
	c->out->processes = processes;
	if (held_read(c->ctx, &held))
		held = (struct held){ .pid = -1 };
	for (i = 0, ret = 0; !ret && i < procs->n; i++) {
		if (!kind_word(procs->files[i].kind))
			continue;
		ret = add_opened(c, processes, &procs->files[i]);
		if (!ret && procs->files[i].kind == PROC_SESSION)
			ret = add_session(c, processes, &held, &procs->files[i]);
	}
	held_free(&held);
	if (!ret && !procs->complete) {
		c->sessions_open = true;
		ret = collect_why(c, &processes->part, "not every process can be looked into by "
				  "this user");
	}
	return ret;
}

/* --------------------------------------------------------------- manifests */

struct manifests {
	struct collect *c;
	const char *dir;
	char boot_id[40];
	int64_t number;		/* of the live update that led here, -1: not known */
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

/* Of this boot it is about the jump to come, else about one that was. */
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
	if (!outgoing && manifest->flbs_pa && (certain || m->number < 0 || m->c->dump) &&
	    (!m->c->saved.session || (certain && !m->c->saved.certain)))
		m->c->saved = (struct saved){ session.name, manifest->flbs_pa,
					      certain && !m->c->dump };
	if (collect_why(m->c, part, "written %s by kernel %s, for live update %lld",
			manifest->created, manifest->kernel,
			(long long)manifest->liveupdate_number))
		return -ENOMEM;
	return collect_session(m->c, &session);
}

static int add_manifest(void *arg, const char *name)
{
	struct manifests *m = arg;
	struct collect *c = m->c;
	struct vlu_part *part = pool_alloc(c->pool, sizeof(*part));
	const char *part_name = pool_print(c->pool, "manifest-%s", name);
	struct manifest manifest;
	char *text;
	size_t size;

	if (!part || !part_name)
		return m->ret = -ENOMEM;
	/* the same in both places */
	if (vlu_handover_part(c->out, part_name))
		return 0;
	m->ret = collect_part(c, part, part_name,
			      pool_print(c->pool, "%s/%s.json", m->dir, name),
			      VLU_TRUST_SAVED);
	if (m->ret)
		return m->ret;
	if (attr_read_all(c->ctx, part->source, MANIFEST_MAX, &text, &size) == 0) {
		struct raw raw = { c->pool, 0, NULL };

		m->ret = raw_add(&raw, 0, pool_copy(c->pool, text, size), size);
		part->n_bytes = raw.n;
		part->bytes = raw.bytes;
		free(text);
	}
	if (!m->ret && manifest_read(c->ctx, m->dir, name, &manifest)) {
		m->ret = collect_error(c, part, "%s", vlu_error(c->ctx));
	} else if (!m->ret) {
		m->ret = use_manifest(m, &manifest, part);
		manifest_free(&manifest);
	}
	return m->ret;
}

/* What the kernel said, or one less than the number of the jump to come. */
static int64_t liveupdate_number(struct collect *c)
{
	const struct klog *log = c->dump ? NULL : klog_get(c->ctx);
	struct luo_out luo;

	if (log && log->liveupdate_number >= 0)
		return log->liveupdate_number;
	if (!c->dump && handover_luo_out(c->ctx, &luo) == 0 && luo.liveupdate_num > 0)
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
	for (i = 0; !m.ret && i < ARRAY_SIZE(dirs); i++) {
		m.dir = dirs[i];
		manifest_each(c->ctx, dirs[i], add_manifest, &m);
	}
	return m.ret;
}

/* ------------------------------------------------- for the rest of the library */

static int read_blob(struct vlu_ctx *ctx, const char *path, struct pool *pool,
		     struct blob *ret)
{
	char *data;
	size_t size;
	int r;

	r = attr_read_all(ctx, path, 4096, &data, &size);
	if (r)
		return r;
	*ret = (struct blob){ pool_copy(pool, data, size), size };
	free(data);
	return ret->data ? 0 : -ENOMEM;
}

int handover_luo_out(struct vlu_ctx *ctx, struct luo_out *ret)
{
	struct vlu_luo luo = { .compatible = NULL };
	struct blob_error err = { "" };
	struct pool pool = { NULL };
	struct blob blob;
	int r;

	r = read_blob(ctx, KHO_DEBUG "/out/sub_fdts/LUO", &pool, &blob);
	if (!r)
		r = luo_decode(&pool, &blob, &luo, &err);
	if (!r)
		*ret = (struct luo_out){ (uint64_t)luo.liveupdate_num, luo.flbs_pa };
	pool_free(&pool);
	return r;
}

int handover_metadata_in(struct vlu_ctx *ctx, char release[65], int64_t *ret_kexec_count)
{
	struct vlu_metadata metadata = { .kexec_count = -1 };
	struct blob_error err = { "" };
	struct pool pool = { NULL };
	struct blob blob;
	int r;

	r = read_blob(ctx, KHO_DEBUG "/in/sub_fdts/kexec-metadata", &pool, &blob);
	if (!r)
		r = metadata_decode(&pool, &blob, &metadata, &err);
	if (!r) {
		snprintf(release, 65, "%s", metadata.previous_release);
		*ret_kexec_count = metadata.kexec_count;
	}
	pool_free(&pool);
	return r;
}

int handover_incoming(struct vlu_ctx *ctx, struct vlu_bdf **ret_bdfs, size_t *ret_n)
{
	const struct vlu_pci_reading *reading;
	struct vlu_handover *handover;
	const struct vlu_pci *pci;
	struct vlu_bdf *bdfs;
	int ret;

	ret = vlu_handover_read(ctx, NULL, &handover);
	if (ret)
		return ret == -ENOMEM ? ret : -ENOENT;
	pci = handover->in.pci;
	if (!pci || pci->part.trust != VLU_TRUST_KERNEL || pci->part.error ||
	    pci->n_readings != 1 || pci->readings[0].error) {
		vlu_handover_free(handover);
		return -ENOENT;
	}
	reading = &pci->readings[0];
	bdfs = calloc(reading->n_devices + 1, sizeof(*bdfs));
	for (size_t i = 0; bdfs && i < reading->n_devices; i++)
		bdfs[i] = reading->devices[i].bdf;
	ret = bdfs ? 0 : -ENOMEM;
	if (bdfs) {
		*ret_bdfs = bdfs;
		*ret_n = reading->n_devices;
	}
	vlu_handover_free(handover);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What can be said without touching anything: from the holder, the manifests,
 * the kernel's log and debugfs. No session is ever retrieved to look at it.
 */
#include "attr.h"
#include "device.h"
#include "handover.h"
#include "held.h"
#include "host.h"
#include "incoming.h"
#include "kexec.h"
#include "klog.h"
#include "lend.h"
#include "manifest.h"
#include "procs.h"
#include "service.h"

/* The sessions while they are being collected; the strings are owned. */
struct builder {
	struct vlu_ctx *ctx;
	struct vlu_state *state;
	struct held held;
	bool holder_seen;	/* it could be asked, or certainly is not there */
	const char *dir;	/* of manifests being read */
	char boot_id[40];
	int ret;
};

static struct vlu_session *sessions(struct vlu_state *state)
{
	return (struct vlu_session *)state->sessions;
}

static struct vlu_session_device *devices(struct vlu_session *session)
{
	return (struct vlu_session_device *)session->devices;
}

static struct vlu_session *find_session(struct vlu_state *state, const char *name)
{
	size_t i;

	for (i = 0; i < state->n_sessions; i++)
		if (strcmp(state->sessions[i].name, name) == 0)
			return &sessions(state)[i];
	return NULL;
}

static struct vlu_session *add_session(struct builder *b, const char *name)
{
	struct vlu_session *more, *session = find_session(b->state, name);

	if (session)
		return session;
	more = reallocarray(sessions(b->state), b->state->n_sessions + 1, sizeof(*more));
	if (!more)
		return NULL;
	b->state->sessions = more;
	session = &more[b->state->n_sessions];
	*session = (struct vlu_session){
		.name = strdup(name), .direction = VLU_DIRECTION_UNKNOWN,
		.holder_pid = -1, .manifest = "missing",
	};
	if (!session->name)
		return NULL;
	b->state->n_sessions++;
	return session;
}

static struct vlu_session_device *add_device(struct builder *b,
					     struct vlu_session *session,
					     struct vlu_bdf bdf)
{
	struct vlu_session_device *more, *row;
	char driver[64];
	size_t i;

	for (i = 0; i < session->n_devices; i++)
		if (vlu_bdf_compare(session->devices[i].bdf, bdf) == 0)
			return &devices(session)[i];
	more = reallocarray(devices(session), session->n_devices + 1, sizeof(*more));
	if (!more)
		return NULL;
	session->devices = more;
	row = &more[session->n_devices++];
	*row = (struct vlu_session_device){
		.bdf = bdf, .token = vlu_bdf_token(bdf), .state = "missing",
	};
	if (device_driver_now(b->ctx, bdf, driver, sizeof(driver)) == 0 && driver[0])
		row->driver = strdup(driver);
	return row;
}

static struct vlu_session_file *add_file(struct vlu_session *session, const char *name)
{
	struct vlu_session_file *more, *row;
	size_t i;

	for (i = 0; i < session->n_files; i++)
		if (strcmp(session->files[i].name, name) == 0)
			return (struct vlu_session_file *)&session->files[i];
	more = reallocarray((void *)session->files, session->n_files + 1, sizeof(*more));
	if (!more)
		return NULL;
	session->files = more;
	row = &more[session->n_files];
	*row = (struct vlu_session_file){
		.name = strdup(name), .token = file_token(session->name, name),
		.state = "missing",
	};
	if (!row->name)
		return NULL;
	session->n_files++;
	return row;
}

/* ----------------------------------------------------------- the holder */

static char *lent_detail(struct vlu_ctx *ctx, const char *value)
{
	struct borrower borrower;
	char *text;

	if (!lent_to(ctx, value, &borrower) ||
	    asprintf(&text, "lent to process %d (%s)", (int)borrower.pid, borrower.comm) < 0)
		return NULL;
	return text;
}

static const char *device_state(const char *value)
{
	static const char *const known[] = {
		"preserved", "retrieved", "bound", "failed", "mismatch",
	};
	char word[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		snprintf(word, sizeof(word), "state=%s", known[i]);
		if (held_says(value, word))
			return known[i];
	}
	return "missing";	/* opened, but never put into the session */
}

static int add_held(struct builder *b)
{
	struct vlu_session_device *row;
	char name[64], file[FILE_NAME];
	struct vlu_session_file *extra;
	struct vlu_session *session;
	struct vlu_bdf bdf;
	size_t i;

	for (i = 0; i < b->held.n; i++) {
		const struct held_item *item = &b->held.items[i];

		if (strncmp(item->key, "session/", 8) == 0) {
			session = add_session(b, item->key + 8);
			if (!session)
				return -ENOMEM;
			session->holder_pid = b->held.pid;
			if (held_says(item->value, "direction=outgoing")) {
				session->direction = VLU_OUTGOING;
				session->state = "held";
			} else if (held_says(item->value, "direction=incoming")) {
				session->direction = VLU_INCOMING;
				session->state = "restored";
			}
		} else if (held_device(item->key, name, &bdf)) {
			session = add_session(b, name);
			row = session ? add_device(b, session, bdf) : NULL;
			if (!row)
				return -ENOMEM;
			row->state = device_state(item->value);
			row->detail = lent_detail(b->ctx, item->value);
		} else if (held_file(item->key, name, file)) {
			session = add_session(b, name);
			extra = session ? add_file(session, file) : NULL;
			if (!extra)
				return -ENOMEM;
			extra->state = device_state(item->value);
			extra->detail = lent_detail(b->ctx, item->value);
		}
	}
	return 0;
}

/* -------------------------------------------------------- the manifests */

/* Who has a session open, other than the holder: systemd, which carries it. */
static void name_keeper(struct builder *b, struct vlu_session *session)
{
	const struct procs *procs = procs_get(b->ctx);
	const struct proc_file *files;
	char text[128];
	size_t n, i;

	files = procs ? procs_kind(procs, PROC_SESSION, &n) : NULL;
	for (i = 0; files && i < n; i++) {
		if (strcmp(files[i].name, session->name) != 0)
			continue;
		snprintf(text, sizeof(text), "process %d (%s) has it open%s",
			 (int)files[i].pid, files[i].comm, files[i].pid == 1 ?
			 " and gives it to vfio-lu.service" : "");
		session->detail = strdup(text);
		return;
	}
}

static int add_manifest(void *arg, const char *name)
{
	struct vlu_session_device *row;
	struct vlu_session_file *file;
	struct vlu_session *session;
	struct manifest manifest;
	struct builder *b = arg;
	enum incoming_fate fate;
	bool this_boot;
	size_t i;
	int ret;

	session = add_session(b, name);
	if (!session) {
		b->ret = -ENOMEM;
		return 1;
	}
	if (strcmp(session->manifest, "ok") == 0)
		return 0;
	ret = manifest_read(b->ctx, b->dir, name, &manifest);
	if (ret) {
		session->manifest = "invalid";
		if (!session->detail)
			session->detail = strdup(vlu_error(b->ctx));
		return 0;
	}
	session->manifest = "ok";
	this_boot = strcmp(manifest.boot_id, b->boot_id) == 0;
	if (!session->state && this_boot) {
		session->direction = VLU_OUTGOING;
		/* Not to see a holder is not the same as to see that none is. */
		session->state = b->holder_seen ? "lost" : NULL;
	} else if (!session->state) {
		fate = incoming_fate(b->ctx, &manifest);
		session->direction = VLU_INCOMING;
		/* what cannot be asked for may be with a holder that is not seen */
		session->state = fate == FATE_FINISHED ? "finished" :
				 fate == FATE_WAITING ? "waiting" :
				 b->holder_seen ? "lost" : NULL;
		if (fate == FATE_WAITING && !session->detail)
			name_keeper(b, session);
		if (fate != FATE_WAITING && !session->detail)
			session->detail = strdup(incoming_fate_text(fate));
	}
	for (i = 0; i < manifest.n_devices; i++) {
		row = add_device(b, session, manifest.devices[i].bdf);
		if (!row) {
			b->ret = -ENOMEM;
			break;
		}
		if (strcmp(row->state, "missing") == 0 && session->state &&
		    strcmp(session->state, "waiting") == 0) {
			/* The manifest says so, the kernel's log may confirm it. */
			if (klog_incoming(b->ctx, row->bdf) != VLU_NO)
				row->state = "preserved";
			else
				row->detail = strdup("the kernel's log does not name it "
						     "as preserved");
		}
	}
	for (i = 0; !b->ret && i < manifest.n_files; i++) {
		file = add_file(session, manifest.files[i].name);
		if (!file)
			b->ret = -ENOMEM;
		else if (strcmp(file->state, "missing") == 0 && session->state &&
			 strcmp(session->state, "waiting") == 0)
			file->state = "preserved";
	}
	session->command = manifest.command;
	manifest.command = NULL;
	manifest_free(&manifest);
	return b->ret != 0;
}

static int add_manifests(struct builder *b, const char *dir)
{
	int ret;

	b->dir = dir;
	ret = manifest_each(b->ctx, dir, add_manifest, b);
	if (b->ret)
		return b->ret;
	if (ret < 0 && ret != -ENOENT)
		vlu_log(b->ctx, VLU_LOG_DEBUG, "%s: %s", dir, strerror(-ret));
	return 0;
}

/* ---------------------------------------------------------- the processes */

/*
 * Sessions of others, and of ours those that the holder does not have. That
 * they are held is all that shows: not which of both kinds they are.
 */
static int add_opened(struct builder *b)
{
	const struct procs *procs = procs_get(b->ctx);
	const struct proc_file *files;
	struct vlu_session *session;
	char text[128];
	size_t i, n;

	if (!procs)
		return -ENOMEM;
	files = procs_kind(procs, PROC_SESSION, &n);
	for (i = 0; i < n; i++) {
		session = add_session(b, files[i].name);
		if (!session)
			return -ENOMEM;
		if (session->holder_pid >= 0)
			continue;
		session->holder_pid = files[i].pid;
		if (!session->state || !strcmp(session->state, "lost"))
			session->state = "held";
		snprintf(text, sizeof(text), "process %d (%s) has it open", (int)files[i].pid,
			 files[i].comm);
		free((char *)session->detail);
		session->detail = strdup(text);
	}
	return 0;
}

/* ------------------------------------------------------- the kernel log */

/* Devices that came over, and of which nobody and no manifest knows. */
static int add_orphans(struct builder *b, const char *name)
{
	struct vlu_state *state = b->state;
	struct vlu_session_device *row;
	struct vlu_session *session;
	enum incoming_fate fate;
	struct vlu_device *dev;
	size_t i, j, k;
	bool known;

	for (i = 0; i < state->n_incoming; i++) {
		known = false;
		for (j = 0; j < state->n_sessions && !known; j++)
			for (k = 0; k < state->sessions[j].n_devices && !known; k++)
				known = vlu_bdf_compare(state->sessions[j].devices[k].bdf,
							state->incoming[i]) == 0;
		if (known || vlu_device_find(b->ctx, state->incoming[i], &dev) ||
		    dev->kind == VLU_BRIDGE)
			continue;
		session = find_session(state, name);
		/* A manifest that was understood does not forget a device. */
		if (session && strcmp(session->manifest, "ok") == 0 &&
		    !(session->direction == VLU_INCOMING && session->state &&
		      strcmp(session->state, "lost") == 0))
			continue;
		session = add_session(b, name);
		if (!session)
			return -ENOMEM;
		if (!session->state || strcmp(session->state, "lost") == 0) {
			fate = incoming_fate_of(b->ctx, name);
			session->direction = VLU_INCOMING;
			session->state = fate == FATE_WAITING ? "waiting" : "lost";
			free((char *)session->detail);
			session->detail = strdup(fate != FATE_WAITING ?
						 incoming_fate_text(fate) :
						 "its name is the usual one, not read "
						 "from a manifest");
		}
		row = add_device(b, session, state->incoming[i]);
		if (!row)
			return -ENOMEM;
		row->state = "preserved";
	}
	return 0;
}

/* The log, or where its beginning is gone what lies in memory. */
static int copy_incoming(struct vlu_ctx *ctx, struct vlu_state *state,
			 const struct klog *log)
{
	struct vlu_bdf *copy;
	int ret;

	state->incoming_known = log->error ? VLU_NO :
				log->whole ? VLU_YES : VLU_DONT_KNOW;
	if (state->incoming_known != VLU_YES && state->kho_boot == VLU_YES) {
		ret = handover_incoming(ctx, &copy, &state->n_incoming);
		if (ret != -ENOENT) {
			state->incoming = ret ? NULL : copy;
			state->incoming_known = VLU_YES;
			return ret;
		}
	}
	if (!log->n_incoming)
		return 0;
	copy = calloc(log->n_incoming, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, log->incoming, log->n_incoming * sizeof(*copy));
	state->incoming = copy;
	state->n_incoming = log->n_incoming;
	return 0;
}

static int read_kernel(struct vlu_ctx *ctx, struct vlu_state *state)
{
	const struct klog *log = klog_get(ctx);
	struct luo_out luo;
	char release[128], previous[65];
	int ret;

	if (!log)
		return -ENOMEM;
	ret = host_release(ctx, release, sizeof(release));
	state->release = ret ? NULL : strdup(release);
	state->kexec_count = log->kexec_count;
	if (log->previous_release[0])
		state->previous_release = strdup(log->previous_release);
	if (handover_metadata_in(ctx, previous, &state->kexec_count) == 0) {
		free((char *)state->previous_release);
		state->previous_release = strdup(previous);
	}
	state->kho_boot = host_kho_boot(ctx);
	if (state->kho_boot == VLU_NO && state->kexec_count < 0)
		state->kexec_count = 0;
	state->kexec_loaded = kexec_loaded(ctx);
	state->liveupdate_number = log->liveupdate_number;
	/* The outgoing head carries the number of the jump to come. */
	if (handover_luo_out(ctx, &luo) == 0 && luo.liveupdate_num > 0)
		state->liveupdate_number = (int64_t)luo.liveupdate_num - 1;
	return copy_incoming(ctx, state, log);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vlu_session *)a)->name,
		      ((const struct vlu_session *)b)->name);
}

int vlu_state_read(struct vlu_ctx *ctx, const char *session,
		   struct vlu_state **ret_state)
{
	struct builder b = { .ctx = ctx, .held = { .pid = -1 } };
	struct vlu_state *state;
	int ret;

	state = b.state = calloc(1, sizeof(*state));
	if (!state)
		return vlu_nomem(ctx);
	state->holder_pid = -1;
	ret = read_kernel(ctx, state);
	if (!ret && boot_id(ctx, b.boot_id))
		b.boot_id[0] = '\0';
	if (!ret) {
		ret = held_read(ctx, &b.held);
		b.holder_seen = ret == 0 || ret == -ENOENT;
		if (ret == 0) {
			state->holder_pid = b.held.pid;
			state->holder_managed_by = service_of(ctx, b.held.pid) ==
						   SERVICE_OURS ? "systemd" : "vfio-lu";
		} else if (ret != -ENOENT) {
			state->holder_pid = -2;
			state->holder_detail = strdup(ret == -EACCES || ret == -EPERM ?
				"the holder and its sessions can be seen by root only" :
				vlu_error(ctx));
		}
		ret = add_held(&b);
	}
	if (!ret)
		ret = add_manifests(&b, RUN_DIR);
	if (!ret)
		ret = add_manifests(&b, STATE_DIR);
	if (!ret)
		ret = add_opened(&b);
	if (!ret)
		ret = add_orphans(&b, session);
	held_free(&b.held);
	if (ret) {
		vlu_state_free(state);
		return vlu_nomem(ctx);
	}
	if (state->n_sessions)
		qsort(sessions(state), state->n_sessions, sizeof(*state->sessions),
		      by_name);
	*ret_state = state;
	return 0;
}

void vlu_state_free(struct vlu_state *state)
{
	size_t i, j;

	if (!state)
		return;
	for (i = 0; i < state->n_sessions; i++) {
		struct vlu_session *session = &sessions(state)[i];

		for (j = 0; j < session->n_devices; j++) {
			free((char *)session->devices[j].driver);
			free((char *)session->devices[j].detail);
		}
		for (j = 0; j < session->n_files; j++) {
			free((char *)session->files[j].name);
			free((char *)session->files[j].detail);
		}
		free((void *)session->files);
		free((char *)session->command);
		free(devices(session));
		free((char *)session->name);
		free((char *)session->detail);
	}
	free(sessions(state));
	free((void *)state->incoming);
	free((char *)state->release);
	free((char *)state->previous_release);
	free((char *)state->holder_detail);
	free(state);
}

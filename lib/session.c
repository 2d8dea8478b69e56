/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdatomic.h>

#include "device.h"
#include "remember.h"
#include "session-file.h"
#include "vfio.h"
#include "vmm.h"

int vlu_session_name_check(struct vlu_ctx *ctx, const char *name)
{
	static const char *const taken[] = { "systemd", "luod-internal" };
	size_t len = strspn(name, SESSION_BYTES);
	size_t i;

	if (!len || name[len] || len > 63)
		return vlu_fail(ctx, VLU_USAGE, -EINVAL, "'%.80s' is no session name: "
				"1-63 characters of A-Z a-z 0-9 . _ @ : -", name);
	/* A file is named after it: neither hidden nor a way out. */
	if (name[0] == '.')
		return vlu_fail(ctx, VLU_USAGE, -EINVAL,
				"'%s' is no session name: it begins with a dot", name);
	for (i = 0; i < ARRAY_SIZE(taken); i++)
		if (strcmp(name, taken[i]) == 0)
			return vlu_fail(ctx, VLU_USAGE, -EINVAL,
					"session name '%s' belongs to another program", name);
	return 0;
}

int session_lock(struct vlu_ctx *ctx)
{
	return ctx->sys.read_only ? 0 : vlu_lock(ctx);
}

void session_unlock(struct vlu_ctx *ctx)
{
	if (!ctx->sys.read_only)
		vlu_unlock(ctx);
}

/* What threads do to the files of members: each takes the next. */
struct turns {
	struct session *session;
	member_fn which;
	void (*fn)(struct session *session, struct member *member);
	atomic_size_t next;
};

static bool has_turn(const struct turns *turns, const struct member *member)
{
	return member->fd >= 0 && (!turns->which || turns->which(member));
}

static void take_turns(void *arg)
{
	struct turns *turns = arg;
	struct session *session = turns->session;
	size_t i;

	while ((i = atomic_fetch_add(&turns->next, 1)) < session->n)
		if (has_turn(turns, &session->members[i]))
			turns->fn(session, &session->members[i]);
}

static void at_once(struct session *session, member_fn which,
		    void (*fn)(struct session *session, struct member *member))
{
	struct turns turns = { .session = session, .which = which, .fn = fn };
	size_t i, n = 0;

	for (i = 0; i < session->n; i++)
		n += has_turn(&turns, &session->members[i]);
	if (n)
		sys_together(&session->ctx->sys, n, take_turns, &turns);
}

static void bind_one(struct session *session, struct member *member)
{
	member->err = vfio_bind(&session->ctx->sys, member->fd, session->iommufd);
}

int session_bind(struct session *session, member_fn which)
{
	struct vlu_ctx *ctx = session->ctx;
	struct failures failures = { 0 };
	struct member *member;
	int ret;

	at_once(session, which, bind_one);
	for (member = session->members; member < session->members + session->n; member++) {
		/* what the holder had may be a VMM's as well, who bound it */
		if (!member->err || (member->held && member->err == -EALREADY))
			continue;
		ret = vfio_bind_failed(ctx, member->name, member->err);
		failures_add(ctx, &failures, ret, ctx->status, ctx->error);
	}
	return failures_end(ctx, &failures);
}

static void close_one(struct session *session, struct member *member)
{
	sys_close(&session->ctx->sys, member->fd);
	member->fd = -1;
}

void session_close(struct session *session, member_fn which)
{
	at_once(session, which, close_one);
}

static void session_free(void *data)
{
	struct session *session = data;

	session_close(session, NULL);
	sys_close(&session->ctx->sys, session->fd);
	sys_close(&session->ctx->sys, session->iommufd);
	session_files_free(session);
	if (session->vmm)
		vmm_free(session->vmm);
	free(session->vmm);
	session->ctx->vmm = 0;
	free(session->members);
	free(session->command);
	free(session->manifest);
	free(session->manifest_before);
	session_unlock(session->ctx);
	free(session);
}

int session_add(struct session *session, struct vlu_bdf bdf, bool held)
{
	struct member *members, *member;

	if (session_find(session, bdf))
		return 0;
	members = reallocarray(session->members, session->n + 1, sizeof(*members));
	if (!members)
		return vlu_nomem(session->ctx);
	session->members = members;
	member = &members[session->n++];
	*member = (struct member){ .bdf = bdf, .fd = -1, .held = held };
	vlu_bdf_format(bdf, member->name);
	return 0;
}

struct member *session_find(struct session *session, struct vlu_bdf bdf)
{
	size_t i;

	for (i = 0; i < session->n; i++)
		if (vlu_bdf_compare(session->members[i].bdf, bdf) == 0)
			return &session->members[i];
	return NULL;
}

struct member *session_member(struct vlu_plan *plan, const struct step *step)
{
	return session_find(plan->data, step->bdf);
}

bool member_stays(const struct member *member)
{
	return !member->leaving;
}

bool member_done(const struct member *member)
{
	return member->done;
}

enum entry_use { KEEP, NOTE, FETCH, LET_GO };

static int with_entries(struct session *session, member_fn which, enum entry_use use,
			const char *value)
{
	_cleanup_free_ struct held_entry *entries = calloc(session->n + 1, sizeof(*entries));
	_cleanup_free_ struct member **of = calloc(session->n + 1, sizeof(struct member *));
	struct vlu_ctx *ctx = session->ctx;
	size_t i, n = 0;
	int ret = 0;

	if (!entries || !of)
		return vlu_nomem(ctx);
	for (i = 0; i < session->n; i++) {
		struct member *member = &session->members[i];

		if ((which && !which(member)) || (use == FETCH && member->fd >= 0))
			continue;
		held_device_key(entries[n].key, session->name, member->bdf);
		entries[n].fd = use == KEEP ? member->fd : -1;
		of[n++] = member;
	}
	if (!n)
		return 0;
	switch (use) {
	case KEEP:
	case NOTE:
		ret = held_put_all(ctx, entries, n, value);
		break;
	case FETCH:
		ret = held_get_all(ctx, entries, n);
		for (i = 0; !ret && i < n; i++)
			of[i]->fd = entries[i].fd;
		break;
	case LET_GO:
		ret = held_drop_all(ctx, entries, n);
		break;
	}
	return ret;
}

int session_keep(struct session *session, member_fn which, const char *value)
{
	return with_entries(session, which, KEEP, value);
}

int session_note(struct session *session, member_fn which, const char *value)
{
	return with_entries(session, which, NOTE, value);
}

int session_fetch(struct session *session, member_fn which)
{
	return with_entries(session, which, FETCH, NULL);
}

int session_let_go(struct session *session, member_fn which)
{
	return with_entries(session, which, LET_GO, NULL);
}

int session_end_files(struct session *session, member_fn which)
{
	int ret;

	if (session_fetch(session, which))
		vlu_log(session->ctx, VLU_LOG_DEBUG, "%s", vlu_error(session->ctx));
	ret = session_let_go(session, which);
	session_close(session, which);
	return ret;
}

int session_held(struct vlu_ctx *ctx, struct held *ret_held)
{
	int ret = held_read(ctx, ret_held);

	if (ret != -ENOENT)
		return ret;
	*ret_held = (struct held){ .pid = -1 };
	return 0;
}

int session_check(struct vlu_ctx *ctx, const struct vlu_report *report,
		  enum vlu_status status, const char *what)
{
	const struct vlu_check *row;
	size_t i;

	for (i = 0; (row = vlu_report_at(report, i)); i++) {
		if (row->result != VLU_FAIL)
			continue;
		return vlu_fail(ctx, status, -EINVAL, "%s: %s (%s)%s%s", what,
				row->detail, row->id, row->fix ? "; fix: " : "",
				row->fix ? row->fix : "");
	}
	return 0;
}

int session_check_host(struct vlu_ctx *ctx, enum host_use use)
{
	struct vlu_report *report;
	int ret;

	ret = check_host_for(ctx, use, &report);
	if (ret)
		return ret;
	ret = session_check(ctx, report, VLU_UNSUPPORTED, "this host");
	vlu_report_free(report);
	return ret;
}

int session_identity(struct vlu_ctx *ctx, const struct vlu_device *dev,
		     struct manifest_device *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->bdf = dev->bdf;
	ret->vendor = dev->vendor;
	ret->device = dev->device;
	ret->subsystem = vlu_device_subsystem(dev);
	ret->class = dev->class;
	snprintf(ret->path, sizeof(ret->path), "%s", dev->path ? dev->path : "");
	if (dev->path && ret->vendor >= 0 && ret->device >= 0 && ret->subsystem >= 0 &&
	    ret->class >= 0)
		return 0;
	return vlu_fail(ctx, VLU_FAILED, -EIO, "%s: sysfs does not tell all of its ids and its "
			"place, by which it is known after the jump", dev->name);
}

static int run_start_holder(struct vlu_plan *plan, struct step *step)
{
	(void)step;
	return held_start(plan->ctx);
}

const struct step_kind step_start_holder = {
	.text = "start the holder",
	.run = run_start_holder,
};

/* Takes the lock over, with the plan's data or at once. */
static int session_new(struct vlu_plan *plan, const char *name, const struct held *held,
		       struct session **ret_session)
{
	struct session *session = calloc(1, sizeof(*session));
	char other[64], file[FILE_NAME];
	struct vlu_bdf bdf;
	size_t i;
	int ret;

	if (!session) {
		session_unlock(plan->ctx);
		return vlu_nomem(plan->ctx);
	}
	session->ctx = plan->ctx;
	session->fd = session->iommufd = -1;
	snprintf(session->name, sizeof(session->name), "%s", name);
	plan->data = session;
	plan->free_data = session_free;
	session->held = held_find(held, "session/%s", name);
	for (i = 0; i < held->n; i++) {
		ret = 0;
		if (held_device(held->items[i].key, other, &bdf) && strcmp(other, name) == 0)
			ret = session_add(session, bdf, true);
		else if (held_file(held->items[i].key, other, file) && strcmp(other, name) == 0)
			ret = session_file_add(session, file, true);
		if (ret)
			return ret;
	}
	*ret_session = session;
	return 0;
}

int session_plan(struct vlu_ctx *ctx, const char *name, enum plan_policy policy,
		 struct held *held, struct vlu_plan **ret_plan, struct session **ret_session)
{
	struct vlu_plan *plan;
	int ret;

	ret = vlu_session_name_check(ctx, name);
	if (!ret)
		ret = session_lock(ctx);
	if (ret)
		return ret;
	ret = session_held(ctx, held);
	if (ret) {
		session_unlock(ctx);
		return ret;
	}
	ret = plan_new(ctx, policy, &plan);
	if (ret) {
		held_free(held);
		session_unlock(ctx);
		return ret;
	}
	ret = session_new(plan, name, held, ret_session);
	if (ret) {
		vlu_plan_free(plan);
		held_free(held);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}

int vlu_session_device_fd(struct vlu_ctx *ctx, const char *session,
			  struct vlu_bdf bdf, int *ret_fd)
{
	char key[HOLDER_KEY];

	held_device_key(key, session, bdf);
	return held_get(ctx, key, ret_fd);
}

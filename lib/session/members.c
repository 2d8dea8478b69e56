/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations on the members of a session, one by one or in parallel. */
#include <stdatomic.h>

#include "base/array.h"
#include "base/bdf.h"
#include "base/cache.h"
#include "base/text.h"
#include "machine/device.h"
#include "session/session.h"
#include "uapi/vfio.h"

#define FEW_FILES 128	/* the default limit, 1,024 open files, is enough for these */

void member_key(char key[HOLDER_KEY], const char *session, const char *name)
{
	struct vlu_bdf bdf;

	snprintf(key, HOLDER_KEY, "%s/%s/%s", vlu_bdf_parse(name, &bdf) ? "file" : "device", session,
		 name);
}

int session_add(struct session *session, const char *name, bool held)
{
	struct member *member, *at;
	struct vlu_bdf bdf = { 0 };
	bool is_file = vlu_bdf_parse(name, &bdf) != 0;

	if (session_find(session, name))
		return 0;
	member = array_add(&session->members, &session->n);
	if (!member)
		return vlu_nomem(session->ctx);
	/* devices come before other files */
	at = is_file ? member : &session->members[session->n_devices++];
	memmove(at + 1, at, (size_t)(member - at) * sizeof(*at));
	*at = (struct member){
		.bdf = bdf, .fd = -1, .from = -1, .held = held, .is_file = is_file,
		.token = is_file ? file_token(session->name, name) : vlu_bdf_token(bdf),
	};
	snprintf(at->name, sizeof(at->name), "%s", name);
	member_key(at->key, session->name, name);
	if (session->n == FEW_FILES)
		sys_max_files(&session->ctx->sys);
	return 0;
}

int session_add_known(struct session *session, bool held)
{
	const struct vlu_member *member;
	size_t i;
	int ret = 0;

	for (i = 0; session->now && !ret && (member = member_at(session->now, i)); i++)
		if (!held || is_held(member))
			ret = session_add(session, member->name, held);
	return ret;
}

struct member *session_find(struct session *session, const char *name)
{
	size_t i;

	for (i = 0; i < session->n; i++)
		if (strcmp(session->members[i].name, name) == 0)
			return &session->members[i];
	return NULL;
}

struct member *session_device(struct session *session, struct vlu_bdf bdf)
{
	return bdf_find(session->members, session->n_devices, bdf);
}

void session_step(struct vlu_plan *plan, step_fn run, step_fn undo, const char *text)
{
	const struct step_kind kind = { .text = text, .run = run, .undo = undo };
	const struct session *session = plan->data;

	plan_add(plan, &kind, (struct vlu_bdf){ 0 }, NULL, session->name, NULL);
}

void member_step(struct vlu_plan *plan, step_fn run, step_fn undo, const char *text,
		 const struct member *member, const char *value)
{
	const struct step_kind kind = { .text = text, .run = run, .undo = undo };

	plan_add(plan, &kind, member->bdf, member->name, value, NULL);
}

struct member *session_member(const struct step *step)
{
	return session_find(step->plan->data, step->path);
}

bool member_is(const struct member *member, enum which which)
{
	switch (which) {
	case HELD:
		return member->held;
	case NEW:
		return !member->held;
	case STAYING:
		return !member->leaving;
	case LEAVING:
		return member->leaving;
	case DONE:
		return member->done;
	default:
		return true;
	}
}

const char *device_names(const struct session *session, enum which which, char names[400])
{
	size_t i;

	*names = '\0';
	for (i = 0; i < session->n_devices; i++)
		if (member_is(&session->members[i], which))
			text_add(names, 400, " %s", session->members[i].name);
	return names;
}

/* The members' files as work for several threads, each of which takes the next member. */
struct turns {
	struct session *session;
	enum which which;
	void (*fn)(struct session *session, struct member *member);
	atomic_size_t next;
};

static bool has_turn(const struct turns *turns, const struct member *member)
{
	return member->fd >= 0 && member_is(member, turns->which);
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

static void at_once(struct session *session, enum which which,
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
	member->err = member->is_file ? 0 :
		      vfio_bind(&session->ctx->sys, member->fd, session->iommufd);
}

int session_bind(struct session *session, enum which which)
{
	struct vlu_ctx *ctx = session->ctx;
	struct failures failures = { 0 };
	struct member *member;

	at_once(session, which, bind_one);
	for (member = session->members; member < session->members + session->n; member++) {
		/* a VMM may have bound a duplicate of the file */
		if (!member->err || (member->held && member->err == -EALREADY))
			continue;
		if (vfio_bind_failed(ctx, member->name, member->err))
			failures_add(ctx, &failures, &ctx->failure);
	}
	return failures_end(ctx, &failures);
}

static void close_one(struct session *session, struct member *member)
{
	sys_close(&session->ctx->sys, member->fd);
	member->fd = -1;
}

void session_close(struct session *session, enum which which)
{
	at_once(session, which, close_one);
}

int session_ask(struct session *session, enum ask ask, enum which which, const char *value)
{
	_cleanup_free_ struct held_entry *entries = calloc(session->n + 1, sizeof(*entries));
	_cleanup_free_ struct member **of = calloc(session->n + 1, sizeof(struct member *));
	struct member *member, *end = session->members + session->n;
	struct vlu_ctx *ctx = session->ctx;
	size_t i, n = 0;
	int ret;

	if (!entries || !of)
		return vlu_nomem(ctx);
	for (member = session->members; member < end; member++) {
		if (!member_is(member, which) || (ask == FETCH && member->fd >= 0))
			continue;
		strcpy(entries[n].key, member->key);
		entries[n].fd = ask == KEEP ? member->fd : -1;
		of[n++] = member;
	}
	if (ask == LET_GO)
		return held_drop_all(ctx, entries, n);
	if (ask != FETCH)
		return held_put_all(ctx, entries, n, value);
	ret = held_get_all(ctx, entries, n);
	for (i = 0; !ret && i < n; i++)
		of[i]->fd = entries[i].fd;
	return ret;
}

/*
 * Makes the holder let files go, and closes them here. The last close waits for the
 * reset, which would block the holder, so the files are fetched first.
 */
static int end_files(struct session *session, enum which which)
{
	int ret;

	if (session_ask(session, FETCH, which, NULL))
		vlu_log(session->ctx, VLU_LOG_DEBUG, "%s", vlu_error(session->ctx));
	ret = session_ask(session, LET_GO, which, NULL);
	session_close(session, which);
	return ret;
}

int session_leave(struct step *step)
{
	return end_files(step->plan->data, LEAVING);
}

int session_drop(struct step *step)
{
	struct member *member = session_member(step);

	close_one(step->plan->data, member);
	return held_drop(step->plan->ctx, "%s", member->key);
}

int session_end(struct session *session, const char *word)
{
	struct vlu_ctx *ctx = session->ctx;
	/* Settle first: a half-released session would look like one that was never retrieved. */
	int ret = settle(ctx, session->name, word);

	if (!ret)
		ret = end_files(session, ALL);
	if (!ret)
		ret = held_drop(ctx, "iommufd/%s", session->name);
	if (!ret)
		ret = held_drop(ctx, "session/%s", session->name);
	if (!ret)
		manifest_remove(ctx, session->name);
	if (!ret)
		moments_remove(ctx, RUN_DIR, session->name);
	return ret;
}

void session_note(struct session *session, enum moment_kind kind, enum which which)
{
	struct moments moments = { 0 };
	size_t i;

	for (i = 0; i < session->n_devices; i++)
		if (member_is(&session->members[i], which))
			moments_note(session->ctx, &session->moments, kind, &session->members[i].bdf);
	moments_read(session->ctx, RUN_DIR, session->name, &moments);
	moments_merge(&moments, &session->moments);
	moments_sort(&moments);
	moments_write(session->ctx, RUN_DIR, session->name, &moments);
	moments_free(&moments);
}

int session_add_bound(struct session *session)
{
	struct vlu_ctx *ctx = session->ctx;
	struct vlu_device *dev;
	size_t i;
	int ret;

	ret = vlu_devices_read(ctx);
	for (i = 0; !ret && i < vlu_device_count(ctx); i++) {
		dev = vlu_device_at(ctx, i);
		if (strcmp(dev->driver, VFIO_DRIVER) == 0)
			ret = session_add(session, dev->name, false);
	}
	return ret;
}

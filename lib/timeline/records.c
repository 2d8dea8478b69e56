/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes, reads and prunes the records of finished updates. */
#include <json-c/json.h>

#include "base/array.h"
#include "base/attr.h"
#include "formats/cmdline.h"
#include "ledger/ledger.h"
#include "machine/kernel.h"
#include "machine/kernel-log.h"
#include "timeline/update.h"

void update_kexec(struct vlu_ctx *ctx, const struct vlu_session *session,
		  struct moments *moments)
{
	char line[8192], word[MOMENT_SIZE], at[MOMENT_SIZE];
	struct moments disk = { 0 };
	const struct noted *noted;
	struct moment loaded;
	size_t i;

	if (attr_read(ctx, line, sizeof(line), "/proc/cmdline") < 0 ||
	    !cmdline_get(line, KEXEC_WORD, word, sizeof(word)))
		return;
	loaded = moment_parse(word);
	moments_add(moments, LOADED, NULL, &loaded);
	moments_read(ctx, STATE_DIR, KEXEC_MOMENTS, &disk);
	noted = moments_find(&disk, LOADED, NULL);
	for (i = 0; noted && strcmp(moment_format(&noted->at, at), word) == 0 && i < disk.n; i++)
		if (!disk.noted[i].of_device || member_of(session, disk.noted[i].bdf))
			moments_add(moments, disk.noted[i].kind,
				    disk.noted[i].of_device ? &disk.noted[i].bdf : NULL,
				    &disk.noted[i].at);
	moments_free(&disk);
}

/* Adds the starts of this kernel and of init, by its current clocks. */
static void add_start(struct vlu_ctx *ctx, struct moments *moments)
{
	const struct klog *log = klog_get(ctx);
	struct moment now = moment_now(ctx), at = MOMENT_UNKNOWN;

	if (!is_moment(&now))
		return;
	at.time.wall = now.time.wall - now.time.boot;
	at.time.boot = 0;
	moments_add(moments, KERNEL_ENTERED, NULL, &at);
	if (!log || log->init_started < 0)
		return;
	at.time.boot = log->init_started * 1000;
	at.time.wall += at.time.boot;
	moments_add(moments, INIT_STARTED, NULL, &at);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

struct names {
	size_t n;
	char **at;
};

/* The name of a record begins with its number. A file with another name is not a record. */
static bool is_record_name(const char *name)
{
	return strspn(name, "0123456789") >= 8 && has_suffix(name, ".json");
}

static int add_name(void *arg, const char *name)
{
	struct names *names = arg;
	char **at;

	if (!is_record_name(name))
		return 0;
	at = array_add(&names->at, &names->n);
	if (!at)
		return -ENOMEM;
	*at = strdup(name);
	return *at ? 0 : -ENOMEM;
}

/* Lists the newest record first: its name begins with the highest number. */
static int list_names(struct vlu_ctx *ctx, struct names *names)
{
	int ret = attr_each(ctx, UPDATES, add_name, names);

	if (ret == -ENOENT)
		return 0;
	if (ret)
		return vlu_failed(ctx, ret, "cannot read " UPDATES);
	if (names->n)
		qsort(names->at, names->n, sizeof(*names->at), by_name);
	return 0;
}

static void free_names(struct names *names)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		free(names->at[i]);
	free(names->at);
}

/* Removes the oldest records. */
static void prune(struct vlu_ctx *ctx)
{
	struct names names = { 0 };
	char path[300];
	size_t i;

	if (list_names(ctx, &names))
		vlu_log(ctx, VLU_LOG_DEBUG, "%s", vlu_error(ctx));
	for (i = UPDATES_KEPT; i < names.n; i++) {
		snprintf(path, sizeof(path), UPDATES "/%s", names.at[i]);
		if (sys_unlink(&ctx->sys, path))
			vlu_log(ctx, VLU_LOG_DEBUG, "cannot remove %s", path);
	}
	free_names(&names);
}

/*
 * Names a record. The number shows which record is the newest. A time would not show it if the
 * wall clock was once ahead.
 */
static int name_record(struct vlu_ctx *ctx, const char *session, char *name, size_t size)
{
	struct names names = { 0 };
	unsigned long number = 1;
	int ret = list_names(ctx, &names);

	if (!ret && names.n)
		number += strtoul(names.at[0], NULL, 10);
	free_names(&names);
	snprintf(name, size, "%08lu-%s.json", number, session);
	return ret;
}

static int write_record(struct vlu_ctx *ctx, const char *session, const char *from_release,
			const struct moments *moments)
{
	_cleanup_free_ char *text = NULL;
	struct json_object *root;
	char release[128], name[120];
	int ret;

	root = moments_object(moments);
	json_object_object_add(root, "session", json_object_new_string(session));
	if (from_release)
		json_object_object_add(root, "from_release", json_object_new_string(from_release));
	if (host_release(ctx, release, sizeof(release)) == 0)
		json_object_object_add(root, "to_release", json_object_new_string(release));
	text = moments_text(root);
	if (!text)
		return vlu_nomem(ctx);
	ret = sys_mkdir(&ctx->sys, STATE_DIR);
	if (ret)
		return vlu_failed(ctx, ret, "cannot make " STATE_DIR " for " UPDATES);
	ret = name_record(ctx, session, name, sizeof(name));
	return ret ? ret : state_write(ctx, UPDATES, name, text);
}

void update_end(struct vlu_ctx *ctx, const struct vlu_session *session, const char *from_release,
		struct moments *moments)
{
	struct failure first = ctx->failure;

	update_kexec(ctx, session, moments);
	add_start(ctx, moments);
	moments_sort(moments);
	if (write_record(ctx, session->name, from_release, moments))
		vlu_log(ctx, VLU_LOG_WARNING, "%s; vfio-lu timeline will not know of this live update",
			vlu_error(ctx));
	else
		prune(ctx);
	ctx->failure = first;
}

/* ---------------------------------------------------------------- reading */

/* The caller gets a pointer to the array. The pool owns the other memory. */
struct list {
	struct pool pool;
	size_t n;
	struct vlu_update updates[UPDATES_KEPT];
};

static int take_record(struct list *list, const char *text, size_t size)
{
	struct vlu_update *update = &list->updates[list->n];
	const char *session, *from, *to;
	struct moments moments = { 0 };
	struct json_object *root;
	int ret;

	root = moments_parse(text, size, &moments);
	session = moments_get(root, "session");
	ret = is_session_name(session) ? update_make(&list->pool, &moments, update) : -EBADMSG;
	if (!ret) {
		from = moments_get(root, "from_release");
		to = moments_get(root, "to_release");
		update->session = pool_text(&list->pool, session, 64);
		update->from_release = *from ? pool_text(&list->pool, from, 128) : NULL;
		update->to_release = *to ? pool_text(&list->pool, to, 128) : NULL;
		ret = !update->session ? -ENOMEM : update->n_phases ? 0 : -EBADMSG;
	}
	json_object_put(root);
	moments_free(&moments);
	list->n += !ret;
	return ret;
}

static int read_record(struct vlu_ctx *ctx, struct list *list, const char *name)
{
	_cleanup_free_ char *text = NULL;
	char path[300];
	size_t size;
	int mode, ret;

	snprintf(path, sizeof(path), UPDATES "/%s", name);
	mode = sys_mode(&ctx->sys, path);
	/* opening a FIFO would block */
	ret = mode < 0 ? mode : (mode & 0170000) != 0100000 ? -EBADMSG :
	      attr_read_all(ctx, path, MOMENTS_MAX, &text, &size);
	if (ret == -EACCES || ret == -EPERM)
		return vlu_failed(ctx, ret, "cannot read %s", path);
	if (!ret)
		ret = take_record(list, text, size);
	if (ret == -ENOMEM)
		return vlu_nomem(ctx);
	if (ret)
		vlu_log(ctx, VLU_LOG_WARNING, ret == -EBADMSG ? "%s is not a record of a live update" :
			"cannot read %s: %s", path, strerror(-ret));
	return 0;
}

int vlu_updates_read(struct vlu_ctx *ctx, struct vlu_update **ret_updates, size_t *ret_n)
{
	struct list *list = calloc(1, sizeof(*list));
	struct names names = { 0 };
	size_t i;
	int ret;

	ret = list ? list_names(ctx, &names) : vlu_nomem(ctx);
	for (i = 0; !ret && i < names.n && i < UPDATES_KEPT; i++)
		ret = read_record(ctx, list, names.at[i]);
	free_names(&names);
	if (ret) {
		pool_end(list);
		return ret;
	}
	*ret_updates = list->updates;
	*ret_n = list->n;
	return 0;
}

void vlu_updates_free(struct vlu_update *updates)
{
	if (updates)
		pool_end((char *)updates - offsetof(struct list, updates));
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/array.h"
#include "base/text.h"
#include "holder/exchange.h"
#include "holder/recorded.h"
#include "machine/systemd.h"
#include "uapi/liveupdate.h"
#include "service.h"

/* For functions whose last arguments are those of printf(): sets key. */
#define SET_KEY(key, fmt) do {				\
	va_list args;					\
	va_start(args, fmt);				\
	vsnprintf(key, HOLDER_KEY, fmt, args);		\
	va_end(args);					\
} while (0)

/* Returns what follows "KIND/SESSION/", or NULL. */
static const char *split(const char *key, const char *kind, char session[64])
{
	const char *slash;
	size_t len = strlen(kind);

	if (strncmp(key, kind, len) != 0)
		return NULL;
	key += len;
	slash = strchr(key, '/');
	return slash && take_text(session, 64, key, (size_t)(slash - key)) ? slash + 1 : NULL;
}

bool held_device(const char *key, char session[64], struct vlu_bdf *ret_bdf)
{
	const char *rest = split(key, "device/", session);

	return rest && vlu_bdf_parse(rest, ret_bdf) == 0;
}

bool held_file(const char *key, char session[64], char ret_file[FILE_NAME])
{
	const char *rest = split(key, "file/", session);

	if (!rest || !is_file_name(rest))
		return false;
	strcpy(ret_file, rest);
	return true;
}

bool held_member(const char *key, char session[64], char name[FILE_NAME])
{
	struct vlu_bdf bdf;

	if (!held_device(key, session, &bdf))
		return held_file(key, session, name);
	vlu_bdf_format(bdf, name);
	return true;
}

bool held_has_word(const char *value, const char *word)
{
	size_t len = strlen(word);
	const char *p;

	for (p = value; (p = strstr(p, word)); p++)
		if ((p == value || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
	return false;
}

static int failed(struct vlu_ctx *ctx, int err, const char *what, const char *key)
{
	switch (err) {
	case -ENOENT:
		return vlu_fail(ctx, FAIL_LOST, err,
				"no holder has %s: the holder was killed, and its sessions are lost",
				key);
	case -EHOSTDOWN:
		return vlu_fail(ctx, FAIL_HOLDER_SILENT, -ETIMEDOUT, "the holder ended, and its service "
				"manager has not started it again within %u s",
				holder_patience(ctx));
	case -ETIME:
		return vlu_fail(ctx, FAIL_HOLDER_SILENT, -ETIMEDOUT, "cannot %s %s in the holder: "
				"systemd, which the holder waits for, does not answer; see "
				"systemctl status, then repeat the command", what, key);
	default:
		return vlu_fail(ctx, err == -ETIMEDOUT ? VLU_BUSY : VLU_FAILED, err,
				"cannot %s %s in the holder: %s", what, key, strerror(-err));
	}
}

static int take_items(struct held *held, char *reply, size_t *ret_total)
{
	char *line, *rest, *tab, *save = NULL;
	struct held_item *item;
	long pid, total;

	line = strtok_r(reply, "\n", &save);
	pid = strtol(line + 2, &rest, 10);
	total = strtol(rest, NULL, 10);
	if (pid <= 0 || total < 0 || total > HOLDER_ITEMS)
		return -EPROTO;
	held->pid = (pid_t)pid;
	*ret_total = (size_t)total;
	while ((line = strtok_r(NULL, "\n", &save))) {
		tab = strchr(line, '\t');
		if (!tab || held->n >= (size_t)total)
			return -EPROTO;
		*tab = '\0';
		item = array_add(&held->items, &held->n);
		if (!item)
			return -ENOMEM;
		if (strlen(line) >= sizeof(item->key) ||
		    strlen(tab + 1) >= sizeof(item->value))
			return -EPROTO;
		strcpy(item->key, line);
		strcpy(item->value, tab + 1);
	}
	return 0;
}

static int cannot_ask(struct vlu_ctx *ctx, int err)
{
	if (err == -EHOSTDOWN && ctx->sys.read_only)
		return vlu_fail(ctx, FAIL_HOLDER_SILENT, -ETIMEDOUT, "the holder ended, and its service "
				"manager is starting it again");
	if (err == -EHOSTDOWN)
		return failed(ctx, err, "ask", "it");
	if (err == -ETIMEDOUT)
		return vlu_fail(ctx, FAIL_HOLDER_SILENT, err, "the holder did not answer within %u s",
				holder_patience(ctx));
	return vlu_failed(ctx, err, "cannot ask the holder");
}

static enum vlu_holder found_by(int ret)
{
	switch (ret) {
	case 0:
		return VLU_HOLDER_ANSWERS;
	case -ENOENT:
		return VLU_HOLDER_NONE;
	case -EHOSTDOWN:
		return VLU_HOLDER_RESTARTING;
	case -EACCES:
	case -EPERM:
		return VLU_HOLDER_UNSEEN;
	default:
		return VLU_HOLDER_SILENT;
	}
}

static int ask_holder(struct vlu_ctx *ctx, struct held *held)
{
	char reply[HOLDER_PACKET + 1], request[32];
	size_t total, before;
	int ret;

	do {
		before = held->n;
		snprintf(request, sizeof(request), "list %zu", held->n);
		ret = holder_ask(ctx, request, reply, NULL, 0);
		if (!ret)
			ret = take_items(held, reply, &total);
	} while (!ret && held->n < total && held->n > before);
	return ret;
}

int held_read(struct vlu_ctx *ctx, struct held *ret_held)
{
	_cleanup_free_ char *answer = NULL;
	struct held held = { .pid = -1 };
	size_t total;
	int ret;

	ret = ask_holder(ctx, &held);
	if (ret == -ENOENT && !ctx->sys.root_is_slash) {
		ret = answer_read(ctx, &answer);
		if (!ret)
			ret = take_items(&held, answer, &total);
	}
	if (ret != -ENOENT)
		answer_note(ctx, &held, ret);
	held.found = found_by(ret);
	if (ret) {
		held_free(&held);
		held.pid = -1;
		ret = cannot_ask(ctx, ret);
	}
	*ret_held = held;
	return ret;
}

void held_free(struct held *held)
{
	free(held->items);
	held->items = NULL;
	held->n = 0;
}

const char *held_find(const struct held *held, const char *fmt, ...)
{
	char key[HOLDER_KEY];
	size_t i;

	SET_KEY(key, fmt);
	for (i = 0; i < held->n; i++)
		if (strcmp(held->items[i].key, key) == 0)
			return held->items[i].value;
	return NULL;
}

int held_await(struct vlu_ctx *ctx)
{
	char reply[HOLDER_PACKET + 1];
	int ret = holder_ask(ctx, "list 0", reply, NULL, 0);

	return ret ? cannot_ask(ctx, ret) : 0;
}

int held_start(struct vlu_ctx *ctx)
{
	/* broadcast_signal() of systemd-shutdown spares processes whose argv[0] begins with '@' */
	static const char *const argv[] = { "@vfio-lu", "hold", NULL };
	long long deadline = vlu_now() + ctx->timeout * 1000LL;
	int pid, ret;

	/* a second holder would take the socket of a holder that is being restarted with its files */
	ret = held_await(ctx);
	if (ret != -ENOENT)
		return ret;
	if (systemd_is_running(ctx) && service_is_installed(ctx)) {
		ret = service_start(ctx);
		if (ret)
			return ret;
		return held_await(ctx) == 0 ? 0 :
		       vlu_fail(ctx, FAIL_HOLDER_ENDED, -EIO, SERVICE_UNIT " was started, but does not "
				"answer; see journalctl -u " SERVICE_UNIT);
	}
	pid = sys_spawn(&ctx->sys, ctx->holder ? ctx->holder : "vfio-lu",
			(char *const *)argv, SYS_SPAWN_DETACH, NULL, 0);
	if (pid < 0)
		return vlu_failed(ctx, pid, "cannot start the holder");
	/* no service manager restarts this holder, so it is enough to watch its process */
	while (holder_pid_now(ctx) < 0) {
		ret = sys_reap(&ctx->sys, pid);
		if (ret >= 0)
			return vlu_fail(ctx, FAIL_HOLDER_ENDED, -EIO,
					"the holder ended at once, with exit status %d; "
					"run 'vfio-lu hold' to see why", ret);
		if (vlu_now() >= deadline)
			return vlu_fail(ctx, FAIL_HOLDER_SILENT, -ETIMEDOUT,
					"the holder (pid %d) did not answer within %u s",
					pid, ctx->timeout);
		vlu_sleep(1);
	}
	return 0;
}

/* Writes "VERB KEY..." with as many entries as fit into a packet. Returns their number. */
static size_t write_request(char request[HOLDER_PACKET + 1], const char *verb,
			    const struct held_entry *entries, size_t n, const char *value)
{
	size_t used = (size_t)sprintf(request, "%s", verb), i, len;

	for (i = 0; i < n && i < HOLDER_FILES; i++) {
		len = strlen(entries[i].key) + (value ? strlen(value) + 1 : 0) + 1;
		if (used + len > HOLDER_PACKET)
			break;
		used += (size_t)sprintf(request + used, "%s%s%s%s", i ? "\n" : "",
					entries[i].key, value ? "\n" : "", value ? value : "");
	}
	return i;
}

int held_put_all(struct vlu_ctx *ctx, const struct held_entry *entries, size_t n,
		 const char *value)
{
	char request[HOLDER_PACKET + 1];
	int fds[HOLDER_FILES], ret = 0;
	bool files = n && entries->fd >= 0;
	size_t i, some;

	for (; !ret && n; entries += some, n -= some) {
		some = write_request(request, "put ", entries, n, value);
		for (i = 0; i < some; i++)
			fds[i] = entries[i].fd;
		ret = holder_change(ctx, request, fds, files ? some : 0, files ? -EEXIST : 0);
		if (ret)
			ret = failed(ctx, ret, "keep", entries->key);
	}
	return ret;
}

int held_put(struct vlu_ctx *ctx, int fd, const char *value, const char *fmt, ...)
{
	struct held_entry entry = { .fd = fd };

	SET_KEY(entry.key, fmt);
	return held_put_all(ctx, &entry, 1, value);
}

int held_get_all(struct vlu_ctx *ctx, struct held_entry *entries, size_t n)
{
	char request[HOLDER_PACKET + 1], reply[HOLDER_PACKET + 1];
	size_t i, some, done = 0;
	int fds[HOLDER_FILES], ret = 0;

	for (; !ret && done < n; done += ret ? 0 : some) {
		some = write_request(request, "get ", entries + done, n - done, NULL);
		ret = holder_ask(ctx, request, reply, fds, some);
		if (ret)
			ret = failed(ctx, ret, "find", entries[done].key);
		for (i = 0; !ret && i < some; i++)
			entries[done + i].fd = fds[i];
	}
	while (ret && done) {
		sys_close(&ctx->sys, entries[--done].fd);
		entries[done].fd = -1;
	}
	return ret;
}

int held_get(struct vlu_ctx *ctx, int *ret_fd, const char *fmt, ...)
{
	struct held_entry entry = { .fd = -1 };
	int ret;

	SET_KEY(entry.key, fmt);
	ret = held_get_all(ctx, &entry, 1);
	if (!ret)
		*ret_fd = entry.fd;
	return ret;
}

int held_retrieve_session(struct vlu_ctx *ctx, const char *session)
{
	long long deadline = vlu_now() + ctx->timeout * 1000LL;
	char request[HOLDER_KEY + 16];
	int ret;

	snprintf(request, sizeof(request), "retrieve session/%s", session);
	/*
	 * The holder does not wait until /dev/liveupdate is free, so we ask again. It may have
	 * the session already: systemd, from 261 on, keeps the session during the kexec and gives
	 * it to the holder.
	 */
	progress_begin(ctx, ctx->timeout, "waiting until the kernel gives session %s to the holder",
		       session);
	while ((ret = holder_change(ctx, request, NULL, 0, -EEXIST)) == -EBUSY &&
	       vlu_now() < deadline)
		vlu_sleep(20);
	progress_end(ctx);
	if (!ret || ret == -EEXIST)
		return 0;
	if (ret == -EHOSTDOWN || ret == -ETIMEDOUT)
		return failed(ctx, ret, "retrieve", request + strlen("retrieve "));
	/* the kernel was not asked, so the session may still be there */
	if (ret == -ENOENT)
		return vlu_fail(ctx, FAIL_HOLDER_ENDED, -ECONNRESET, "the holder ended before it "
				"had session %s; repeat: vfio-lu restore --session %s", session, session);
	return luo_retrieve_session_failed(ctx, session, ret == HOLDER_NO_SESSION ? -ENOENT : ret);
}

int held_drop_all(struct vlu_ctx *ctx, const struct held_entry *entries, size_t n)
{
	char request[HOLDER_PACKET + 1];
	size_t some;
	int ret = 0;

	for (; !ret && n; entries += some, n -= some) {
		some = write_request(request, "drop ", entries, n, NULL);
		ret = holder_change(ctx, request, NULL, 0, -ENOENT);
		ret = ret && ret != -ENOENT ? failed(ctx, ret, "drop", entries->key) : 0;
	}
	return ret;
}

int held_settle(struct vlu_ctx *ctx)
{
	int ret = holder_change(ctx, "settle", NULL, 0, 0);

	/* EINVAL: the holder runs an older program without settle */
	return ret && ret != -EINVAL ? failed(ctx, ret, "change", "the kept files") : 0;
}

int held_drop(struct vlu_ctx *ctx, const char *fmt, ...)
{
	struct held_entry entry = { .fd = -1 };

	SET_KEY(entry.key, fmt);
	return held_drop_all(ctx, &entry, 1);
}

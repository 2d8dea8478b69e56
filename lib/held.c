/* SPDX-License-Identifier: GPL-2.0-only */
#include "held.h"
#include "liveupdate.h"
#include "service.h"

void held_session_key(char key[HOLDER_KEY], const char *session)
{
	snprintf(key, HOLDER_KEY, "session/%s", session);
}

void held_iommufd_key(char key[HOLDER_KEY], const char *session)
{
	snprintf(key, HOLDER_KEY, "iommufd/%s", session);
}

void held_device_key(char key[HOLDER_KEY], const char *session, struct vlu_bdf bdf)
{
	char name[VLU_BDF_SIZE];

	snprintf(key, HOLDER_KEY, "device/%s/%s", session, vlu_bdf_format(bdf, name));
}

void held_file_key(char key[HOLDER_KEY], const char *session, const char *file)
{
	snprintf(key, HOLDER_KEY, "file/%s/%s", session, file);
}

/* What follows "KIND/SESSION/", or NULL. */
static const char *split(const char *key, const char *kind, char session[64])
{
	const char *slash;
	size_t len = strlen(kind);

	if (strncmp(key, kind, len) != 0)
		return NULL;
	key += len;
	slash = strchr(key, '/');
	len = slash ? (size_t)(slash - key) : 64;
	if (len >= 64)
		return NULL;
	memcpy(session, key, len);
	session[len] = '\0';
	return slash + 1;
}

bool held_device(const char *key, char session[64], struct vlu_bdf *ret_bdf)
{
	const char *rest = split(key, "device/", session);

	return rest && vlu_bdf_parse(rest, ret_bdf) == 0;
}

bool held_file(const char *key, char session[64], char ret_file[FILE_NAME])
{
	const char *rest = split(key, "file/", session);

	if (!rest || !file_name(rest))
		return false;
	strcpy(ret_file, rest);
	return true;
}

bool held_says(const char *value, const char *word)
{
	size_t len = strlen(word);
	const char *p;

	for (p = value; (p = strstr(p, word)); p++)
		if ((p == value || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
	return false;
}

/*
 * Whoever has begun to change something does not give up in the middle for a
 * holder that is slow: the plan runs under its own lock inside the session's.
 */
static unsigned int patience(const struct vlu_ctx *ctx)
{
	return ctx->lock_depth > 1 && ctx->timeout < 60 ? 60 : ctx->timeout;
}

/*
 * One request and its reply. -ENOENT: there is no holder, or it has no such
 * thing; -ECONNRESET: it took the request and gave no answer. The first n_send
 * of fds go along; else n_want come and are put there.
 */
static int ask_once(struct vlu_ctx *ctx, const char *request, char reply[HOLDER_PACKET + 1],
		    int *fds, size_t n_send, size_t n_want)
{
	long long deadline = vlu_now() + patience(ctx) * 1000LL, left;
	int conn, came[HOLDER_FILES];
	size_t n_came = HOLDER_FILES;
	ssize_t n;

	while ((conn = sys_connect(&ctx->sys, HOLDER_SOCKET)) == -EAGAIN) {
		if (vlu_now() >= deadline)
			return -ETIMEDOUT;
		vlu_sleep(5);
	}
	/* A socket that nobody listens at is what a killed holder leaves. */
	if (conn == -ECONNREFUSED)
		conn = -ENOENT;
	if (conn < 0)
		return conn;
	n = sys_send(&ctx->sys, conn, request, strlen(request), fds, n_send);
	left = deadline - vlu_now();
	if (n >= 0)
		n = sys_wait(&ctx->sys, &conn, 1, left > 0 ? (int)left : 0);
	if (n >= 0)
		n = sys_recv(&ctx->sys, conn, reply, HOLDER_PACKET, came, &n_came);
	sys_close(&ctx->sys, conn);
	if (n < 0)
		n_came = 0;
	if (n == 0 || n == -EPIPE)
		n = -ECONNRESET;
	if (n > 0)
		reply[n] = '\0';
	if (n > 0 && strncmp(reply, "error ", 6) == 0) {
		n = strtol(reply + 6, NULL, 10);
		n = n > 0 && n < 4096 ? -n : -EPROTO;
	} else if (n > 0 && (strncmp(reply, "ok", 2) != 0 || (reply[2] && reply[2] != ' ') ||
			     n_came != n_want)) {
		n = -EPROTO;
	}
	if (n > 0 && n_want)
		memcpy(fds, came, n_want * sizeof(*fds));
	while (n <= 0 && n_came)
		sys_close(&ctx->sys, came[--n_came]);
	return n < 0 ? (int)n : 0;
}

/* If it has ended while we asked, the second time there is none. */
static int ask(struct vlu_ctx *ctx, const char *request, char reply[HOLDER_PACKET + 1],
	       int *fds, size_t n_want)
{
	int ret = ask_once(ctx, request, reply, fds, 0, n_want);

	return ret == -ECONNRESET ? ask_once(ctx, request, reply, fds, 0, n_want) : ret;
}

/*
 * Where the answer is lost, nobody knows whether it was done; the second time
 * the holder says so, or the third if it was just ending.
 */
static int change(struct vlu_ctx *ctx, const char *request, int *fds, size_t n_send,
		  int done_already)
{
	char reply[HOLDER_PACKET + 1];
	int ret, again = 0;

	do {
		ret = ask_once(ctx, request, reply, fds, n_send, 0);
		if (ret == done_already)
			return again ? 0 : ret;
	} while (ret && ret != -ETIMEDOUT && again++ < 2);
	return ret;
}

static int failed(struct vlu_ctx *ctx, int err, const char *what, const char *key)
{
	if (err == -ENOENT)
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, err,
				"no holder has %s: it was killed, and what it held is lost",
				key);
	return vlu_fail(ctx, err == -ETIMEDOUT ? VLU_BUSY : VLU_FAILED, err,
			"cannot %s %s in the holder: %s", what, key, strerror(-err));
}

static int take_items(struct held *held, char *reply, size_t *ret_total)
{
	char *line, *rest, *tab, *save = NULL;
	struct held_item *items, *item;
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
		items = reallocarray(held->items, held->n + 1, sizeof(*items));
		if (!items)
			return -ENOMEM;
		held->items = items;
		item = &items[held->n++];
		if (strlen(line) >= sizeof(item->key) ||
		    strlen(tab + 1) >= sizeof(item->value))
			return -EPROTO;
		strcpy(item->key, line);
		strcpy(item->value, tab + 1);
	}
	return 0;
}

int held_read(struct vlu_ctx *ctx, struct held *ret_held)
{
	char reply[HOLDER_PACKET + 1], request[32];
	struct held held = { .pid = -1 };
	size_t total, before;
	int ret;

	do {
		before = held.n;
		snprintf(request, sizeof(request), "list %zu", held.n);
		ret = ask(ctx, request, reply, NULL, 0);
		if (!ret)
			ret = take_items(&held, reply, &total);
	} while (!ret && held.n < total && held.n > before);
	if (ret) {
		held_free(&held);
		if (ret == -ETIMEDOUT)
			return vlu_fail(ctx, VLU_BUSY, ret, "the holder did not answer within "
					"%u s", patience(ctx));
		return vlu_fail(ctx, VLU_FAILED, ret, "cannot ask the holder: %s",
				strerror(-ret));
	}
	*ret_held = held;
	return 0;
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
	va_list args;
	size_t i;

	va_start(args, fmt);
	vsnprintf(key, sizeof(key), fmt, args);
	va_end(args);
	for (i = 0; i < held->n; i++)
		if (strcmp(held->items[i].key, key) == 0)
			return held->items[i].value;
	return NULL;
}

static bool answers(struct vlu_ctx *ctx)
{
	char reply[HOLDER_PACKET + 1];

	return ask(ctx, "list 0", reply, NULL, 0) == 0;
}

int held_start(struct vlu_ctx *ctx)
{
	/* broadcast_signal() of systemd-shutdown spares what has '@' there. */
	static const char *const argv[] = { "@vfio-lu", "hold", NULL };
	long long deadline = vlu_now() + ctx->timeout * 1000LL;
	int pid, ret;

	if (answers(ctx))
		return 0;
	if (service_systemd(ctx) && service_installed(ctx)) {
		ret = service_start(ctx);
		if (ret)
			return ret;
		return answers(ctx) ? 0 :
		       vlu_fail(ctx, VLU_FAILED, -EIO, SERVICE_UNIT " was started, but does not "
				"answer; see journalctl -u " SERVICE_UNIT);
	}
	pid = sys_spawn(&ctx->sys, ctx->holder ? ctx->holder : "vfio-lu",
			(char *const *)argv, SYS_SPAWN_DETACH, NULL, 0);
	if (pid < 0)
		return vlu_fail(ctx, VLU_FAILED, pid, "cannot start the holder: %s",
				strerror(-pid));
	while (!answers(ctx)) {
		ret = sys_reap(&ctx->sys, pid);
		if (ret >= 0)
			return vlu_fail(ctx, VLU_FAILED, -EIO,
					"the holder ended at once, with exit status %d; "
					"run 'vfio-lu hold' to see why", ret);
		if (vlu_now() >= deadline)
			return vlu_fail(ctx, VLU_BUSY, -ETIMEDOUT,
					"the holder (pid %d) did not answer within %u s",
					pid, ctx->timeout);
		vlu_sleep(5);
	}
	return 0;
}

/* "VERB KEY..." with as many of the entries as one packet takes: their number. */
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
		ret = change(ctx, request, fds, files ? some : 0, files ? -EEXIST : 0);
		if (ret)
			ret = failed(ctx, ret, "keep", entries->key);
	}
	return ret;
}

int held_put(struct vlu_ctx *ctx, const char *key, const char *value, int fd)
{
	struct held_entry entry = { .fd = fd };

	snprintf(entry.key, sizeof(entry.key), "%s", key);
	return held_put_all(ctx, &entry, 1, value);
}

int held_get_all(struct vlu_ctx *ctx, struct held_entry *entries, size_t n)
{
	char request[HOLDER_PACKET + 1], reply[HOLDER_PACKET + 1];
	size_t i, some, done = 0;
	int fds[HOLDER_FILES], ret = 0;

	for (; !ret && done < n; done += ret ? 0 : some) {
		some = write_request(request, "get ", entries + done, n - done, NULL);
		ret = ask(ctx, request, reply, fds, some);
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

int held_get(struct vlu_ctx *ctx, const char *key, int *ret_fd)
{
	struct held_entry entry = { .fd = -1 };
	int ret;

	snprintf(entry.key, sizeof(entry.key), "%s", key);
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
	 * The holder does not wait for others: it has more to do. It may have
	 * it already: systemd (261 on) carries it and gives it to the holder.
	 */
	while ((ret = change(ctx, request, NULL, 0, -EEXIST)) == -EBUSY && vlu_now() < deadline)
		vlu_sleep(20);
	if (!ret || ret == -EEXIST)
		return 0;
	return luo_retrieve_session_failed(ctx, session, ret);
}

int held_drop_all(struct vlu_ctx *ctx, const struct held_entry *entries, size_t n)
{
	char request[HOLDER_PACKET + 1];
	size_t some;
	int ret = 0;

	for (; !ret && n; entries += some, n -= some) {
		some = write_request(request, "drop ", entries, n, NULL);
		ret = change(ctx, request, NULL, 0, -ENOENT);
		ret = ret && ret != -ENOENT ? failed(ctx, ret, "drop", entries->key) : 0;
	}
	return ret;
}

int held_drop(struct vlu_ctx *ctx, const char *key)
{
	struct held_entry entry = { .fd = -1 };

	snprintf(entry.key, sizeof(entry.key), "%s", key);
	return held_drop_all(ctx, &entry, 1);
}

int held_device_session(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *buf,
			size_t size)
{
	struct vlu_bdf other;
	struct held held;
	char session[64];
	size_t i;
	int ret;

	ret = held_read(ctx, &held);
	if (ret)
		return ret;
	ret = -ENOENT;
	for (i = 0; ret && i < held.n; i++) {
		if (!held_device(held.items[i].key, session, &other) ||
		    vlu_bdf_compare(other, bdf) || strlen(session) >= size)
			continue;
		strcpy(buf, session);
		ret = 0;
	}
	held_free(&held);
	return ret;
}

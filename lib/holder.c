/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The holder: keeps files open under keys, and nothing else, so that there is
 * little in it that can die. What is in those files is the business of those
 * who ask; see held.h for the words.
 */
#include <unistd.h>

#include "attr.h"
#include "holder.h"
#include "liveupdate.h"
#include "request.h"

#define FIRST_WORD_MSEC	30000	/* nobody said what to hold: end */
#define PEER_MSEC	1000	/* a peer that connects and says nothing */
#define SPARE_FILES	32	/* for the socket, its peers and libc */

static struct holder_item *find(struct holder *holder, const char *key)
{
	size_t i;

	for (i = 0; i < holder->n; i++)
		if (strcmp(holder->items[i].key, key) == 0)
			return &holder->items[i];
	return NULL;
}

/* Takes fd over when it returns 0. */
static int add(struct holder *holder, const char *key, const char *value, int fd)
{
	struct holder_item *items, *item;

	if (holder->n >= holder->max)
		return -ENOSPC;
	items = reallocarray(holder->items, holder->n + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	holder->items = items;
	item = &items[holder->n++];
	strcpy(item->key, key);
	strcpy(item->value, value);
	item->fd = fd;
	/* From the first file on it is not to be ended by accident. */
	if (!holder->used)
		sys_harden(&holder->ctx->sys);
	holder->used = true;
	return 0;
}

static int put(struct holder *holder, const struct request *request, int *fd)
{
	struct holder_item *item = find(holder, request->key);
	int ret;

	/* An old file is never replaced: closing it may lose a session. */
	if (item && *fd >= 0)
		return -EEXIST;
	if (!item && *fd < 0)
		return -ENOENT;
	if (!item) {
		ret = add(holder, request->key, request->value, *fd);
		if (ret)
			return ret;
		store_put(&holder->store, request->key, request->value, *fd);
		*fd = -1;
	} else if (strcmp(item->value, request->value) != 0) {
		/* the value is part of the name that it has there */
		store_drop(&holder->store, item->key, item->value);
		store_put(&holder->store, item->key, request->value, item->fd);
		strcpy(item->value, request->value);
	}
	return 0;
}

static int drop(struct holder *holder, const char *key)
{
	struct holder_item *item = find(holder, key);

	if (!item)
		return -ENOENT;
	sys_close(&holder->ctx->sys, item->fd);
	store_drop(&holder->store, item->key, item->value);
	holder->n--;
	memmove(item, item + 1,
		(holder->n - (size_t)(item - holder->items)) * sizeof(*item));
	return 0;
}

static size_t list(struct holder *holder, size_t from, char *reply)
{
	size_t i, len, used;

	used = (size_t)snprintf(reply, HOLDER_PACKET, "ok %d %zu\n", (int)getpid(),
				holder->n);
	for (i = from; i < holder->n; i++) {
		struct holder_item *item = &holder->items[i];

		len = strlen(item->key) + strlen(item->value) + 2;
		if (used + len >= HOLDER_PACKET)
			break;
		used += (size_t)snprintf(reply + used, HOLDER_PACKET - used, "%s\t%s\n",
					 item->key, item->value);
	}
	return used;
}

static int retrieve(struct holder *holder, const char *key)
{
	int fd, ret;

	if (find(holder, key))
		return -EEXIST;
	if (holder->n >= holder->max)
		return -ENOSPC;
	ret = luo_retrieve_session(holder->ctx, key + strlen("session/"), &fd);
	if (ret)
		return ret;
	ret = add(holder, key, "direction=incoming", fd);
	if (ret)
		sys_close(&holder->ctx->sys, fd);
	else
		store_put(&holder->store, key, "direction=incoming", fd);
	return ret;
}

int holder_answer(struct holder *holder, const char *data, size_t size, int *fd,
		  char reply[HOLDER_PACKET], size_t *ret_size)
{
	struct holder_item *item = NULL;
	struct request request;
	int ret;

	ret = request_parse(data, size, &request);
	/* only put has something to send along */
	if (!ret && *fd >= 0 && request.verb != REQUEST_PUT)
		ret = -EINVAL;
	if (!ret && request.verb == REQUEST_LIST) {
		*ret_size = list(holder, request.from, reply);
		return -1;
	}
	if (!ret && request.verb == REQUEST_PUT) {
		ret = put(holder, &request, fd);
	} else if (!ret && request.verb == REQUEST_DROP) {
		ret = drop(holder, request.key);
	} else if (!ret && request.verb == REQUEST_RETRIEVE) {
		ret = retrieve(holder, request.key);
	} else if (!ret) {
		item = find(holder, request.key);
		ret = item ? 0 : -ENOENT;
	}
	*ret_size = (size_t)(ret ? snprintf(reply, HOLDER_PACKET, "error %d", -ret) :
				   snprintf(reply, HOLDER_PACKET, "ok"));
	return item ? item->fd : -1;
}

void holder_free(struct holder *holder)
{
	size_t i;

	for (i = 0; i < holder->n; i++)
		sys_close(&holder->ctx->sys, holder->items[i].fd);
	free(holder->items);
	holder->items = NULL;
	holder->n = 0;
}

static void serve(struct holder *holder, int conn)
{
	char request[HOLDER_REQUEST + 1], reply[HOLDER_PACKET];
	struct sys *sys = &holder->ctx->sys;
	int fd = -1, pass = -1;
	size_t size;
	ssize_t n;

	if (sys_wait(sys, &conn, 1, PEER_MSEC) < 0)
		return;
	n = sys_recv(sys, conn, request, sizeof(request), &fd);
	/* an empty packet may bring a file, too, and is no request */
	if (n < 0)
		size = (size_t)snprintf(reply, sizeof(reply), "error %d", (int)-n);
	else
		pass = holder_answer(holder, request, (size_t)n, &fd, reply, &size);
	sys_close(sys, fd);
	sys_send(sys, conn, reply, size, pass);
}

static void take_back(void *arg, const char *key, const char *value, int fd)
{
	struct holder *holder = arg;

	if (!find(holder, key) && add(holder, key, value, fd) == 0)
		return;
	vlu_log(holder->ctx, VLU_LOG_ERROR, "closing %s, given back twice or one too many",
		key);
	sys_close(&holder->ctx->sys, fd);
}

/*
 * One holder at a time. One that is just ending is waited for: it removes its
 * socket last, and must not remove ours.
 */
static int take_place(struct vlu_ctx *ctx, int *ret_lock)
{
	long long deadline = vlu_now() + ctx->timeout * 1000LL;
	struct held held;
	int lock;
	pid_t pid;

	while ((lock = sys_lock(&ctx->sys, RUN_DIR "/holder.lock")) == -EWOULDBLOCK &&
	       vlu_now() < deadline) {
		if (held_read(ctx, &held) == 0) {
			pid = held.pid;
			held_free(&held);
			return vlu_fail(ctx, VLU_BUSY, -EBUSY, "a holder runs already: pid %d",
					(int)pid);
		}
		vlu_sleep(10);
	}
	if (lock == -EWOULDBLOCK)
		return vlu_fail(ctx, VLU_BUSY, -EBUSY, "another holder runs, and does not answer");
	if (lock < 0)
		return vlu_fail(ctx, VLU_FAILED, lock, "cannot take " RUN_DIR "/holder.lock: %s",
				strerror(-lock));
	*ret_lock = lock;
	return 0;
}

int vlu_hold(struct vlu_ctx *ctx)
{
	struct holder holder = { .ctx = ctx };
	struct sys *sys = &ctx->sys;
	int listener, lock = -1, conn, ret;
	uid_t uid;
	pid_t pid;

	ret = sys_mkdir(sys, RUN_DIR);
	if (ret)
		return vlu_fail(ctx, VLU_FAILED, ret, "cannot make " RUN_DIR ": %s",
				strerror(-ret));
	ret = take_place(ctx, &lock);
	if (ret)
		return ret;
	ctx->timeout = 0;	/* who asks can wait, the holder cannot */
	/* Its memory holds customers' devices: the OOM killer looks elsewhere. */
	ret = attr_write(ctx, "/proc/self/oom_score_adj", "-1000");
	if (ret)
		vlu_log(ctx, VLU_LOG_DEBUG, "oom_score_adj: %s", strerror(-ret));
	ret = sys_max_files(sys);
	holder.max = ret > SPARE_FILES && ret - SPARE_FILES < HOLDER_ITEMS ?
		     (size_t)ret - SPARE_FILES : HOLDER_ITEMS;
	store_init(&holder.store, ctx);
	store_take(&holder.store, take_back, &holder);
	listener = sys_listen(sys, HOLDER_SOCKET);
	if (listener < 0) {
		/* What the service manager gave back it still has. */
		holder_free(&holder);
		sys_close(sys, lock);
		return vlu_fail(ctx, VLU_FAILED, listener, "cannot listen at "
				HOLDER_SOCKET ": %s", strerror(-listener));
	}
	store_ready(&holder.store);
	while (holder.n || !holder.used) {
		ret = sys_wait(sys, &listener, 1, holder.used ? -1 : FIRST_WORD_MSEC);
		if (ret == -ETIMEDOUT)
			break;
		conn = ret < 0 ? ret : sys_accept(sys, listener, &pid, &uid);
		if (conn < 0)
			continue;
		/* The socket is 0600 in a 0700 directory; this is the second lock. */
		if (uid == sys_euid(sys) || uid == 0)
			serve(&holder, conn);
		sys_close(sys, conn);
	}
	sys_unlink(sys, HOLDER_SOCKET);
	sys_close(sys, listener);
	holder_free(&holder);
	sys_close(sys, lock);
	return 0;
}

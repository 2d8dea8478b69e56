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

static int make_room(struct holder *holder, size_t more)
{
	struct holder_item *items;

	if (holder->n + more > holder->max)
		return -ENOSPC;
	items = reallocarray(holder->items, holder->n + more, sizeof(*items));
	if (!items)
		return -ENOMEM;
	holder->items = items;
	return 0;
}

/* Into the room that was made; takes fd over. */
static void add(struct holder *holder, const char *key, const char *value, int fd)
{
	struct holder_item *item = &holder->items[holder->n++];

	strcpy(item->key, key);
	strcpy(item->value, value);
	item->fd = fd;
	/* From the first file on it is not to be ended by accident. */
	if (!holder->used)
		sys_harden(&holder->ctx->sys);
	holder->used = true;
}

static void change(struct holder *holder, struct holder_item *item, const char *value)
{
	if (strcmp(item->value, value) == 0)
		return;
	/* the value is part of the name that it has there */
	store_drop(&holder->store, item->key, item->value);
	store_put(&holder->store, item->key, value, item->fd);
	strcpy(item->value, value);
}

/* With a file for each they are new, without any they are there; or nothing is done. */
static int put(struct holder *holder, const struct request *request, struct packet *packet)
{
	struct holder_item *item;
	size_t i;
	int ret;

	if (packet->n && packet->n != request->n)
		return -EINVAL;
	for (i = 0; i < request->n; i++) {
		item = find(holder, request->items[i].key);
		/* An old file is never replaced: closing it may lose a session. */
		if (item && packet->n)
			return -EEXIST;
		if (!item && !packet->n)
			return -ENOENT;
	}
	ret = packet->n ? make_room(holder, request->n) : 0;
	for (i = 0; !ret && i < request->n; i++) {
		const char *key = request->items[i].key, *value = request->items[i].value;

		if (packet->n) {
			add(holder, key, value, packet->fds[i]);
			store_put(&holder->store, key, value, packet->fds[i]);
		} else {
			change(holder, find(holder, key), value);
		}
	}
	if (!ret)
		packet->n = 0;
	return ret;
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

static int drop_all(struct holder *holder, const struct request *request)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < request->n; i++)
		if (drop(holder, request->items[i].key))
			ret = -ENOENT;
	return ret;
}

static int get(struct holder *holder, const struct request *request, struct packet *reply)
{
	struct holder_item *item;
	size_t i;

	for (i = 0; i < request->n; i++) {
		item = find(holder, request->items[i].key);
		if (!item)
			return -ENOENT;
		reply->fds[i] = item->fd;
	}
	reply->n = request->n;
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
	ret = make_room(holder, 1);
	if (!ret)
		ret = luo_retrieve_session(holder->ctx, key + strlen("session/"), &fd);
	if (ret)
		return ret;
	add(holder, key, "direction=incoming", fd);
	store_put(&holder->store, key, "direction=incoming", fd);
	return 0;
}

void holder_answer(struct holder *holder, struct packet *packet, struct packet *reply)
{
	struct request request;
	int ret;

	reply->n = 0;
	ret = request_parse(packet->data, packet->size, &request);
	/* only put has something to send along */
	if (!ret && packet->n && request.verb != REQUEST_PUT)
		ret = -EINVAL;
	if (!ret && request.verb == REQUEST_LIST) {
		reply->size = list(holder, request.from, reply->data);
		return;
	}
	if (!ret && request.verb == REQUEST_PUT)
		ret = put(holder, &request, packet);
	else if (!ret && request.verb == REQUEST_DROP)
		ret = drop_all(holder, &request);
	else if (!ret && request.verb == REQUEST_RETRIEVE)
		ret = retrieve(holder, request.items[0].key);
	else if (!ret)
		ret = get(holder, &request, reply);
	reply->size = (size_t)(ret ? snprintf(reply->data, HOLDER_PACKET, "error %d", -ret) :
				     snprintf(reply->data, HOLDER_PACKET, "ok"));
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
	struct sys *sys = &holder->ctx->sys;
	struct packet packet, reply;
	ssize_t n;
	size_t i;

	if (sys_wait(sys, &conn, 1, PEER_MSEC) < 0)
		return;
	packet.n = ARRAY_SIZE(packet.fds);
	n = sys_recv(sys, conn, packet.data, sizeof(packet.data), packet.fds, &packet.n);
	if (n < 0) {
		reply.n = 0;
		reply.size = (size_t)snprintf(reply.data, sizeof(reply.data), "error %d",
					      (int)-n);
	} else {
		/* an empty packet may bring files, too, and is no request */
		packet.size = (size_t)n;
		holder_answer(holder, &packet, &reply);
		for (i = 0; i < packet.n; i++)
			sys_close(sys, packet.fds[i]);
	}
	sys_send(sys, conn, reply.data, reply.size, reply.fds, reply.n);
}

static void take_back(void *arg, const char *key, const char *value, int fd)
{
	struct holder *holder = arg;

	if (!find(holder, key) && make_room(holder, 1) == 0) {
		add(holder, key, value, fd);
		return;
	}
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

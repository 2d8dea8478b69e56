/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The holder only keeps files open under keys, and retrieves sessions, so that little can go
 * wrong. client.h has the protocol.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/attr.h"
#include "holder/exchange.h"
#include "holder/process.h"

#define FIRST_WORD_MSEC	30000	/* before the first file: end after this time without a client */
#define PEER_MSEC	1000	/* for a client that connects and sends nothing */
#define TIDY_MSEC	200	/* between attempts to store unsent files */
#define SPARE_FILES	32	/* for the socket, its clients and libc */

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
		/* an empty packet is no request, but may contain files, which must be closed */
		packet.size = (size_t)n;
		holder->peer = &conn;
		holder_answer(holder, &packet, &reply);
		holder->peer = NULL;
		for (i = 0; i < packet.n; i++)
			sys_close(sys, packet.fds[i]);
	}
	sys_send(sys, conn, reply.data, reply.size, reply.fds, reply.n);
}

static void take_back(void *arg, const struct store_entry *entry)
{
	struct holder *holder = arg;
	struct holder_item *item;
	unsigned int number = entry->number;

	if (holder_find(holder, entry->key) || holder_room(holder, 1)) {
		vlu_log(holder->ctx, VLU_LOG_ERROR, "closing %s: a duplicate, or too many files",
			entry->key);
		sys_close(&holder->ctx->sys, entry->fd);
		return;
	}
	holder_harden(holder);
	if (number)
		holder->numbers[number] = true;
	item = holder_add(holder, number, entry->key, entry->value, entry->fd);
	item->name = entry->name ? strdup(entry->name) : NULL;
	if (entry->unsent)
		store_put(&holder->store, item);
}

/* Rewrites the index from the kept files. */
static void write_index(struct holder *holder)
{
	struct index_line *lines = calloc(holder->n + 1, sizeof(*lines));
	struct holder_item *item;
	int ret = lines ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; !ret && i < holder->n; i++) {
		item = &holder->items[i];
		/* items from the index have taken their numbers by now, so a new one cannot collide */
		if (!item->number)
			item->number = holder_number(holder);
		lines[i] = (struct index_line){ item->number, item->key, item->value };
	}
	if (!ret)
		ret = index_replace(holder->ctx, &holder->store.index, lines, holder->n);
	if (ret)
		vlu_log(holder->ctx, VLU_LOG_WARNING, "cannot write " HOLDER_INDEX " again: %s",
			strerror(-ret));
	free(lines);
}

/* Does pending work between requests. Returns whether any work is left. */
static bool tidy(struct holder *holder)
{
	struct store *store = &holder->store;
	size_t i;

	if (store->on && store->index.size > INDEX_FULL)
		write_index(holder);
	for (i = 0; i < holder->n; i++) {
		if (holder->items[i].unsent)
			store_put(store, &holder->items[i]);
		if (holder->items[i].unsent)
			return true;
	}
	return false;
}

/*
 * Makes sure that only one holder runs. Waits until an ending holder has ended, because it would
 * otherwise remove our socket.
 */
static int take_place(struct vlu_ctx *ctx, int *ret_lock)
{
	long long deadline = vlu_now() + ctx->timeout * 1000LL;
	int lock, pid;

	while ((lock = sys_lock(&ctx->sys, RUN_DIR "/holder.lock")) == -EWOULDBLOCK &&
	       vlu_now() < deadline) {
		pid = holder_pid_now(ctx);
		if (pid > 0)
			return vlu_fail(ctx, VLU_BUSY, -EBUSY, "a holder runs already: pid %d",
					pid);
		vlu_sleep(10);
	}
	if (lock == -EWOULDBLOCK)
		return vlu_fail(ctx, VLU_BUSY, -EBUSY, "another holder runs, and does not answer");
	if (lock < 0)
		return vlu_failed(ctx, lock, "cannot take " RUN_DIR "/holder.lock");
	*ret_lock = lock;
	return 0;
}

/* Takes back the files from the service manager. The note tells clients to wait for a restart. */
static int begin(struct holder *holder)
{
	struct vlu_ctx *ctx = holder->ctx;
	char note[16];
	int ret;

	/* This process is named "exe" if a command has started it as /proc/self/exe. */
	ret = attr_write(ctx, "/proc/self/comm", "vfio-lu");
	if (ret)
		vlu_log(ctx, VLU_LOG_DEBUG, "comm: %s", strerror(-ret));
	/* The holder keeps the devices of guests, so the OOM killer must not end it. */
	ret = attr_write(ctx, "/proc/self/oom_score_adj", "-1000");
	if (ret)
		vlu_log(ctx, VLU_LOG_DEBUG, "oom_score_adj: %s", strerror(-ret));
	ret = sys_max_files(&ctx->sys);
	holder->max = ret > SPARE_FILES && ret - SPARE_FILES < HOLDER_ITEMS ?
		      (size_t)ret - SPARE_FILES : HOLDER_ITEMS;
	holder->dev = sys_open(&ctx->sys, "/dev", O_PATH | O_DIRECTORY);
	store_init(&holder->store, ctx);
	if (!holder->store.on)
		return 0;
	snprintf(note, sizeof(note), "%d\n", (int)getppid());
	ret = sys_replace(&ctx->sys, HOLDER_NOTE, note, strlen(note));
	if (ret)
		vlu_log(ctx, VLU_LOG_WARNING, "cannot write " HOLDER_NOTE ": %s", strerror(-ret));
	ret = store_take(&holder->store, take_back, holder);
	if (ret)
		return ret;
	if (holder->n)
		vlu_log(ctx, VLU_LOG_INFO, "the service manager gave %zu files back; they are kept",
			holder->n);
	write_index(holder);
	return 0;
}

static void end(struct holder *holder)
{
	sys_close(&holder->ctx->sys, holder->dev);
	store_end(&holder->store);
	holder_free(holder);
}

static void serve_all(struct holder *holder, int listener)
{
	struct sys *sys = &holder->ctx->sys;
	int conn, ret;
	uid_t uid;
	pid_t pid;

	while (holder->n || !holder->used) {
		ret = tidy(holder) ? TIDY_MSEC : holder->used ? -1 : FIRST_WORD_MSEC;
		ret = sys_wait(sys, &listener, 1, ret);
		if (ret == -ETIMEDOUT && !holder->used)
			break;
		conn = ret < 0 ? ret : sys_accept(sys, listener, &pid, &uid);
		if (conn < 0)
			continue;
		if (holder->dev >= 0)
			sys_follow(sys, holder->dev);
		/* The socket is 0600 in a 0700 directory; this is a second check. */
		if (uid == sys_euid(sys) || uid == 0)
			serve(holder, conn);
		sys_close(sys, conn);
	}
}

int vlu_hold(struct vlu_ctx *ctx)
{
	struct holder *holder = calloc(1, sizeof(*holder));
	struct sys *sys = &ctx->sys;
	int listener, lock = -1, ret;

	if (!holder)
		return vlu_nomem(ctx);
	holder->ctx = ctx;
	ret = sys_mkdir(sys, RUN_DIR);
	if (ret)
		vlu_failed(ctx, ret, "cannot make " RUN_DIR);
	else
		ret = take_place(ctx, &lock);
	if (ret) {
		free(holder);
		return ret;
	}
	ctx->timeout = 0;	/* clients can wait; the holder must not */
	ret = begin(holder);
	listener = ret ? ret : sys_listen(sys, HOLDER_SOCKET);
	if (ret) {
		/* begin() has told why */
	} else if (listener < 0) {
		/* the service manager still has its duplicates */
		ret = vlu_failed(ctx, listener, "cannot listen at " HOLDER_SOCKET);
	} else {
		store_ready(&holder->store);
		serve_all(holder, listener);
		/* remove the note first, so that no client waits for a restart */
		sys_unlink(sys, HOLDER_NOTE);
		sys_unlink(sys, HOLDER_INDEX);
		sys_unlink(sys, HOLDER_SOCKET);
		sys_close(sys, listener);
	}
	end(holder);
	sys_close(sys, lock);
	free(holder);
	return ret;
}

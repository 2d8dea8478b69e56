/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The holder: keeps files open under keys, and nothing else, so that there is
 * little in it that can die. What is in those files is the business of those
 * who ask; see held.h for the words.
 */
#include <unistd.h>

#include "attr.h"
#include "held.h"

#define FIRST_WORD_MSEC	30000	/* nobody said what to hold: end */
#define PEER_MSEC	1000	/* a peer that connects and says nothing */

struct item {
	char key[HOLDER_KEY];
	char value[HOLDER_VALUE];
	int fd;
};

struct holder {
	struct vlu_ctx *ctx;
	struct item *items;
	size_t n;
	bool used;	/* something was held once */
};

static struct item *find(struct holder *holder, const char *key)
{
	size_t i;

	for (i = 0; i < holder->n; i++)
		if (strcmp(holder->items[i].key, key) == 0)
			return &holder->items[i];
	return NULL;
}

/* Printable and short: it goes into messages and into lines. */
static bool well_formed(const char *text, size_t max, bool spaces)
{
	const char *p;

	for (p = text; *p; p++)
		if (*p < (spaces ? ' ' : '!') || *p > '~')
			return false;
	return (size_t)(p - text) < max;
}

/* Takes fd over when it returns 0. */
static int put(struct holder *holder, char *key, int fd)
{
	struct item *items, *item;
	char *value = strchr(key, '\n');

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (!*key || !well_formed(key, HOLDER_KEY, false) ||
	    !well_formed(value, HOLDER_VALUE, true))
		return -EINVAL;
	item = find(holder, key);
	/* An old file is never replaced: closing it may lose a session. */
	if (item && fd >= 0)
		return -EEXIST;
	if (!item && fd < 0)
		return -ENOENT;
	if (!item) {
		if (holder->n >= HOLDER_ITEMS)
			return -ENOSPC;
		items = reallocarray(holder->items, holder->n + 1, sizeof(*items));
		if (!items)
			return -ENOMEM;
		holder->items = items;
		item = &items[holder->n++];
		strcpy(item->key, key);
		item->fd = fd;
		holder->used = true;
	}
	strcpy(item->value, value);
	return 0;
}

static int drop(struct holder *holder, const char *key)
{
	struct item *item = find(holder, key);

	if (!item)
		return -ENOENT;
	sys_close(&holder->ctx->sys, item->fd);
	holder->n--;
	memmove(item, item + 1,
		(holder->n - (size_t)(item - holder->items)) * sizeof(*item));
	return 0;
}

static size_t list(struct holder *holder, const char *from, char *reply)
{
	size_t i, len, used;
	char *end;
	unsigned long first = strtoul(from, &end, 10);

	if (end == from || *end)
		return (size_t)snprintf(reply, HOLDER_PACKET, "error %d", EINVAL);
	used = (size_t)snprintf(reply, HOLDER_PACKET, "ok %d %zu\n", (int)getpid(),
				holder->n);
	for (i = first; i < holder->n; i++) {
		struct item *item = &holder->items[i];

		len = strlen(item->key) + strlen(item->value) + 2;
		if (used + len >= HOLDER_PACKET)
			break;
		used += (size_t)snprintf(reply + used, HOLDER_PACKET - used, "%s\t%s\n",
					 item->key, item->value);
	}
	return used;
}

static void answer(struct holder *holder, int conn)
{
	char request[HOLDER_PACKET + 1], reply[HOLDER_PACKET];
	struct sys *sys = &holder->ctx->sys;
	int fd = -1, pass = -1, ret = -EINVAL;
	struct item *item;
	size_t size = 0;
	ssize_t n;

	if (sys_wait(sys, &conn, 1, PEER_MSEC) < 0)
		return;
	n = sys_recv(sys, conn, request, HOLDER_PACKET, &fd);
	if (n <= 0)
		return;
	request[n] = '\0';
	if (strlen(request) != (size_t)n) {
		ret = -EINVAL;
	} else if (strncmp(request, "put ", 4) == 0) {
		ret = put(holder, request + 4, fd);
		if (!ret)
			fd = -1;
	} else if (strncmp(request, "get ", 4) == 0) {
		item = find(holder, request + 4);
		ret = item ? 0 : -ENOENT;
		pass = item ? item->fd : -1;
	} else if (strncmp(request, "drop ", 5) == 0) {
		ret = drop(holder, request + 5);
	} else if (strncmp(request, "list ", 5) == 0) {
		size = list(holder, request + 5, reply);
	}
	sys_close(sys, fd);
	if (!size && ret)
		size = (size_t)snprintf(reply, sizeof(reply), "error %d", -ret);
	else if (!size)
		size = (size_t)snprintf(reply, sizeof(reply), "ok");
	sys_send(sys, conn, reply, size, pass);
}

int vlu_hold(struct vlu_ctx *ctx)
{
	struct holder holder = { .ctx = ctx };
	struct sys *sys = &ctx->sys;
	int listener, conn, ret;
	struct held held;
	uid_t uid;
	pid_t pid;
	size_t i;

	ret = sys_mkdir(sys, RUN_DIR);
	if (ret)
		return vlu_fail(ctx, VLU_FAILED, ret, "cannot make " RUN_DIR ": %s",
				strerror(-ret));
	if (held_read(ctx, &held) == 0) {
		pid = held.pid;
		held_free(&held);
		return vlu_fail(ctx, VLU_BUSY, -EBUSY, "a holder runs already: pid %d",
				(int)pid);
	}
	/* Its memory holds customers' devices: the OOM killer looks elsewhere. */
	ret = attr_write(ctx, "/proc/self/oom_score_adj", "-1000");
	if (ret)
		vlu_log(ctx, VLU_LOG_DEBUG, "oom_score_adj: %s", strerror(-ret));
	listener = sys_listen(sys, HOLDER_SOCKET);
	if (listener < 0)
		return vlu_fail(ctx, VLU_FAILED, listener, "cannot listen at "
				HOLDER_SOCKET ": %s", strerror(-listener));
	while (holder.n || !holder.used) {
		ret = sys_wait(sys, &listener, 1, holder.used ? -1 : FIRST_WORD_MSEC);
		if (ret == -ETIMEDOUT)
			break;
		conn = ret < 0 ? ret : sys_accept(sys, listener, &pid, &uid);
		if (conn < 0)
			continue;
		/* The socket is 0600 in a 0700 directory; this is the second lock. */
		if (uid == sys_euid(sys) || uid == 0)
			answer(&holder, conn);
		sys_close(sys, conn);
	}
	sys_unlink(sys, HOLDER_SOCKET);
	sys_close(sys, listener);
	for (i = 0; i < holder.n; i++)
		sys_close(sys, holder.items[i].fd);
	free(holder.items);
	return 0;
}

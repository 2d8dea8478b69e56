/* SPDX-License-Identifier: GPL-2.0-only */
#include <unistd.h>

#include "holder/process.h"
#include "holder/protocol.h"
#include "uapi/liveupdate.h"

struct holder_item *holder_find(struct holder *holder, const char *key)
{
	size_t i;

	for (i = 0; i < holder->n; i++)
		if (strcmp(holder->items[i].key, key) == 0)
			return &holder->items[i];
	return NULL;
}

int holder_room(struct holder *holder, size_t more)
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

void holder_harden(struct holder *holder)
{
	if (!holder->used)
		sys_harden(&holder->ctx->sys);
}

unsigned int holder_number(struct holder *holder)
{
	const bool *numbers = holder->numbers, *free_one;

	free_one = memchr(numbers + 1, false, HOLDER_ITEMS);
	if (!free_one)
		return 0;
	holder->numbers[free_one - numbers] = true;
	return (unsigned int)(free_one - numbers);
}

struct holder_item *holder_add(struct holder *holder, unsigned int number, const char *key,
			       const char *value, int fd)
{
	struct holder_item *item = &holder->items[holder->n++];

	*item = (struct holder_item){ .fd = fd, .number = number };
	strcpy(item->key, key);
	strcpy(item->value, value);
	holder->used = true;
	return item;
}

/* Writes the index first: a file that is not in the index is lost when this process ends. */
static int put_new(struct holder *holder, const struct request *request, struct packet *packet)
{
	struct index_line lines[HOLDER_FILES];
	size_t i;
	int ret = holder_room(holder, request->n);

	if (ret)
		return ret;
	holder_harden(holder);
	for (i = 0; i < request->n; i++)
		lines[i] = (struct index_line){ holder_number(holder), request->items[i].key,
						request->items[i].value };
	ret = store_note(&holder->store, lines, request->n);
	for (i = 0; i < request->n; i++) {
		if (ret)
			holder->numbers[lines[i].number] = false;
		else
			store_put(&holder->store, holder_add(holder, lines[i].number, lines[i].key,
						      lines[i].value, packet->fds[i]));
	}
	if (!ret)
		packet->n = 0;
	return ret;
}

static int change(struct holder *holder, const struct request *request)
{
	struct index_line lines[HOLDER_FILES];
	struct holder_item *items[HOLDER_FILES];
	size_t i, n = 0;
	int ret;

	for (i = 0; i < request->n; i++) {
		items[n] = holder_find(holder, request->items[i].key);
		if (strcmp(items[n]->value, request->items[i].value) == 0)
			continue;
		lines[n] = (struct index_line){ items[n]->number, items[n]->key,
						request->items[i].value };
		n++;
	}
	ret = n ? store_note(&holder->store, lines, n) : 0;
	for (i = 0; !ret && i < n; i++)
		strcpy(items[i]->value, lines[i].value);
	return ret;
}

/* With files, all keys must be new; without files, all must exist. Otherwise changes nothing. */
static int put(struct holder *holder, const struct request *request, struct packet *packet)
{
	struct holder_item *item;
	size_t i;

	if (packet->n && packet->n != request->n)
		return -EINVAL;
	for (i = 0; i < request->n; i++) {
		item = holder_find(holder, request->items[i].key);
		/* A file is never replaced: closing the old one could lose a session. */
		if (item && packet->n)
			return -EEXIST;
		if (!item && !packet->n)
			return -ENOENT;
	}
	return packet->n ? put_new(holder, request, packet) : change(holder, request);
}

static void remove_item(struct holder *holder, struct holder_item *item)
{
	sys_close(&holder->ctx->sys, item->fd);
	free(item->name);
	holder->numbers[item->number] = false;
	holder->n--;
	memmove(item, item + 1, (holder->n - (size_t)(item - holder->items)) * sizeof(*item));
}

/* Removes from the request the keys that the holder does not have, and drops the others. */
static int drop_all(struct holder *holder, struct request *request)
{
	struct holder_item *items[HOLDER_FILES], *item;
	size_t i, n = 0, asked = request->n;
	int ret;

	for (i = 0; i < asked; i++) {
		item = holder_find(holder, request->items[i].key);
		if (!item)
			continue;
		items[n] = item;
		request->items[n++] = request->items[i];
	}
	request->n = n;
	if (!n)
		return -ENOENT;
	/* A client that has hung up believes that nothing was dropped. */
	if (holder->peer && sys_wait(&holder->ctx->sys, holder->peer, 1, 0) == 0)
		return -ETIMEDOUT;
	ret = store_drop(&holder->store, items, n, holder->peer);
	if (ret)
		return ret;
	for (i = 0; i < n; i++) {
		item = holder_find(holder, request->items[i].key);
		if (item)
			remove_item(holder, item);
	}
	return n == asked ? 0 : -ENOENT;
}

static int get(struct holder *holder, const struct request *request, struct packet *reply)
{
	struct holder_item *item;
	size_t i;

	for (i = 0; i < request->n; i++) {
		item = holder_find(holder, request->items[i].key);
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
	struct index_line line = { .key = key, .value = "direction=incoming" };
	int fd, ret;

	if (holder_find(holder, key))
		return -EEXIST;
	ret = holder_room(holder, 1);
	if (ret)
		return ret;
	holder_harden(holder);
	line.number = holder_number(holder);
	/* Write the index first: the kernel gives a session out only once. */
	ret = store_note(&holder->store, &line, 1);
	if (!ret)
		ret = luo_retrieve_session(holder->ctx, key + strlen("session/"), &fd);
	if (ret) {
		holder->numbers[line.number] = false;
		return ret == -ENOENT ? HOLDER_NO_SESSION : ret;
	}
	store_put(&holder->store, holder_add(holder, line.number, key, line.value, fd));
	return 0;
}

/*
 * Logs the files that are kept or closed now, and failures. Logs neither a request without
 * effect nor EBUSY, after which the client asks again.
 */
static void tell(struct vlu_ctx *ctx, const struct request *request, int ret)
{
	static const char *const words[] = {
		[REQUEST_PUT] = "kept", [REQUEST_DROP] = "closed", [REQUEST_RETRIEVE] = "retrieved and kept",
	};
	char more[32] = "";

	if (ret == -EEXIST || ret == -EBUSY || !request->n ||
	    (ret == -ENOENT && request->verb != REQUEST_DROP))
		return;
	if (request->n > 1)
		snprintf(more, sizeof(more), " and %zu more", request->n - 1);
	if (ret && ret != -ENOENT)
		vlu_log(ctx, VLU_LOG_WARNING, "%s%s: not %s: %s", request->items[0].key, more,
			words[request->verb], ret == HOLDER_NO_SESSION ?
			"the kernel has no such session" : strerror(-ret));
	else
		vlu_log(ctx, VLU_LOG_INFO, "%s%s: %s", request->items[0].key, more,
			words[request->verb]);
}

void holder_answer(struct holder *holder, struct packet *packet, struct packet *reply)
{
	struct request request;
	bool brings = packet->n;
	int ret;

	reply->n = 0;
	ret = request_parse(packet->data, packet->size, &request);
	/* only put takes files */
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
	else if (!ret && request.verb == REQUEST_SETTLE)
		ret = store_settle(&holder->store, holder->peer);
	else if (!ret && request.verb == REQUEST_RETRIEVE)
		ret = retrieve(holder, request.items[0].key);
	else if (!ret)
		ret = get(holder, &request, reply);
	if (ret != -EINVAL && (brings || request.verb == REQUEST_DROP || request.verb == REQUEST_RETRIEVE))
		tell(holder->ctx, &request, ret);
	reply->size = (size_t)(ret ? snprintf(reply->data, HOLDER_PACKET, "error %d", -ret) :
				     snprintf(reply->data, HOLDER_PACKET, "ok"));
}

void holder_free(struct holder *holder)
{
	while (holder->n)
		remove_item(holder, &holder->items[holder->n - 1]);
	free(holder->items);
	holder->items = NULL;
}

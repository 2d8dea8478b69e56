/* SPDX-License-Identifier: GPL-2.0-only */
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "machine/kernel.h"
#include "holder/protocol.h"
#include "holder/fdstore.h"
#include "sys/late.h"

/* The longest waits for the manager: until it has handled earlier messages, and until it has room. */
#define BARRIER_MSEC	5000
#define ROOM_MSEC	1000

/* fdname_is_valid(), src/basic/fd-util.c of systemd: no colon, 255 bytes */
#define COLON		'+'	/* no key or value contains it */

static void swap_bytes(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

void store_name(const struct store *store, const struct holder_item *item,
		char name[STORE_NAME])
{
	if (item->name)
		snprintf(name, STORE_NAME, "%s", item->name);
	else if (strncmp(item->key, "session/", 8) != 0)
		snprintf(name, STORE_NAME, "%u.%s", item->number, store->boot);
	else
		snprintf(name, STORE_NAME, "%s %s %s", item->key, store->boot, item->value);
	swap_bytes(name, ':', COLON);
}

bool store_parse(const struct store *store, const char *name, char *ret_key,
		 char *ret_value, bool *ret_other)
{
	char text[STORE_NAME], *boot, *value;

	if (strlen(name) >= sizeof(text))
		return false;
	strcpy(text, name);
	swap_bytes(text, COLON, ':');
	boot = strchr(text, ' ');
	value = boot ? strchr(boot + 1, ' ') : NULL;
	if (!value || value - boot != sizeof(store->boot))
		return false;
	*boot++ = '\0';
	*value++ = '\0';
	if (strlen(text) >= HOLDER_KEY || !is_request_key(text) || !is_request_value(value))
		return false;
	strcpy(ret_key, text);
	strcpy(ret_value, value);
	*ret_other = strcmp(boot, store->boot) != 0;
	return true;
}

/* Sends the manager a message with at most one file. Returns -EAGAIN when there is no room. */
static int tell(struct store *store, const char *text, int fd)
{
	struct sys *sys = &store->ctx->sys;
	long long deadline = vlu_now() + (store->stalled ? 0 : ROOM_MSEC);
	bool again = false;
	ssize_t n;

	for (;;) {
		if (store->manager < 0)
			store->manager = sys_notify_socket(sys);
		n = store->manager < 0 ? store->manager :
		    sys_send(sys, store->manager, text, strlen(text), &fd, fd >= 0);
		/* a re-executed manager listens on a new socket with the same name */
		if (n == -ECONNREFUSED && !again) {
			again = true;
			sys_close(sys, store->manager);
			store->manager = -1;
			continue;
		}
		if (n != -EAGAIN || vlu_now() >= deadline)
			break;
		vlu_sleep(1);
	}
	if (n < 0 && !store->stalled)
		vlu_log(store->ctx, VLU_LOG_WARNING, "cannot notify the service manager: %s",
			strerror((int)-n));
	store->stalled = n < 0;
	return n < 0 ? (int)n : 0;
}

static int tell_of(struct store *store, const char *what, const char *name, int fd)
{
	char text[STORE_NAME + 48];

	snprintf(text, sizeof(text), "%s\nFDNAME=%s", what, name);
	return tell(store, text, fd);
}

/* The manager handles messages in order, and closes the file of the barrier at its turn. */
static int wait_until_done(struct store *store, const int *peer)
{
	struct sys *sys = &store->ctx->sys;
	int wait[2] = { -1, peer ? *peer : -1 }, ends[2], ret;

	ret = sys_pipe(sys, ends);
	if (ret)
		return ret;
	ret = tell(store, "BARRIER=1", ends[1]);
	sys_close(sys, ends[1]);
	wait[0] = ends[0];
	if (!ret)
		ret = sys_wait(sys, wait, 2, BARRIER_MSEC);
	sys_close(sys, ends[0]);
	return ret;
}

void store_init(struct store *store, struct vlu_ctx *ctx)
{
	char id[40];

	*store = (struct store){ .ctx = ctx, .manager = -1, .index.fd = -1 };
#ifdef HAVE_SYSTEMD
	if (boot_id(ctx, id) || strlen(id) < sizeof(store->boot))
		return;
	memcpy(store->boot, id, sizeof(store->boot) - 1);
	store->manager = sys_notify_socket(&ctx->sys);
	store->on = store->manager >= 0 && tell(store, "STATUS=starting", -1) == 0;
#else
	(void)id;
#endif
}

void store_end(struct store *store)
{
	sys_close(&store->ctx->sys, store->manager);
	sys_close(&store->ctx->sys, store->index.fd);
}

#ifdef HAVE_SYSTEMD

#define CALLS(call) call(sd_listen_fds_with_names)
struct systemd { CALLS(LATE_FIELD) };
static const char *const calls[] = { CALLS(LATE_NAME) };

/* Finds an entry by its number, which must be in the index. */
static bool find_number(const struct store *store, const char *name,
			const struct held_item *items, struct store_entry *ret_entry)
{
	unsigned int number;
	char boot[9];
	int used = 0;

	if (sscanf(name, "%5u.%8[0-9a-f]%n", &number, boot, &used) != 2 || name[used] ||
	    strcmp(boot, store->boot) != 0 || number > HOLDER_ITEMS || !*items[number].key)
		return false;
	ret_entry->key = items[number].key;
	ret_entry->value = items[number].value;
	ret_entry->number = number;
	ret_entry->name = NULL;
	return true;
}

/* Finds an entry by its full name. The index has a newer value, if it changed. */
static bool find_name(struct store *store, const char *name, const struct held_item *items,
		      char key[HOLDER_KEY], char value[HOLDER_VALUE], struct store_entry *ret_entry)
{
	unsigned int i;
	bool other;

	if (!store_parse(store, name, key, value, &other) ||
	    (other && strncmp(key, "session/", 8) != 0))
		return false;
	ret_entry->key = key;
	ret_entry->value = value;
	ret_entry->name = name;
	for (i = 1; !other && i <= HOLDER_ITEMS; i++)
		if (strcmp(items[i].key, key) == 0) {
			ret_entry->value = items[i].value;
			ret_entry->number = i;
			break;
		}
	if (other) {
		strcpy(value, "direction=incoming");
		/* stored again under a name of this boot, for the next holder */
		tell_of(store, "FDSTOREREMOVE=1", name, -1);
		ret_entry->name = NULL;
		ret_entry->unsent = true;
	}
	return true;
}

int store_take(struct store *store, void (*fn)(void *arg, const struct store_entry *entry),
	       void *arg)
{
	char key[HOLDER_KEY], value[HOLDER_VALUE], **names = NULL;
	_cleanup_free_ struct held_item *items = NULL;
	struct systemd systemd;
	int n, i, ret;

	ret = late_load(LATE_LIBSYSTEMD, calls, &systemd, sizeof(systemd));
	if (ret)
		return vlu_failed(store->ctx, ret, "cannot load " LATE_LIBSYSTEMD);
	ret = index_read(store->ctx, &items);
	if (!items)
		return vlu_nomem(store->ctx);
	n = systemd.sd_listen_fds_with_names(0, &names);
	if (ret)
		vlu_log(store->ctx, VLU_LOG_ERROR, "cannot read " HOLDER_INDEX ": %s",
			strerror(-ret));
	for (i = 0; i < n; i++) {
		struct store_entry entry = { .fd = SD_LISTEN_FDS_START + i };
		const char *name = names ? names[i] : "";

		if (find_number(store, name, items, &entry) ||
		    find_name(store, name, items, key, value, &entry)) {
			fn(arg, &entry);
			continue;
		}
		vlu_log(store->ctx, VLU_LOG_WARNING, "closing a file that the service manager "
			"gave back as '%.100s'", name);
		tell_of(store, "FDSTOREREMOVE=1", name, -1);
		sys_close(&store->ctx->sys, entry.fd);
	}
	for (i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
	return 0;
}

#else

int store_take(struct store *store, void (*fn)(void *arg, const struct store_entry *entry),
	       void *arg)
{
	(void)store, (void)fn, (void)arg;
	return 0;
}

#endif

void store_ready(struct store *store)
{
	if (store->on)
		tell(store, "READY=1\nSTATUS=keeping files open", -1);
}

int store_note(struct store *store, const struct index_line *lines, size_t n)
{
	int ret = store->on ? index_append(store->ctx, &store->index, lines, n) : 0;

	/* errors such as ENOENT mean something else in a reply */
	if (ret && ret != -ENOMEM)
		ret = ret == -ENOSPC ? ret : -EREMOTEIO;
	return ret;
}

void store_put(struct store *store, struct holder_item *item)
{
	char name[STORE_NAME];

	if (!store->on)
		return;
	store_name(store, item, name);
	/* the value may change, but the name stays */
	if (!item->name && strncmp(item->key, "session/", 8) == 0)
		item->name = strdup(name);
	/* Without FDPOLL=0 the manager drops a file that polls EPOLLHUP or EPOLLERR, as a session may. */
	item->unsent = tell_of(store, "FDSTORE=1\nFDPOLL=0", name, item->fd) < 0;
}

int store_drop(struct store *store, struct holder_item *const items[], size_t n,
	       const int *peer)
{
	char name[STORE_NAME];
	int ret = 0;
	size_t i;

	if (!store->on)
		return 0;
	for (i = 0; !ret && i < n; i++) {
		store_name(store, items[i], name);
		ret = tell_of(store, "FDSTOREREMOVE=1", name, -1);
	}
	if (!ret)
		ret = wait_until_done(store, peer);	/* 1: peer hung up */
	if (!ret)
		return 0;
	/* the manager may still read the removals, so send the files again after them */
	while (i-- > 0)
		store_put(store, items[i]);
	return -ETIMEDOUT;
}

int store_settle(struct store *store, const int *peer)
{
	return store->on && wait_until_done(store, peer) ? -ETIMEDOUT : 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "manifest.h"
#include "request.h"
#include "store.h"

/* How long to wait for the manager to have done what it was told, in us. */
#define BARRIER_USEC	(5 * 1000 * 1000)

/* fdname_is_valid(), src/basic/fd-util.c of systemd: no colon, 255 bytes */
#define COLON		'+'	/* neither a key nor a value has one */

static void swap_bytes(char *text, char from, char to)
{
	for (; *text; text++)
		if (*text == from)
			*text = to;
}

void store_name(const struct store *store, const char *key, const char *value,
		char name[STORE_NAME])
{
	snprintf(name, STORE_NAME, "%s %s %s", key, store->boot, value);
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
	if (strlen(text) >= HOLDER_KEY || !request_key(text) || !request_value(value))
		return false;
	strcpy(ret_key, text);
	strcpy(ret_value, value);
	*ret_other = strcmp(boot, store->boot) != 0;
	return true;
}

#ifdef HAVE_SYSTEMD

static void tell(struct store *store, const char *text, int fd)
{
	int ret = fd < 0 ? sd_pid_notify(0, 0, text) :
			   sd_pid_notify_with_fds(0, 0, text, &fd, 1);

	if (ret < 0)
		vlu_log(store->ctx, VLU_LOG_WARNING, "the service manager was not told: %s",
			strerror(-ret));
}

static void wait_until_done(struct store *store)
{
	int ret = sd_notify_barrier(0, BARRIER_USEC);

	if (ret < 0)
		vlu_log(store->ctx, VLU_LOG_WARNING, "the service manager does not answer: %s",
			strerror(-ret));
}

void store_init(struct store *store, struct vlu_ctx *ctx)
{
	char id[40];

	*store = (struct store){ .ctx = ctx };
	if (boot_id(ctx, id) == 0 && strlen(id) >= sizeof(store->boot))
		memcpy(store->boot, id, sizeof(store->boot) - 1);
	/* 0: nobody listens */
	store->on = store->boot[0] && sd_notify(0, "STATUS=starting") > 0;
}

void store_take(struct store *store,
		void (*fn)(void *arg, const char *key, const char *value, int fd),
		void *arg)
{
	char key[HOLDER_KEY], value[HOLDER_VALUE], text[STORE_NAME + 32], **names = NULL;
	int n = sd_listen_fds_with_names(0, &names), i, fd;
	bool other;

	for (i = 0; i < n; i++) {
		fd = SD_LISTEN_FDS_START + i;
		if (names && store_parse(store, names[i], key, value, &other) &&
		    (!other || strncmp(key, "session/", 8) == 0)) {
			if (other) {
				strcpy(value, "direction=incoming");
				/* under its new name it is known by the next process too */
				snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s",
					 names[i]);
				tell(store, text, -1);
				store_put(store, key, value, fd);
			}
			fn(arg, key, value, fd);
		} else {
			vlu_log(store->ctx, VLU_LOG_WARNING, "closing what the service manager "
				"gave as '%.100s'", names ? names[i] : "");
			if (names) {
				snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s",
					 names[i]);
				tell(store, text, -1);
			}
			sys_close(&store->ctx->sys, fd);
		}
	}
	for (i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

void store_ready(struct store *store)
{
	if (store->on)
		tell(store, "READY=1\nSTATUS=keeping files open", -1);
}

void store_put(struct store *store, const char *key, const char *value, int fd)
{
	char name[STORE_NAME], text[STORE_NAME + 48];

	if (!store->on)
		return;
	store_name(store, key, value, name);
	/* FDPOLL: a session can be polled, and what it says then means nothing */
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	tell(store, text, fd);
	if (strncmp(key, "session/", 8) == 0)
		wait_until_done(store);
}

void store_drop(struct store *store, const char *key, const char *value)
{
	char name[STORE_NAME], text[STORE_NAME + 32];

	if (!store->on)
		return;
	store_name(store, key, value, name);
	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	tell(store, text, -1);
	wait_until_done(store);
}

#else

void store_init(struct store *store, struct vlu_ctx *ctx)
{
	*store = (struct store){ .ctx = ctx };
}

void store_take(struct store *store,
		void (*fn)(void *arg, const char *key, const char *value, int fd),
		void *arg)
{
	(void)store, (void)fn, (void)arg;
}

void store_ready(struct store *store)
{
	(void)store;
}

void store_put(struct store *store, const char *key, const char *value, int fd)
{
	(void)store, (void)key, (void)value, (void)fd;
}

void store_drop(struct store *store, const char *key, const char *value)
{
	(void)store, (void)key, (void)value;
}

#endif

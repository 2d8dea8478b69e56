/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file descriptor store of the service manager: what the holder keeps is
 * kept there a second time, so that the end of the process is not the end of
 * the sessions. An entry is named "KEY BOOT VALUE", BOOT being the first eight
 * digits of the boot id: a session that comes back under another one crossed a
 * kexec.
 *
 * Everything here does nothing when no service manager listens, or when the
 * program was built without libsystemd.
 */
#ifndef VLU_STORE_H
#define VLU_STORE_H

#include "private.h"

struct store {
	struct vlu_ctx *ctx;
	bool on;
	char boot[9];
};

void store_init(struct store *store, struct vlu_ctx *ctx);
/*
 * Calls fn with each file that the service manager gives back. fn takes fd
 * over; a session of the previous kernel has "direction=incoming".
 */
void store_take(struct store *store,
		void (*fn)(void *arg, const char *key, const char *value, int fd),
		void *arg);
/* The socket is there: who waits for the service may go on. */
void store_ready(struct store *store);

void store_put(struct store *store, const char *key, const char *value, int fd);
/* Its end here is the end of the file: returns when the manager has let go. */
void store_drop(struct store *store, const char *key, const char *value);

#define STORE_NAME 256

/* For tests: the name of an entry, and what is in one. */
void store_name(const struct store *store, const char *key, const char *value,
		char name[STORE_NAME]);
/* false: not one of ours. *ret_other: made under another boot id. */
bool store_parse(const struct store *store, const char *name, char *ret_key,
		 char *ret_value, bool *ret_other);

#endif

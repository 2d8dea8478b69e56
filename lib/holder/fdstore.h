/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file descriptor store of the service manager has duplicates of all files that the
 * holder keeps, so that sessions outlive the process.
 *
 * The manager gives back all names in one environment variable of at most 128 KiB. So an entry
 * has the short name "N.BOOT", and an index in /run has the key of N (index.h). BOOT is the first
 * eight digits of the boot id. A session has a full name, "KEY BOOT VALUE", because the index is
 * gone after a kexec. The BOOT in it tells whether the previous kernel made the session.
 *
 * These functions do nothing without a service manager, or without libsystemd at build time.
 * They do not use sd_notify(), which waits for a busy manager without a limit.
 */
#ifndef VLU_HOLDER_FDSTORE_H
#define VLU_HOLDER_FDSTORE_H

#include "holder/index.h"

struct holder_item {
	char key[HOLDER_KEY];
	char value[HOLDER_VALUE];
	int fd;
	unsigned int number;	/* from 1 on; 0: not in the index */
	char *name;		/* full name in the store; NULL: "N.BOOT" */
	bool unsent;		/* the store does not have it yet */
};

struct store {
	struct vlu_ctx *ctx;
	bool on;
	bool stalled;		/* the last message could not be sent */
	char boot[9];
	int manager;		/* a socket */
	struct index index;
};

/* An entry that the manager gives back. */
struct store_entry {
	const char *key, *value, *name;	/* name as in struct holder_item */
	unsigned int number;		/* 0: from an older program or the previous kernel */
	int fd;
	bool unsent;			/* must be stored again */
};

void store_init(struct store *store, struct vlu_ctx *ctx);
void store_end(struct store *store);
/*
 * Calls fn with each file that the service manager gives back under a known name, and closes the
 * others. fn then owns fd. A session of the previous kernel has "direction=incoming". If
 * store_take() fails, the manager still has the files.
 */
int store_take(struct store *store, void (*fn)(void *arg, const struct store_entry *entry),
	       void *arg) must_check;
/* Tells the manager that the socket exists. It then starts the units that wait for the service. */
void store_ready(struct store *store);

/* Writes the lines into the index, all or none. Call this before store_put(). */
int store_note(struct store *store, const struct index_line *lines, size_t n) must_check;
/* Stores a duplicate. Sets unsent if the manager does not take the message soon. */
void store_put(struct store *store, struct holder_item *item);
/*
 * Removes the duplicates and waits until the manager has closed them. Returns -ETIMEDOUT if the
 * manager does not answer or peer (NULL: none) hangs up. The store then keeps the duplicates.
 */
int store_drop(struct store *store, struct holder_item *const items[], size_t n,
	       const int *peer) must_check;

/* Waits until the manager has done all requests. Returns -ETIMEDOUT if it does not answer. */
int store_settle(struct store *store, const int *peer) must_check;

#define STORE_NAME 256

/* Makes the name of the entry in the store. */
void store_name(const struct store *store, const struct holder_item *item,
		char name[STORE_NAME]);
/* Parses "KEY BOOT VALUE". *ret_other: BOOT belongs to another boot. */
bool store_parse(const struct store *store, const char *name, char *ret_key,
		 char *ret_value, bool *ret_other);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests to the holder, which keeps open files under keys, each with a value:
 *   session/NAME      "direction=outgoing|incoming"
 *   iommufd/NAME      ""
 *   device/NAME/BDF   "state=opened|preserved|retrieved|bound|mismatch"
 *   file/NAME/FILE    another file of a VMM, with the states of a device
 * If a VMM was given the file, the value ends in " lent=PID.START" (ledger/borrower.h).
 * A connection carries one request and one reply, each of one packet. The requests:
 *   put KEY\nVALUE (with a file: keeps it; without: changes the value)
 *   get KEY        (the reply has a duplicate of the file)
 *   drop KEY       (closes the file)
 * These three take up to HOLDER_FILES keys, each on lines of its own, with the files in the
 * same order. put and get do all or nothing; drop closes the files that exist. drop waits until
 * the service manager has closed its duplicates too. If the manager does not answer, the reply
 * is "error ETIMEDOUT" and nothing is dropped.
 *   retrieve KEY   (a session of the previous kernel, which the holder itself retrieves)
 *   list N         (the reply is "ok PID TOTAL" and KEY\tVALUE lines, from the N-th on)
 *   settle         (waits until the service manager has done all requests)
 * Replies are "ok ..." or "error ERRNO". Any other request is "error EINVAL" and changes
 * nothing (protocol.c).
 */
#ifndef VLU_HOLDER_CLIENT_H
#define VLU_HOLDER_CLIENT_H

#include "base/token.h"

#define HOLDER_SOCKET	RUN_DIR "/holder"
#define HOLDER_NOTE	RUN_DIR "/holder.managed" /* pid of the manager that restarts it */
/* in a captured tree: what the holder answered, held_read() */
#define HOLDER_ANSWER	RUN_DIR "/holder.answer"
#define HOLDER_PACKET	8192	/* bytes of a request or a reply */
#define HOLDER_FILES	SYS_FILES /* at most in a request */
#define HOLDER_KEY	96
#define HOLDER_VALUE	128
#define HOLDER_ITEMS	8192
#define HOLDER_NO_SESSION (-ENODATA) /* the kernel has no such session; -ENOENT: no holder */

struct held_item {
	char key[HOLDER_KEY];
	char value[HOLDER_VALUE];
};

struct held {
	enum vlu_holder found;
	pid_t pid;
	size_t n;
	struct held_item *items;
};

/*
 * Reads all keys and values. Returns -ENOENT if there is no holder (VLU_HOLDER_NONE). If the
 * context may change something, first waits for a holder that is being restarted. Sets
 * ret_held->found even if it fails. A captured tree has no holder, but its answer
 * (HOLDER_ANSWER), which gives the same result as the holder itself.
 */
int held_read(struct vlu_ctx *ctx, struct held *ret_held) must_check;
void held_free(struct held *held);
/* Returns the value under a key, or NULL. fmt makes the key. */
const char *held_find(const struct held *held, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Does value contain the word, "NAME=VALUE"? */
bool held_has_word(const char *value, const char *word);

/*
 * Waits until the holder answers, if necessary until its service manager has restarted it. Returns
 * -ENOENT if there is certainly no holder. Reports each error with vlu_fail().
 */
int held_await(struct vlu_ctx *ctx) must_check;
/* Starts a holder, unless one runs or is being restarted. */
int held_start(struct vlu_ctx *ctx) must_check;

/* An entry for held_put_all() and the like, which send as few requests as possible. */
struct held_entry {
	char key[HOLDER_KEY];
	int fd;
};
/*
 * Keeps the files, or changes the values if fd < 0 in all entries. The caller still owns its
 * fds. If a later request fails, the earlier ones stay done.
 */
int held_put_all(struct vlu_ctx *ctx, const struct held_entry *entries, size_t n,
		 const char *value) must_check;
/* Sets the fds. After a failure no fd is open. */
int held_get_all(struct vlu_ctx *ctx, struct held_entry *entries, size_t n) must_check;
int held_drop_all(struct vlu_ctx *ctx, const struct held_entry *entries, size_t n)
	must_check;
/* Do the same for one key, which fmt makes. */
int held_put(struct vlu_ctx *ctx, int fd, const char *value, const char *fmt, ...)
	must_check __attribute__((format(printf, 4, 5)));
int held_get(struct vlu_ctx *ctx, int *ret_fd, const char *fmt, ...)
	must_check __attribute__((format(printf, 3, 4)));
/* Makes the holder retrieve a session and keep it. */
int held_retrieve_session(struct vlu_ctx *ctx, const char *session) must_check;
/*
 * Checks that the service manager answers, or returns -ETIMEDOUT. Call this before a change that
 * held_drop() will undo if a later step fails, since a drop needs the manager.
 */
int held_settle(struct vlu_ctx *ctx) must_check;
/*
 * Succeeds if the key does not exist. Returns -ETIMEDOUT, and drops nothing, if the service
 * manager does not close its duplicate.
 */
int held_drop(struct vlu_ctx *ctx, const char *fmt, ...)
	must_check __attribute__((format(printf, 2, 3)));

/* Splits the key of a file. Returns false for any other key. */
bool held_file(const char *key, char session[64], char ret_file[FILE_NAME]);
/* Splits the key of a device or a file. The name of a device is its BDF. */
bool held_member(const char *key, char session[64], char name[FILE_NAME]);
/* Splits the key of a device. Returns false for any other key. */
bool held_device(const char *key, char session[64], struct vlu_bdf *ret_bdf);

#endif

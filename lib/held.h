/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asking the holder. It keeps files under keys and knows nothing else:
 *   session/NAME      "direction=outgoing|incoming"
 *   iommufd/NAME      ""
 *   device/NAME/BDF   "state=opened|preserved|retrieved|bound|failed"
 *   file/NAME/FILE    the same: another file of a VMM
 * and behind the state of what was given to a VMM "lent=PID.START" (lend.h).
 * One packet a request, one a reply, one request a connection:
 *   put KEY\nVALUE (with a file: keep it; without: change the value)
 *   get KEY        (the reply brings a duplicate)
 *   drop KEY       (closes it)
 * These three may be about several, up to HOLDER_FILES, each on lines of its
 * own and with its file in the same place: put and get do all or none, drop
 * closes those that are there.
 *   retrieve KEY   (a session of the previous kernel; from its first moment on
 *                   it is with the process that keeps it)
 *   list N         ("ok PID TOTAL", then KEY\tVALUE lines from the N-th on)
 * and "ok ..." or "error ERRNO" come back. Everything else is error EINVAL and
 * changes nothing (request.c).
 */
#ifndef VLU_HELD_H
#define VLU_HELD_H

#include "file.h"

#define HOLDER_SOCKET	RUN_DIR "/holder"
#define HOLDER_PACKET	8192	/* bytes, a request or a reply */
#define HOLDER_FILES	SYS_FILES /* of one request */
#define HOLDER_KEY	96
#define HOLDER_VALUE	128
#define HOLDER_ITEMS	8192

struct held_item {
	char key[HOLDER_KEY];
	char value[HOLDER_VALUE];
};

struct held {
	pid_t pid;
	size_t n;
	struct held_item *items;
};

/* Everything held. -ENOENT: no holder runs; -EACCES: it cannot be asked. */
int held_read(struct vlu_ctx *ctx, struct held *ret_held) must_check;
void held_free(struct held *held);
/* The value under the key, NULL when there is none. */
const char *held_find(const struct held *held, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Whether value has the word "name=value". */
bool held_says(const char *value, const char *word);

/* Start a holder, if none runs. */
int held_start(struct vlu_ctx *ctx) must_check;

/* Several at once, in as few requests as they fit into. */
struct held_entry {
	char key[HOLDER_KEY];
	int fd;
};
/*
 * All with fd < 0: change the value of what is there. The caller keeps its
 * fds. A failure may leave some of them done, where there were several
 * requests to be made.
 */
int held_put_all(struct vlu_ctx *ctx, const struct held_entry *entries, size_t n,
		 const char *value) must_check;
/* After a failure none is open. */
int held_get_all(struct vlu_ctx *ctx, struct held_entry *entries, size_t n) must_check;
int held_drop_all(struct vlu_ctx *ctx, const struct held_entry *entries, size_t n)
	must_check;
/* One of them. */
int held_put(struct vlu_ctx *ctx, const char *key, const char *value, int fd)
	must_check;
int held_get(struct vlu_ctx *ctx, const char *key, int *ret_fd) must_check;
/* Have the holder retrieve a session; it is under its key then. */
int held_retrieve_session(struct vlu_ctx *ctx, const char *session) must_check;
/* Dropping what is not there is success. */
int held_drop(struct vlu_ctx *ctx, const char *key) must_check;

void held_session_key(char key[HOLDER_KEY], const char *session);
void held_iommufd_key(char key[HOLDER_KEY], const char *session);
void held_device_key(char key[HOLDER_KEY], const char *session, struct vlu_bdf bdf);
void held_file_key(char key[HOLDER_KEY], const char *session, const char *file);
/* Splits the key of a file; false for any other. */
bool held_file(const char *key, char session[64], char ret_file[FILE_NAME]);
/* Splits a device key; false for any other. */
bool held_device(const char *key, char session[64], struct vlu_bdf *ret_bdf);

/* The session a device is held for; -ENOENT: none. */
int held_device_session(struct vlu_ctx *ctx, struct vlu_bdf bdf, char *buf,
			size_t size) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of the holder, and the function that answers a request; for process.c and tests. */
#ifndef VLU_HOLDER_PROCESS_H
#define VLU_HOLDER_PROCESS_H

#include "holder/client.h"
#include "holder/fdstore.h"

struct holder {
	struct vlu_ctx *ctx;
	struct store store;
	struct holder_item *items;
	size_t n;
	size_t max;		/* limited by file descriptors */
	bool used;		/* the holder has kept a file at least once */
	bool numbers[HOLDER_ITEMS + 1]; /* true: the number is taken */
	int dev;		/* "/dev", opened at the start, for sys_follow() */
	const int *peer;	/* the client's connection, or NULL */
};

/* A packet and its files. */
struct packet {
	size_t size, n;
	char data[HOLDER_PACKET + 1];
	int fds[HOLDER_FILES];
};

struct holder_item *holder_find(struct holder *holder, const char *key);
/* Makes room for more items. Returns 0 or a negative errno. */
int holder_room(struct holder *holder, size_t more) must_check;
/* Adds an item after holder_room(). From then on the holder owns fd. */
struct holder_item *holder_add(struct holder *holder, unsigned int number, const char *key,
			       const char *value, int fd);
/* Takes the lowest free number. Returns 0 when there is none. */
unsigned int holder_number(struct holder *holder);
/* Call this before the first file is kept. Ignores signals and locks memory. */
void holder_harden(struct holder *holder);
/*
 * Answers a request. The holder still owns the files of the reply. The files that it keeps are
 * removed from the request.
 */
void holder_answer(struct holder *holder, struct packet *request, struct packet *reply);
/* Closes all files. */
void holder_free(struct holder *holder);

#endif

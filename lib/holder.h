/* SPDX-License-Identifier: GPL-2.0-only */
/* What the holder keeps, and its answer to one request; for holder.c and tests. */
#ifndef VLU_HOLDER_H
#define VLU_HOLDER_H

#include "held.h"
#include "store.h"

struct holder_item {
	char key[HOLDER_KEY];
	char value[HOLDER_VALUE];
	int fd;
};

struct holder {
	struct vlu_ctx *ctx;
	struct store store;
	struct holder_item *items;
	size_t n;
	size_t max;		/* as many as there are descriptors for */
	bool used;		/* something was held once */
};

/* A packet and the files with it. */
struct packet {
	size_t size, n;
	char data[HOLDER_PACKET + 1];
	int fds[HOLDER_FILES];
};

/*
 * The reply to one request; its files stay the holder's. What came with the
 * request and was taken over is out of its list afterwards.
 */
void holder_answer(struct holder *holder, struct packet *request, struct packet *reply);
/* Closes all of it. */
void holder_free(struct holder *holder);

#endif

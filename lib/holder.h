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

/*
 * The reply to one request, its length in *ret_size. *fd came with it and is
 * -1 afterwards if it was taken over. Returns the file to send along, or -1.
 */
int holder_answer(struct holder *holder, const char *data, size_t size, int *fd,
		  char reply[HOLDER_PACKET], size_t *ret_size);
/* Closes all of it. */
void holder_free(struct holder *holder);

#endif

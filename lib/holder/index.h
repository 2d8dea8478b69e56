/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The index: a file below /run with the keys and values of the files that the service manager has.
 * A write is "=N" and N lines "NUMBER KEY\tVALUE". The reader ignores an incomplete write. If
 * several lines have the same number, the last one is valid.
 */
#ifndef VLU_HOLDER_INDEX_H
#define VLU_HOLDER_INDEX_H

#include "holder/client.h"

#define HOLDER_INDEX	RUN_DIR "/holder.index"
#define INDEX_FULL	(2 * 1024 * 1024) /* bytes; above this it is rewritten */

struct index {
	int fd;			/* -1: not open */
	bool torn;		/* the last write was incomplete */
	size_t size;
};

struct index_line {
	unsigned int number;
	const char *key, *value;
};

/* Reads HOLDER_ITEMS + 1 items, by number; unused items have no key. The caller frees them. */
int index_read(struct vlu_ctx *ctx, struct held_item **ret_items) must_check;
int index_append(struct vlu_ctx *ctx, struct index *index, const struct index_line *lines,
		 size_t n) must_check;
/* Replaces the content. After a failure, the file has all of the old content or all of the new. */
int index_replace(struct vlu_ctx *ctx, struct index *index, const struct index_line *lines,
		  size_t n) must_check;

/* For tests. */
void index_parse(char *text, struct held_item *items);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* cpio archives, in the "newc" format of initial RAM disks. */
#ifndef VLU_CPIO_H
#define VLU_CPIO_H

#include "private.h"

#define CPIO_HEADER	110
#define CPIO_NAME	1024

/*
 * Told of each regular file. wants() says how much of it is worth keeping: a
 * file no larger than that comes to file(), which returns 0 to go on.
 */
struct cpio_ops {
	size_t (*wants)(void *arg, const char *name);
	int (*file)(void *arg, const char *name, const uint8_t *data, size_t size);
};

/* A reader that is fed piece by piece; starts as zeros but for sink and arg. */
struct cpio {
	const struct cpio_ops *sink;
	void *arg;
	enum { CPIO_BETWEEN, CPIO_IN_HEADER, CPIO_IN_NAME, CPIO_IN_BODY } state;
	uint64_t offset;	/* in the archive */
	size_t have;		/* of header, name or body */
	size_t name_size, body_size, skip;
	bool is_file, keep;
	uint8_t *body;
	uint8_t header[CPIO_HEADER];
	char name[CPIO_NAME + 1];
};

/*
 * *ret_used < size: an archive ended, and what follows its zeros is not
 * another one. -EBADMSG: not cpio; else what file() returned.
 */
int cpio_feed(struct cpio *cpio, const uint8_t *data, size_t size,
	      size_t *ret_used) must_check;
/* Whether it ended where an archive may end. Frees what the reader had. */
bool cpio_end(struct cpio *cpio);

/*
 * The whole of an initial RAM disk: archives one after the other, each plain
 * or compressed (unpack_to_rootfs(), init/initramfs.c). On failure why, which
 * has room for size bytes, says what is wrong with it.
 */
int cpio_each(const uint8_t *data, size_t len, const struct cpio_ops *ops,
	      void *arg, char *why, size_t size) must_check;

#endif

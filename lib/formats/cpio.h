/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads cpio archives in the "newc" format of initrds. */
#ifndef VLU_FORMATS_CPIO_H
#define VLU_FORMATS_CPIO_H

#include "base/ctx.h"

#define CPIO_HEADER	110
/* PATH_MAX: a writer that aligns the data of files adds NULs to names */
#define CPIO_NAME	4096

/*
 * Called for the entries of an archive. wants() returns the largest size at which the
 * caller wants the contents of a regular file. file() gets files that are no larger, with
 * a NUL added. link() gets each symbolic link and may be NULL. Both return 0 to go on.
 * inode is not 0 if a file has several names; only one of them has the contents.
 */
struct cpio_ops {
	size_t (*wants)(void *arg, const char *name, size_t inode);
	int (*file)(void *arg, const char *name, const uint8_t *data, size_t size);
	int (*link)(void *arg, const char *name, const char *target);
};

/* A reader that is fed piece by piece. All zeros at the start, except sink and arg. */
struct cpio {
	const struct cpio_ops *sink;
	void *arg;
	enum { CPIO_BETWEEN, CPIO_IN_HEADER, CPIO_IN_NAME, CPIO_IN_BODY } state;
	uint64_t offset;	/* position in the archive */
	size_t have;		/* bytes of the header, name or body so far */
	size_t name_size, body_size, inode, skip;
	bool is_file, is_link, keep;
	uint8_t *body;
	uint8_t header[CPIO_HEADER];
	char name[CPIO_NAME + 1];
};

/*
 * Feeds bytes. *ret_used < size: what follows the archive and its zeros is no plain cpio.
 * Returns -EBADMSG if an archive is broken, or what file() or link() returned.
 */
int cpio_feed(struct cpio *cpio, const uint8_t *data, size_t size,
	      size_t *ret_used) must_check;
/* Frees the reader. Returns whether the data ended where an archive may end. */
bool cpio_end(struct cpio *cpio);

/*
 * Reads a whole initrd: archives one after the other, each plain or compressed (unpack_to_rootfs(),
 * init/initramfs.c). After a failure, the buffer why, of size bytes, holds the reason.
 */
int cpio_each(const uint8_t *data, size_t len, const struct cpio_ops *ops,
	      void *arg, char *why, size_t size) must_check;

#endif

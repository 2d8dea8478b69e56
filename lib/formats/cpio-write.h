/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes cpio archives in the "newc" format of initrds. */
#ifndef VLU_FORMATS_CPIO_WRITE_H
#define VLU_FORMATS_CPIO_WRITE_H

#include "base/ctx.h"

struct cpio_out {
	FILE *stream;
	char *data;		/* the finished archive; the caller frees it */
	size_t size;
};

int cpio_begin(struct cpio_out *out) must_check;
/* Add an entry. Names start at the root, with or without "/". Parent directories are added. */
void cpio_add_file(struct cpio_out *out, const char *name, bool executable, const void *data,
		   size_t size);
void cpio_add_dir(struct cpio_out *out, const char *name);
void cpio_add_link(struct cpio_out *out, const char *name, const char *target);
/* Finishes the archive. Fails with -ENOMEM, and frees it, if out of memory. */
int cpio_finish(struct cpio_out *out) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gives the input to a decoder as a buffer and as memory from address 0 on. Pages are small, so that
 * a small input can contain a chain of pages.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "abi/blob.h"

#define FUZZ_PAGE 256u

struct fuzz {
	struct pool pool;
	struct raw raw;
	struct blob blob;	/* of exactly this size, so that a sanitizer sees a read beyond it */
	struct memory memory;
	struct blob_error err;
};

static inline int fuzz_read(void *arg, uint64_t address, void *buf, size_t size)
{
	const struct blob *blob = arg;

	if (address > blob->size || size > blob->size - address)
		return -ENXIO;
	memcpy(buf, blob->data + address, size);
	return 0;
}

static inline void fuzz_begin(struct fuzz *f, const uint8_t *data, size_t size)
{
	memset(f, 0, sizeof(*f));
	f->raw.pool = &f->pool;
	f->blob.data = malloc(size ? size : 1);
	f->blob.size = size;
	if (!f->blob.data)
		abort();
	if (size)
		memcpy((void *)f->blob.data, data, size);
	f->memory = (struct memory){ fuzz_read, &f->blob, FUZZ_PAGE };
}

/* Checks the result of a decoder: a failure must have a reason, and success must have none. */
static inline void fuzz_end(struct fuzz *f, int ret)
{
	if (ret != -ENOMEM && !ret != !f->err.text[0])
		__builtin_trap();
	/* the bytes that the decoder says it read must be the bytes of the input */
	for (size_t i = 0; i < f->raw.n; i++)
		if (memcmp(f->raw.bytes[i].data, f->blob.data + f->raw.bytes[i].address,
			   f->raw.bytes[i].size))
			__builtin_trap();
	pool_free(&f->pool);
	free((void *)f->blob.data);
}

static inline void fuzz_text(const char *text)
{
	if (text && strlen(text) > 1 << 20)
		__builtin_trap();
}

#define FUZZ_ENTRY int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
FUZZ_ENTRY;

#endif

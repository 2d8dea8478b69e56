/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of decoders: a small memory, and everything that they need besides. */
#ifndef UNIT_MEMORY_H
#define UNIT_MEMORY_H

#include "unit.h"

#include "abi/blob.h"
#include "../blobs.h"

/* It begins at page 1. */
#define PAGE	4096u
#define BASE	0x1000u
#define PAGES	16u

struct fixture {
	struct pool pool;
	struct raw raw;
	struct blob_error err;
	uint8_t bytes[PAGES * PAGE];
	struct memory memory;
	size_t reads;
};

static inline int read_memory(void *arg, uint64_t address, void *buf, size_t size)
{
	struct fixture *f = arg;

	f->reads++;
	if (address < BASE || address - BASE > sizeof(f->bytes) ||
	    size > sizeof(f->bytes) - (address - BASE))
		return -ENXIO;
	memcpy(buf, f->bytes + (address - BASE), size);
	return 0;
}

static inline int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->raw.pool = &f->pool;
	f->memory = (struct memory){ read_memory, f, PAGE };
	*state = f;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	pool_free(&f->pool);
	free(f);
	return 0;
}

static inline uint8_t *at(struct fixture *f, uint64_t address)
{
	return f->bytes + (address - BASE);
}

static inline void put16(uint8_t *p, unsigned int value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

static inline void put64(uint8_t *p, uint64_t value)
{
	put32(p, (uint32_t)value);
	put32(p + 4, (uint32_t)(value >> 32));
}

/* The call fails, and says so with these words. */
#define REFUSED(f, call, words)							\
	do {									\
		(f)->err = (struct blob_error){ "" };				\
		assert_int_equal(call, -EBADMSG);				\
		if (!strstr((f)->err.text, words))				\
			fail_msg("'%s' has no '%s'", (f)->err.text, words);	\
	} while (0)

static inline void block(struct fixture *f, uint64_t address, uint64_t next, uint64_t count)
{
	put64(at(f, address), next);
	put64(at(f, address) + 8, count);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif

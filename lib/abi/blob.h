/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoders of the handover: pure functions over bounded buffers and over memory that is read by
 * physical address. Values are host-endian.
 *
 * They return 0 or a negative errno: -ENOMEM; -EBADMSG with the error and its place; -ENXIO
 * when memory is not available. After an error the result has all that was decoded before it.
 */
#ifndef VLU_ABI_BLOB_H
#define VLU_ABI_BLOB_H

#include "base/pool.h"
#include "vfio-lu-inspect.h"

struct blob {
	const unsigned char *data;
	size_t size;
};

struct blob_error {
	char text[200];		/* "" until there is an error */
};

/* Sets the error "TEXT, at 0x1234" unless there is one already. Returns -EBADMSG. */
int blob_fail(struct blob_error *err, uint64_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * Sets the error that memory could not be read. The argument why is the negative errno; -ENXIO:
 * the memory is not available. Returns -ENXIO.
 */
int blob_lack(struct blob_error *err, uint64_t at, int why);

uint16_t blob_u16(const void *data, size_t at);
uint32_t blob_u32(const void *data, size_t at);
uint64_t blob_u64(const void *data, size_t at);
struct vlu_bdf blob_bdf(uint32_t domain, uint16_t bdf);
/* Returns a field of fixed size as a string, or NULL if it has no NUL. */
const char *blob_text(const void *data, size_t at, size_t size);
/* Is the field a printable string that is not empty? */
bool blob_is_name(const void *data, size_t at, size_t size);

/* A reader of physical memory. */
struct memory {
	/* fills buf, or returns a negative errno */
	int (*read)(void *arg, uint64_t address, void *buf, size_t size);
	void *arg;
	size_t page;		/* page size in bytes */
};

/* The bytes that were read, for a report that shows them. */
struct raw {
	struct pool *pool;
	size_t n;
	struct vlu_bytes *bytes;
};

int raw_add(struct raw *raw, uint64_t address, const void *data, size_t size) must_check;
/* Reads memory into raw; *ret_data belongs to raw's pool. memory is NULL when there is none. */
int memory_get(const struct memory *memory, uint64_t address, size_t size,
	       struct raw *raw, const unsigned char **ret_data, struct blob_error *err)
	must_check;

/* --------------------------------------- kho.c, memblock.c, metadata.c, luo.c */

/*
 * Decoders of a single blob. Unknown values are -1 or NULL, unknown addresses 0. Those with void * have
 * one type, so that a table can call them: *ret_memblock is a struct vlu_memblock,
 * *ret_metadata a struct vlu_metadata, *ret_luo a struct vlu_luo.
 */
int kho_decode(struct pool *pool, const struct blob *blob, struct vlu_kho *ret,
	       struct blob_error *err) must_check;
/* Adds a subtree to kho. Returns NULL when out of memory. */
struct vlu_subtree *kho_add(struct pool *pool, struct vlu_kho *kho, const char *name);
int memblock_decode(struct pool *pool, const struct blob *blob, void *ret_memblock,
		    struct blob_error *err) must_check;
int metadata_decode(struct pool *pool, const struct blob *blob, void *ret_metadata,
		    struct blob_error *err) must_check;
int luo_decode(struct pool *pool, const struct blob *blob, void *ret_luo,
	       struct blob_error *err) must_check;
/* Returns the N of "luo-vN...", or 0 if there is no such string. */
unsigned int luo_version(const struct vlu_luo *luo);

/* ----------------------------------------------------------- kho-block.c */

/* Called for each entry of a list, until it returns non-zero. */
typedef int (*entry_fn)(void *arg, const unsigned char *entry, uint64_t at,
			struct blob_error *err);

/* Calls fn for each entry of an array. */
int array_each(const struct memory *memory, uint64_t address, size_t count, size_t size,
	       struct raw *raw, entry_fn fn, void *arg, struct blob_error *err) must_check;
/* Calls fn for each entry of a chain of KHO blocks, after the heads of all blocks were checked. */
int blocks_each(const struct memory *memory, uint64_t head, size_t size, struct raw *raw,
		entry_fn fn, void *arg, struct blob_error *err) must_check;

/* --------------------------------------------------------- luo-session.c */

/* Decodes the sessions of this LUO and their files. Each session and file has its own error. */
int sessions_decode(const struct memory *memory, const struct vlu_luo *luo,
		    struct raw *raw, struct vlu_luo_session **ret, size_t *ret_n,
		    struct blob_error *err) must_check;

/* ----------------------------------------------------------------- flb.c */

int flbs_decode(const struct memory *memory, uint64_t address, struct raw *raw,
		struct vlu_flbs *ret, struct blob_error *err) must_check;

/* ----------------------------------------------------------------- pci.c */

/* name: of the FLB; flb_pci_decode() takes NULL if it is not known. */
bool flb_is_pci(const char *name);
int flb_pci_decode(const struct memory *memory, uint64_t address, const char *name,
	       struct raw *raw, struct vlu_pci *ret, struct blob_error *err) must_check;

/* --------------------------------------------------- memfd.c, vfio-pci.c */

#define MEMFD_SIZE	48	/* bytes of the data of a memfd */
#define VFIO_SIZE	9

/* compatible is NULL when it is not known. */
int memfd_decode(const struct blob *blob, const char *compatible, size_t page,
		 struct vlu_memfd *ret, struct blob_error *err) must_check;
int vfio_decode(const struct blob *blob, struct vlu_vfio *ret,
		struct blob_error *err) must_check;

#endif

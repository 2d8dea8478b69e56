/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoders of what kernels hand over: pure functions over bounded buffers and
 * memory that is read by physical address. Values are host-endian. They return
 * 0, -ENOMEM, or with what is wrong and where -EBADMSG, and -ENXIO if it is in
 * memory that is not to be had; then the result has as much as could be decoded
 * before that.
 */
#ifndef VLU_BLOB_H
#define VLU_BLOB_H

#include "pool.h"

struct blob {
	const unsigned char *data;
	size_t size;
};

struct blob_error {
	char text[200];		/* "" as long as nothing is wrong */
};

/* "TEXT, at 0x1234"; returns -EBADMSG. The first one stays. */
int blob_fail(struct blob_error *err, uint64_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Memory there cannot be read, because of the errno; returns -ENXIO. */
int blob_lack(struct blob_error *err, uint64_t at, int why);

uint16_t blob_u16(const void *data, size_t at);
uint32_t blob_u32(const void *data, size_t at);
uint64_t blob_u64(const void *data, size_t at);
/* A field of fixed size that must have its NUL; NULL if it does not. */
const char *blob_text(const void *data, size_t at, size_t size);
/* Not empty, printable, and with its NUL. */
bool blob_name(const void *data, size_t at, size_t size);

/* Physical memory. */
struct memory {
	/* the whole of it, or a negative errno */
	int (*read)(void *arg, uint64_t address, void *buf, size_t size);
	void *arg;
	size_t page;		/* bytes of one */
};

/* What was read, for who wants to see the bytes. */
struct raw {
	struct pool *pool;
	size_t n;
	struct vlu_bytes *bytes;
};

int raw_add(struct raw *raw, uint64_t address, const void *data, size_t size) must_check;
/* Into raw, and *ret_data is of raw's pool. memory NULL: there is none. */
int memory_get(const struct memory *memory, uint64_t address, size_t size,
	       struct raw *raw, const unsigned char **ret_data, struct blob_error *err)
	must_check;

/* ------------------------------------------- blob-kho.c, blob-memblock.c */

int kho_decode(struct pool *pool, const struct blob *blob, struct vlu_kho *ret,
	       struct blob_error *err) must_check;
int memblock_decode(struct pool *pool, const struct blob *blob,
		    struct vlu_memblock *ret, struct blob_error *err) must_check;

/* ------------------------------------------------------ blob-metadata.c */

int metadata_decode(struct pool *pool, const struct blob *blob,
		    struct vlu_metadata *ret, struct blob_error *err) must_check;

/* ----------------------------------------------------------- blob-luo.c */

int luo_decode(struct pool *pool, const struct blob *blob, struct vlu_luo *ret,
	       struct blob_error *err) must_check;
/* The N of "luo-vN...", 0 for another text. */
unsigned int luo_version(const struct vlu_luo *luo);

/* --------------------------------------------------------- blob-block.c */

#define BLOCK_HEADER	16

struct block {
	uint64_t address;
	size_t count;
	const unsigned char *entries;
};

struct blocks {
	size_t n;
	struct block *list;
};

/* A chain of kho blocks; nothing of it is read where any of it is wrong. */
int blocks_read(const struct memory *memory, uint64_t head, size_t entry_size,
		struct raw *raw, struct blocks *ret, struct blob_error *err) must_check;

/* ------------------------------------------------------- blob-session.c */

/* The sessions of this LUO and their files; each is given its own error. */
int sessions_decode(const struct memory *memory, const struct vlu_luo *luo,
		    struct raw *raw, struct vlu_luo_session **ret, size_t *ret_n,
		    struct blob_error *err) must_check;

/* ----------------------------------------------------------- blob-flb.c */

int flbs_decode(const struct memory *memory, uint64_t address, struct raw *raw,
		struct vlu_flbs *ret, struct blob_error *err) must_check;

/* ----------------------------------------------------------- blob-pci.c */

/* name: of the FLB; NULL when it is not known. */
bool flb_is_pci(const char *name);
int flb_pci_decode(const struct memory *memory, uint64_t address, const char *name,
	       struct raw *raw, struct vlu_pci *ret, struct blob_error *err) must_check;

/* ------------------------------------------- blob-memfd.c, blob-vfio.c */

#define MEMFD_SIZE	48	/* bytes to read of either */
#define VFIO_SIZE	9

/* compatible NULL: not known */
int memfd_decode(const struct blob *blob, const char *compatible, size_t page,
		 struct vlu_memfd *ret, struct blob_error *err) must_check;
int vfio_decode(const struct blob *blob, const char *compatible,
		struct vlu_vfio *ret, struct blob_error *err) must_check;

#endif

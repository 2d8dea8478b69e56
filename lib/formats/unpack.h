/* SPDX-License-Identifier: GPL-2.0-only */
/* Unpacks the compressed data of kernels, initrds and modules. */
#ifndef VLU_FORMATS_UNPACK_H
#define VLU_FORMATS_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/ctx.h"

enum codec {
	CODEC_NONE,	/* not compressed, or not in a format of the kernel */
	CODEC_GZIP,
	CODEC_XZ,
	CODEC_LZMA,
	CODEC_ZSTD,
	CODEC_LZ4,
	CODEC_BZIP2,
	CODEC_LZO,
};

/* Returns the codec from the first bytes, as the kernel does (lib/decompress.c). */
enum codec codec_of(const void *data, size_t size);
const char *codec_name(enum codec codec);
/* Returns the command that unpacks its standard input, or a file that it is given. */
const char *codec_command(enum codec codec);
/* Returns the codec from a word of the kernel build, such as "zstd22" or "xzkern". */
enum codec codec_named(const char *word, size_t len);
/* Returns whether this build supports the codec. */
bool codec_is_known(enum codec codec);

struct blob {
	uint8_t *data;		/* freed by the owner of the blob */
	size_t size;
};

/* Gets the unpacked data piece by piece. A non-zero result ends the unpacking and is returned. */
typedef int (*unpack_fn)(void *arg, const uint8_t *data, size_t size);

/*
 * Unpacks the stream at the beginning of data. *ret_used is its length. Fails with
 * -EBADMSG if it is damaged or cut off, and with -ENOTSUP if codec_is_known() is false.
 */
int unpack_each(const void *data, size_t size, unpack_fn fn, void *arg,
		size_t *ret_used) must_check;
/* Unpacks into memory and adds a NUL. Fails with -EFBIG beyond max bytes. */
int unpack(const void *data, size_t size, size_t max, struct blob *ret_blob) must_check;

#endif

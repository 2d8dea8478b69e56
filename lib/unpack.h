/* SPDX-License-Identifier: GPL-2.0-only */
/* Compressed data, as kernels, initial RAM disks and modules are stored. */
#ifndef VLU_UNPACK_H
#define VLU_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "private.h"

enum codec {
	CODEC_NONE,	/* not compressed, or in no way the kernel knows */
	CODEC_GZIP,
	CODEC_XZ,
	CODEC_LZMA,
	CODEC_ZSTD,
	CODEC_LZ4,
	CODEC_BZIP2,
	CODEC_LZO,
};

/* By the first bytes, as lib/decompress.c of the kernel tells them apart. */
enum codec codec_of(const void *data, size_t size);
const char *codec_name(enum codec codec);
/* Was its library there when this program was built? */
bool codec_known(enum codec codec);

struct blob {
	uint8_t *data;		/* freed by whoever has the blob */
	size_t size;
};

/*
 * Takes what came out, piece by piece; what it returns, if not 0, ends the
 * unpacking and is returned in turn.
 */
typedef int (*unpack_fn)(void *arg, const uint8_t *data, size_t size);

/*
 * Unpacks the one stream that data begins with. *ret_used: its length.
 * -EBADMSG: damaged or cut off; -ENOTSUP: codec_known() says no.
 */
int unpack_each(const void *data, size_t size, unpack_fn fn, void *arg,
		size_t *ret_used) must_check;
/* The same into memory, NUL added: -EFBIG when more than max bytes come out. */
int unpack(const void *data, size_t size, size_t max, struct blob *ret_blob) must_check;

#endif

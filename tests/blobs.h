// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make small kernel images, archives and compressed data for tests. They are made
 * while the test runs, so that the repository needs no binary files.
 */
#ifndef TESTS_BLOBS_H
#define TESTS_BLOBS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif
#ifdef HAVE_LZ4
#include <lz4.h>
#endif

struct buf {
	uint8_t *data;
	size_t size;
};

static inline void buf_add(struct buf *buf, const void *data, size_t size)
{
	buf->data = realloc(buf->data, buf->size + size + 1);
	if (!buf->data)
		abort();
	if (data)
		memcpy(buf->data + buf->size, data, size);
	else
		memset(buf->data + buf->size, 0, size);
	buf->size += size;
}

static inline void buf_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

static inline void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){ NULL, 0 };
}

static inline void put32(uint8_t *p, size_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

/* ------------------------------------------------------------- compressed */

static inline struct buf gzip_of(const void *data, size_t size)
{
	struct buf out = { NULL, 0 };
	z_stream z = { .next_in = (Bytef *)data, .avail_in = (uInt)size };

	buf_add(&out, NULL, size + size / 8 + 128);
	z.next_out = out.data;
	z.avail_out = (uInt)out.size;
	if (deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	out.size = z.total_out;
	deflateEnd(&z);
	return out;
}

#ifdef HAVE_LZMA
static inline struct buf xz_of(const void *data, size_t size)
{
	struct buf out = { NULL, 0 };
	size_t used = 0;

	buf_add(&out, NULL, lzma_stream_buffer_bound(size));
	if (lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, data, size, out.data, &used,
				    out.size) != LZMA_OK)
		abort();
	out.size = used;
	return out;
}

static inline struct buf lzma_of(const void *data, size_t size)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_options_lzma options;
	struct buf out = { NULL, 0 };

	buf_add(&out, NULL, size * 2 + 4096);
	if (lzma_lzma_preset(&options, 1) || lzma_alone_encoder(&z, &options) != LZMA_OK)
		abort();
	z.next_in = data;
	z.avail_in = size;
	z.next_out = out.data;
	z.avail_out = out.size;
	if (lzma_code(&z, LZMA_FINISH) != LZMA_STREAM_END)
		abort();
	out.size = z.total_out;
	lzma_end(&z);
	return out;
}
#endif

#ifdef HAVE_ZSTD
static inline struct buf zstd_of(const void *data, size_t size)
{
	struct buf out = { NULL, 0 };
	size_t got;

	buf_add(&out, NULL, ZSTD_compressBound(size));
	got = ZSTD_compress(out.data, out.size, data, size, 1);
	if (ZSTD_isError(got))
		abort();
	out.size = got;
	return out;
}
#endif

#ifdef HAVE_LZ4
/* The format of lz4 -l. */
static inline struct buf lz4_of(const void *data, size_t size)
{
	static const uint8_t magic[4] = { 0x02, 0x21, 0x4c, 0x18 };
	struct buf out = { NULL, 0 };
	int got;

	buf_add(&out, magic, 4);
	buf_add(&out, NULL, 4 + (size_t)LZ4_compressBound((int)size));
	got = LZ4_compress_default(data, (char *)out.data + 8, (int)size,
				   LZ4_compressBound((int)size));
	if (got <= 0)
		abort();
	put32(out.data + 4, (size_t)got);
	out.size = 8 + (size_t)got;
	return out;
}
#endif

/* ----------------------------------------------------------------- images */

/* A bzImage that kexec_file_load() would accept; version is the text in its boot header. */
static inline struct buf bzimage_of(const char *version, const struct buf *payload)
{
	struct buf out = { NULL, 0 };

	buf_add(&out, NULL, 5 * 512 + 64);
	out.data[0x1f1] = 4;
	out.data[0x1fe] = 0x55;
	out.data[0x1ff] = 0xaa;
	memcpy(out.data + 0x202, "HdrS", 4);
	out.data[0x206] = 0x0f;		/* 2.15 */
	out.data[0x207] = 0x02;
	out.data[0x20e] = 0x00;		/* at 0x200 + 0x300 */
	out.data[0x20f] = 0x03;
	out.data[0x211] = 0x01;
	out.data[0x236] = 0x7f;
	put32(out.data + 0x238, 2047);
	put32(out.data + 0x248, 64);
	put32(out.data + 0x24c, payload->size);
	snprintf((char *)out.data + 0x500, 256, "%s", version);
	buf_add(&out, payload->data, payload->size);
	return out;
}

/* The content of an image: a banner, words that each end with a NUL, a configuration. */
static inline struct buf inside_of(const char *version, const char *words, size_t size,
				   const char *config)
{
	struct buf out = { NULL, 0 }, gz;

	buf_add(&out, "\177ELF\2\1\1", 8);
	buf_add(&out, NULL, 56);
	buf_text(&out, "Linux version ");
	buf_text(&out, version);
	buf_add(&out, "\n", 2);
	buf_add(&out, NULL, -out.size & 7);
	buf_add(&out, words, size);
	buf_add(&out, NULL, 8);
	if (config) {
		gz = gzip_of(config, strlen(config));
		buf_text(&out, "IKCFG_ST");
		buf_add(&out, gz.data, gz.size);
		buf_text(&out, "IKCFG_ED");
		buf_free(&gz);
	}
	return out;
}

/* An Image of arm64 with the content inside. */
static inline struct buf arm64_of(const struct buf *inside)
{
	struct buf out = { NULL, 0 };

	buf_add(&out, NULL, 64);
	memcpy(out.data, "MZ", 2);
	memcpy(out.data + 56, "ARM\x64", 4);
	buf_add(&out, inside->data, inside->size);
	return out;
}

/* An EFI program around compressed data; codec is the word of the kernel build. */
static inline struct buf zboot_of(const struct buf *payload, const char *codec)
{
	struct buf out = { NULL, 0 };

	buf_add(&out, NULL, 128);
	memcpy(out.data, "MZ\0\0zimg", 8);
	put32(out.data + 8, 128);
	put32(out.data + 12, payload->size);
	snprintf((char *)out.data + 24, 32, "%s", codec);
	buf_add(&out, payload->data, payload->size);
	return out;
}

struct section {
	const char *name;
	struct buf buf;
};

/* A PE file with these sections, each of which begins at a multiple of 512, as ukify makes it. */
static inline struct buf pe_of(const struct section *sections, size_t n)
{
	struct buf out = { NULL, 0 };
	uint8_t *row;

	buf_add(&out, NULL, 1024);
	memcpy(out.data, "MZ", 2);
	put32(out.data + 0x3c, 0x80);
	memcpy(out.data + 0x80, "PE\0\0\x64\x86", 6);
	out.data[0x86] = (uint8_t)n;
	out.data[0x94] = 0xf0;
	for (size_t i = 0; i < n; i++) {
		row = out.data + 0x80 + 24 + 0xf0 + 40 * i;
		strncpy((char *)row, sections[i].name, 8);
		put32(row + 8, sections[i].buf.size);
		put32(row + 16, (sections[i].buf.size + 511) & ~511UL);
		put32(row + 20, out.size);
		buf_add(&out, sections[i].buf.data, sections[i].buf.size);
		buf_add(&out, NULL, -out.size & 511);
	}
	return out;
}

/* --------------------------------------------------------------- archives */

static inline void cpio_inode(struct buf *out, const char *name, unsigned int mode,
			      const void *data, size_t size, unsigned int inode, unsigned int names)
{
	char header[128];

	snprintf(header, sizeof(header), "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
		 inode, mode, 0U, 0U, names, 0U, size, 0U, 0U, 0U, 0U, strlen(name) + 1, 0U);
	buf_text(out, header);
	buf_add(out, name, strlen(name) + 1);
	buf_add(out, NULL, -out->size & 3);
	buf_add(out, data, size);
	buf_add(out, NULL, -out->size & 3);
}

static inline void cpio_add(struct buf *out, const char *name, unsigned int mode,
			    const void *data, size_t size)
{
	cpio_inode(out, name, mode, data, size, 1, 1);
}

/* Adds one name of a file with several names. */
static inline void cpio_names(struct buf *out, const char *name, const char *text, unsigned int inode)
{
	cpio_inode(out, name, 0100644, text, strlen(text), inode, 2);
}

static inline void cpio_file(struct buf *out, const char *name, const char *text)
{
	cpio_add(out, name, 0100644, text, strlen(text));
}

static inline void cpio_link(struct buf *out, const char *name, const char *target)
{
	cpio_add(out, name, 0120777, target, strlen(target));
}

static inline void cpio_close(struct buf *out)
{
	cpio_add(out, "TRAILER!!!", 0, "", 0);
	buf_add(out, NULL, -out->size & 511);
}

#endif

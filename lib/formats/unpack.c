/* SPDX-License-Identifier: GPL-2.0-only */
#ifdef HAVE_LZ4
#include <lz4.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#include "sys/late.h"
#include "unpack.h"

#define PIECE	65536u

/* The state of one unpacking. */
struct stream {
	const uint8_t *data;
	size_t size, used;
	unpack_fn fn;
	void *arg;
	uint8_t *out;		/* PIECE bytes */
};

enum codec codec_of(const void *data, size_t size)
{
	static const struct {
		enum codec codec;
		size_t size;
		unsigned char bytes[6];
	} magic[] = {
		{ CODEC_GZIP, 2, { 0x1f, 0x8b } },
		{ CODEC_XZ, 6, { 0xfd, '7', 'z', 'X', 'Z', 0 } },
		{ CODEC_ZSTD, 4, { 0x28, 0xb5, 0x2f, 0xfd } },
		{ CODEC_LZ4, 4, { 0x02, 0x21, 0x4c, 0x18 } },
		{ CODEC_LZMA, 3, { 0x5d, 0, 0 } },
		{ CODEC_BZIP2, 3, { 'B', 'Z', 'h' } },
		{ CODEC_LZO, 4, { 0x89, 'L', 'Z', 'O' } },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(magic); i++)
		if (size >= magic[i].size &&
		    memcmp(data, magic[i].bytes, magic[i].size) == 0)
			return magic[i].codec;
	return CODEC_NONE;
}

static const struct {
	const char *name, *command;	/* command that unpacks a file to standard output */
} codecs[] = {
	[CODEC_NONE] = { "no known way", "cat" },
	[CODEC_GZIP] = { "gzip", "gzip -dc" },
	[CODEC_XZ] = { "xz", "xz -dc" },
	[CODEC_LZMA] = { "lzma", "xz -dc --format=lzma" },
	[CODEC_ZSTD] = { "zstd", "zstd -dc" },
	[CODEC_LZ4] = { "lz4", "lz4 -dc" },
	[CODEC_BZIP2] = { "bzip2", "bzip2 -dc" },
	[CODEC_LZO] = { "lzo", "lzop -dc" },
};

const char *codec_name(enum codec codec)
{
	return codecs[codec].name;
}

const char *codec_command(enum codec codec)
{
	return codecs[codec].command;
}

enum codec codec_named(const char *word, size_t len)
{
	size_t i, n;

	for (i = CODEC_NONE + 1; i < ARRAY_SIZE(codecs); i++) {
		n = strlen(codecs[i].name);
		if (len >= n && memcmp(word, codecs[i].name, n) == 0)
			return (enum codec)i;
	}
	return CODEC_NONE;
}

static int un_gzip(struct stream *s)
{
	z_stream z = { .next_in = (Bytef *)s->data, .avail_in = (uInt)s->size };
	int ret = 0, zret;

	if (s->size > UINT32_MAX)
		return -EFBIG;
	zret = inflateInit2(&z, 16 + MAX_WBITS);	/* 16: a gzip header */
	if (zret != Z_OK)
		return -ENOMEM;
	while (!ret && zret == Z_OK) {
		z.next_out = s->out;
		z.avail_out = PIECE;
		zret = inflate(&z, Z_NO_FLUSH);
		ret = s->fn(s->arg, s->out, PIECE - z.avail_out);
	}
	s->used = s->size - z.avail_in;
	inflateEnd(&z);
	if (ret)
		return ret;
	return zret == Z_STREAM_END ? 0 : zret == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

#ifdef HAVE_LZMA
/* Enough for any kernel build (xz -9, dictionaries of 128 MiB). */
#define LZMA_MEMORY	(256u << 20)

#define LZMA_CALLS(call) \
	call(lzma_stream_decoder) call(lzma_alone_decoder) call(lzma_code) call(lzma_end)
struct lzma { LZMA_CALLS(LATE_FIELD) };
static const char *const lzma_names[] = { LZMA_CALLS(LATE_NAME) };

static int un_lzma(struct stream *s)
{
	lzma_stream z = LZMA_STREAM_INIT;
	struct lzma lzma;
	lzma_ret zret;
	int ret;

	ret = late_load(LATE_LIBLZMA, lzma_names, &lzma, sizeof(lzma));
	if (ret)
		return ret;
	zret = codec_of(s->data, s->size) == CODEC_XZ ?
	       lzma.lzma_stream_decoder(&z, LZMA_MEMORY, 0) :
	       lzma.lzma_alone_decoder(&z, LZMA_MEMORY);
	if (zret != LZMA_OK)
		return -ENOMEM;
	z.next_in = s->data;
	z.avail_in = s->size;
	while (!ret && zret == LZMA_OK) {
		z.next_out = s->out;
		z.avail_out = PIECE;
		zret = lzma.lzma_code(&z, z.avail_in ? LZMA_RUN : LZMA_FINISH);
		ret = s->fn(s->arg, s->out, PIECE - z.avail_out);
	}
	s->used = s->size - z.avail_in;
	lzma.lzma_end(&z);
	if (ret)
		return ret;
	return zret == LZMA_STREAM_END ? 0 :
	       zret == LZMA_MEM_ERROR || zret == LZMA_MEMLIMIT_ERROR ? -ENOMEM : -EBADMSG;
}
#endif

#ifdef HAVE_ZSTD
#define ZSTD_CALLS(call) \
	call(ZSTD_createDStream) call(ZSTD_decompressStream) call(ZSTD_isError) call(ZSTD_freeDStream)
struct zstd { ZSTD_CALLS(LATE_FIELD) };
static const char *const zstd_names[] = { ZSTD_CALLS(LATE_NAME) };

static int un_zstd(struct stream *s)
{
	ZSTD_inBuffer in = { .src = s->data, .size = s->size };
	ZSTD_outBuffer out;
	ZSTD_DStream *z;
	size_t left = 1, before;
	struct zstd zstd;
	int ret;

	ret = late_load(LATE_LIBZSTD, zstd_names, &zstd, sizeof(zstd));
	if (ret)
		return ret;
	z = zstd.ZSTD_createDStream();
	if (!z)
		return -ENOMEM;
	do {
		out = (ZSTD_outBuffer){ .dst = s->out, .size = PIECE };
		before = in.pos;
		left = zstd.ZSTD_decompressStream(z, &out, &in);
		if (zstd.ZSTD_isError(left) || (left && in.pos == before && !out.pos))
			ret = -EBADMSG;
		else
			ret = s->fn(s->arg, s->out, out.pos);
	} while (!ret && left);
	s->used = in.pos;
	zstd.ZSTD_freeDStream(z);
	return ret;
}
#endif

#ifdef HAVE_LZ4
/* The legacy format of lz4 -l: independent blocks of at most 8 MiB. */
#define LZ4_BLOCK	(8u << 20)

#define LZ4_CALLS(call) call(LZ4_decompress_safe)
struct lz4 { LZ4_CALLS(LATE_FIELD) };
static const char *const lz4_names[] = { LZ4_CALLS(LATE_NAME) };

static int un_lz4(struct stream *s)
{
	struct lz4 lz4;
	uint32_t block;
	uint8_t *out;
	int ret, got;

	ret = late_load(LATE_LIBLZ4, lz4_names, &lz4, sizeof(lz4));
	if (ret)
		return ret;
	out = malloc(LZ4_BLOCK);
	if (!out)
		return -ENOMEM;
	s->used = 4;
	/* A kernel is followed by its size, four bytes, which are too few for a block. */
	while (!ret && s->size - s->used > 4) {
		memcpy(&block, s->data + s->used, 4);	/* architectures with LUO are little-endian */
		if (!block || codec_of(s->data + s->used, 4) != CODEC_NONE)
			break;		/* the next stream */
		if (block > s->size - s->used - 4 || block > LZ4_COMPRESSBOUND(LZ4_BLOCK)) {
			ret = -EBADMSG;
			break;
		}
		got = lz4.LZ4_decompress_safe((const char *)s->data + s->used + 4,
					      (char *)out, (int)block, (int)LZ4_BLOCK);
		ret = got < 0 ? -EBADMSG : s->fn(s->arg, out, (size_t)got);
		s->used += 4 + block;
	}
	free(out);
	return ret;
}
#endif

static int (*codec_fn(enum codec codec))(struct stream *)
{
	switch (codec) {
	case CODEC_GZIP:
		return un_gzip;
#ifdef HAVE_LZMA
	case CODEC_XZ:
	case CODEC_LZMA:
		return un_lzma;
#endif
#ifdef HAVE_ZSTD
	case CODEC_ZSTD:
		return un_zstd;
#endif
#ifdef HAVE_LZ4
	case CODEC_LZ4:
		return un_lz4;
#endif
	default:
		return NULL;
	}
}

bool codec_is_known(enum codec codec)
{
	return codec_fn(codec) != NULL;
}

int unpack_each(const void *data, size_t size, unpack_fn fn, void *arg,
		size_t *ret_used)
{
	struct stream s = { .data = data, .size = size, .fn = fn, .arg = arg };
	int (*run)(struct stream *) = codec_fn(codec_of(data, size));
	int ret;

	if (!run)
		return -ENOTSUP;
	s.out = malloc(PIECE);
	if (!s.out)
		return -ENOMEM;
	ret = run(&s);
	free(s.out);
	if (!ret)
		*ret_used = s.used;
	/* without the library of the codec, nothing is known about the data */
	return ret == -ELIBACC ? -ENOTSUP : ret;
}

struct collect {
	struct blob blob;
	size_t room, max;
};

static int collect(void *arg, const uint8_t *data, size_t size)
{
	struct collect *c = arg;
	uint8_t *more;

	if (size > c->max - c->blob.size)
		return -EFBIG;
	if (size >= c->room - c->blob.size) {
		c->room = 2 * (c->blob.size + size) + 1;
		more = realloc(c->blob.data, c->room);
		if (!more)
			return -ENOMEM;
		c->blob.data = more;
	}
	if (size)
		memcpy(c->blob.data + c->blob.size, data, size);
	c->blob.size += size;
	return 0;
}

int unpack(const void *data, size_t size, size_t max, struct blob *ret_blob)
{
	struct collect c = { .max = max };
	size_t used;
	int ret;

	c.blob.data = malloc(c.room = PIECE);
	if (!c.blob.data)
		return -ENOMEM;
	ret = unpack_each(data, size, collect, &c, &used);
	if (ret) {
		free(c.blob.data);
		return ret;
	}
	c.blob.data[c.blob.size] = '\0';
	*ret_blob = c.blob;
	return 0;
}

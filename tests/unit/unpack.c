// SPDX-License-Identifier: GPL-2.0-only
/* Compressed data of every kind that this build knows. */
#include "unit.h"

#include "../blobs.h"
#include "formats/unpack.h"

static struct buf text(void)
{
	struct buf buf = { NULL, 0 };

	for (int i = 0; i < 20000; i++) {
		char line[32];

		snprintf(line, sizeof(line), "line %d of many\n", i);
		buf_text(&buf, line);
	}
	return buf;
}

static struct buf as_is(const void *data, size_t size)
{
	struct buf buf = { NULL, 0 };

	buf_add(&buf, data, size);
	return buf;
}

static const struct {
	enum codec codec;
	struct buf (*make)(const void *data, size_t size);
} codecs[] = {
	{ CODEC_GZIP, gzip_of },
#ifdef HAVE_LZMA
	{ CODEC_XZ, xz_of },
	{ CODEC_LZMA, lzma_of },
#endif
#ifdef HAVE_ZSTD
	{ CODEC_ZSTD, zstd_of },
#endif
#ifdef HAVE_LZ4
	{ CODEC_LZ4, lz4_of },
#endif
};

static int count(void *arg, const uint8_t *data, size_t size)
{
	(void)data;
	*(size_t *)arg += size;
	return 0;
}

static int enough(void *arg, const uint8_t *data, size_t size)
{
	(void)arg, (void)data;
	return size ? -EXFULL : 0;
}

static void test_round_trip(void **state)
{
	struct buf plain = text(), packed;
	struct blob blob;
	size_t used, n;

	(void)state;
	for (size_t i = 0; i < ARRAY(codecs); i++) {
		packed = codecs[i].make(plain.data, plain.size);
		assert_int_equal(codec_of(packed.data, packed.size), codecs[i].codec);
		assert_true(codec_is_known(codecs[i].codec));
		assert_int_equal(unpack(packed.data, packed.size, plain.size, &blob), 0);
		assert_int_equal(blob.size, plain.size);
		assert_memory_equal(blob.data, plain.data, plain.size);
		assert_int_equal(blob.data[blob.size], 0);
		free(blob.data);

		assert_int_equal(unpack(packed.data, packed.size, plain.size - 1, &blob), -EFBIG);
		n = 0;
		assert_int_equal(unpack_each(packed.data, packed.size, enough, &n, &used), -EXFULL);
		/* the data behind a stream is ignored */
		used = packed.size;
		buf_add(&packed, NULL, 64);
		n = 0;
		assert_int_equal(unpack_each(packed.data, packed.size, count, &n, &n), 0);
		assert_int_equal(n, used);
		buf_free(&packed);
	}
	buf_free(&plain);
}

/* Cut anywhere, or with a byte changed, a stream is damaged or still gives the text. */
static void test_damage(void **state)
{
	struct buf plain = text(), packed;
	struct blob blob;
	int ret;

	(void)state;
	for (size_t i = 0; i < ARRAY(codecs); i++) {
		packed = codecs[i].make(plain.data, 3000);
		for (size_t cut = 8; cut + 8 < packed.size; cut += 37) {
			ret = unpack(packed.data, cut, 4096, &blob);
			if (!ret) {
				assert_true(codecs[i].codec == CODEC_LZ4 && blob.size < 3000);
				free(blob.data);
			}
		}
		for (size_t at = 0; at < packed.size; at += 11) {
			packed.data[at] ^= 0x55;
			ret = unpack(packed.data, packed.size, 4096, &blob);
			if (!ret)
				free(blob.data);
			packed.data[at] ^= 0x55;
		}
		buf_free(&packed);
	}
	buf_free(&plain);
}

static void test_unknown(void **state)
{
	static const struct { const char *bytes; enum codec codec; } cases[] = {
		{ "BZh91AY", CODEC_BZIP2 }, { "\x89LZO\0", CODEC_LZO },
		{ "plain text", CODEC_NONE }, { "", CODEC_NONE }, { "\x1f", CODEC_NONE },
	};
	struct blob blob = { NULL, 7 };

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct buf buf = as_is(cases[i].bytes, strlen(cases[i].bytes));

		assert_int_equal(codec_of(buf.data, buf.size), cases[i].codec);
		assert_false(codec_is_known(cases[i].codec));
		assert_int_equal(unpack(buf.data, buf.size, 100, &blob), -ENOTSUP);
		assert_int_equal(blob.size, 7);
		assert_non_null(codec_name(cases[i].codec));
		buf_free(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damage),
		cmocka_unit_test(test_unknown),
	};

	return RUN("unpack", tests);
}

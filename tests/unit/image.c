// SPDX-License-Identifier: GPL-2.0-only
/* Kernel images, and the names of formats inside them. */
#include "unit.h"

#include "../blobs.h"
#include "abi.h"
#include "image.h"

#define VERSION "7.3.4 (builder@host) #1 SMP PREEMPT Thu Jan 1 00:00:00 UTC 2026"
#define WORDS "kho-v4\0luo-v5\0x"

static struct buf bzimage(const char *config)
{
	struct buf inside = inside_of(VERSION, WORDS, sizeof(WORDS), config);
	struct buf gz = gzip_of(inside.data, inside.size), image = bzimage_of(VERSION, &gz);

	buf_free(&inside);
	buf_free(&gz);
	return image;
}

static void test_bzimage(void **state)
{
	struct buf buf = bzimage("CONFIG_VFIO_PCI=m\n");
	struct image image;
	struct abi abi = { 0 };

	(void)state;
	assert_int_equal(image_parse(buf.data, buf.size, &image), 0);
	assert_true(image.bzimage && image.loads);
	assert_int_equal(image.codec, CODEC_GZIP);
	assert_string_equal(image.release, "7.3.4");
	assert_string_equal(image.build, "#1 SMP PREEMPT Thu Jan 1 00:00:00 UTC 2026");
	assert_string_equal(image.config, "CONFIG_VFIO_PCI=m\n");
	abi_scan(&abi, image.inside, image.size, "here");
	assert_string_equal(abi.word[ABI_KHO].text, "kho-v4");
	assert_string_equal(abi.word[ABI_LUO].text, "luo-v5");
	assert_string_equal(abi.word[ABI_LUO].source, "here");
	assert_string_equal(abi.word[ABI_MEMFD].text, "");
	image_free(&image);

	/* not for kexec_file_load(): 32 bits, an old protocol, low */
	buf.data[0x236] = 0;
	assert_int_equal(image_parse(buf.data, buf.size, &image), 0);
	assert_false(image.loads);
	image_free(&image);
	buf.data[0x236] = 3;
	buf.data[0x206] = 0x0b;
	assert_int_equal(image_parse(buf.data, buf.size, &image), 0);
	assert_false(image.loads);
	assert_non_null(image.inside);
	image_free(&image);
	/* before 2.08 nothing says where the kernel is */
	buf.data[0x206] = 0x07;
	assert_int_equal(image_parse(buf.data, buf.size, &image), 0);
	assert_null(image.inside);
	assert_true(image.why[0]);
	image_free(&image);
	buf_free(&buf);
}

static void test_elf(void **state)
{
	/* the second banner is the one that counts */
	static const char words[] = "Linux version 7.3.4 (builder@host) # SMP PREEMPT \n\0"
				    "Linux version " VERSION "\n";
	struct buf buf = inside_of("7.3.4 (builder@host) # SMP PREEMPT ", words, sizeof(words), NULL);
	struct image image;

	(void)state;
	assert_int_equal(image_parse(buf.data, buf.size, &image), 0);
	assert_false(image.bzimage || image.loads);
	assert_string_equal(image.release, "7.3.4");
	assert_string_equal(image.build, "#1 SMP PREEMPT Thu Jan 1 00:00:00 UTC 2026");
	assert_null(image.config);
	image_free(&image);
	buf_free(&buf);
}

/* Cut at any place it is an image that cannot be read, or none. */
static void test_cut(void **state)
{
	struct buf buf = bzimage("CONFIG_X=y\n"), copy = { NULL, 0 };
	struct image image;
	int ret;

	(void)state;
	for (size_t size = 0; size < buf.size; size += 13) {
		buf_add(&copy, buf.data, size);
		ret = image_parse(copy.data, copy.size, &image);
		assert_int_equal(ret, size < 1024 ? -ENOEXEC : 0);
		if (!ret) {
			assert_null(image.inside);
			assert_true(image.why[0] && image.damaged);
			image_free(&image);
		}
		buf_free(&copy);
	}
	buf_free(&buf);
}

/* A codec without a library: the reason is given, the release still known. */
static void test_codecs(void **state)
{
	struct buf packed = { NULL, 0 }, buf;
	struct image image;

	(void)state;
	buf_text(&packed, "\x89LZO\0\r\n\x1a\n and so on");
	buf = bzimage_of(VERSION, &packed);
	assert_int_equal(image_parse(buf.data, buf.size, &image), 0);
	assert_null(image.inside);
	assert_non_null(strstr(image.why, "lzo"));
	assert_false(image.damaged);	/* as far as can be told */
	assert_string_equal(image.release, "7.3.4");
	image_free(&image);
	buf_free(&buf);
	buf_free(&packed);
}

static void test_scan(void **state)
{
	static const struct { const char *data; size_t size; enum abi_kind kind; const char *word; } cases[] = {
#define CASE(data, kind, word) { data, sizeof(data), kind, word }
		CASE("kho-v4", ABI_KHO, "kho-v4"),
		CASE("\0kho-v12", ABI_KHO, "kho-v12"),
		CASE("\xff\x81vfio-pci-v1\0\0", ABI_VFIO, "vfio-pci-v1"),
		CASE("\0kho-v4;radix-v1;vmalloc-v1", ABI_KHO, "kho-v4;radix-v1;vmalloc-v1"),
		CASE("\0luo-v5;block-v1", ABI_LUO, "luo-v5;block-v1"),
		CASE("\0luo-session-v2", ABI_SESSION, "luo-session-v2"),
		CASE("\0luo-session-v2", ABI_LUO, ""),
		CASE("\0luo-flb-v1", ABI_FLB, "luo-flb-v1"),
		CASE("\0pci-v2", ABI_PCI, "pci-v2"),
		CASE("\0vfio-pci-v1", ABI_PCI, ""),	/* is another word */
		CASE("xkho-v4", ABI_KHO, ""),
		CASE("\0kho-v4x", ABI_KHO, ""),
		CASE("\0kho-v", ABI_KHO, ""),
		CASE("\0kho-v4;", ABI_KHO, ""),
		CASE("\0kho-v4;radix", ABI_KHO, ""),
		CASE("\0kho-v4;radix-v", ABI_KHO, ""),
		CASE("\0use kho-v4 or not", ABI_KHO, ""),
		CASE("\0pci\0\0\0", ABI_PCI, ""),
	};
	struct abi abi;

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		abi = (struct abi){ 0 };
		abi_scan(&abi, cases[i].data, cases[i].size, "");
		if (strcmp(abi.word[cases[i].kind].text, cases[i].word))
			fail_msg("case %zu: '%s'", i, abi.word[cases[i].kind].text);
		assert_false(abi.word[cases[i].kind].several);
	}
	/* without the NUL at the end it is not whole */
	abi = (struct abi){ 0 };
	abi_scan(&abi, "\0kho-v4", 7, "");
	assert_string_equal(abi.word[ABI_KHO].text, "");
	/* two of a kind */
	abi_scan(&abi, "\0luo-v4\0luo-v5", 15, "");
	assert_true(abi.word[ABI_LUO].several);
	abi = (struct abi){ 0 };
	abi_scan(&abi, "\0luo-v5\0luo-v5", 15, "");
	assert_false(abi.word[ABI_LUO].several);
}

/* The FLB that is called "pci" and nothing more. */
static void test_plain_pci(void **state)
{
	uint8_t data[256] = { 0 };
	struct abi abi = { 0 };

	(void)state;
	memset(data + 64, 0xff, 8);
	strcpy((char *)data + 72, "pci");
	abi_scan(&abi, data, sizeof(data), "");
	assert_string_equal(abi.word[ABI_PCI].text, "");	/* no such messages */
	strcpy((char *)data + 160, "Device will be preserved across next Live Update\n");
	abi_scan(&abi, data, sizeof(data), "");
	assert_string_equal(abi.word[ABI_PCI].text, "pci");
	data[72 + 47] = 1;	/* the field is not that long */
	abi = (struct abi){ 0 };
	abi_scan(&abi, data, sizeof(data), "");
	assert_string_equal(abi.word[ABI_PCI].text, "");
	data[72 + 47] = 0;
	data[71] = 0;		/* no pointer before it */
	abi_scan(&abi, data, sizeof(data), "");
	assert_string_equal(abi.word[ABI_PCI].text, "");
}

static void test_releases(void **state)
{
	static const struct { const char *release, *kho, *luo, *memfd; bool no_flb; } cases[] = {
		{ "6.18.3", "kho-v1", "", "", true },
		{ "6.19.0", "kho-v1", "luo-v1", "memfd-v1", true },
		{ "7.0.2-1-amd64", "kho-v1", "luo-v1", "memfd-v1", false },
		{ "7.1", "kho-v3", "luo-v1", "", false },	/* memfd: not known */
		{ "7.2.13", "kho-v4", "luo-v5", "memfd-v2", true },
		{ "7.3.4-m", "kho-v4", "luo-v5", "memfd-v2", true },
		{ "7.3.0-rc1", "", "", "", false },
		{ "7.3-rc1", "", "", "", false },
		{ "7.4.0", "", "", "", false },
		{ "6.1.0", "", "", "", false },
		{ "", "", "", "", false },
		{ "7", "", "", "", false },
		{ "x.y", "", "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct abi abi = { 0 };

		abi_of_release(&abi, cases[i].release, "release");
		assert_string_equal(abi.word[ABI_KHO].text, cases[i].kho);
		assert_string_equal(abi.word[ABI_LUO].text, cases[i].luo);
		assert_string_equal(abi.word[ABI_MEMFD].text, cases[i].memfd);
		assert_int_equal(abi.word[ABI_FLB].none, cases[i].no_flb);
		assert_false(abi.word[ABI_KHO].none);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bzimage), cmocka_unit_test(test_elf),
		cmocka_unit_test(test_cut), cmocka_unit_test(test_codecs),
		cmocka_unit_test(test_scan), cmocka_unit_test(test_plain_pci),
		cmocka_unit_test(test_releases),
	};

	return RUN("image", tests);
}

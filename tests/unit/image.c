// SPDX-License-Identifier: GPL-2.0-only
/* Kernel images, and the names of formats inside them. */
#include "unit.h"

#include "../blobs.h"
#include "abi/compatible.h"
#include "formats/kernel-image.h"

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
	assert_true(image.kind == IMAGE_BZIMAGE && image.wrap == WRAP_NONE && image.loads);
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
	/* before 2.08 the header does not give the place of the kernel */
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
	assert_true(image.kind == IMAGE_VMLINUX && !image.loads);
	assert_string_equal(image.release, "7.3.4");
	assert_string_equal(image.build, "#1 SMP PREEMPT Thu Jan 1 00:00:00 UTC 2026");
	assert_null(image.config);
	image_free(&image);
	buf_free(&buf);
}

/* Cut at any place, it is an unreadable image or no image. */
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

/* A codec without a library: the reason is reported, and the release is still known. */
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

static struct buf arm64(void)
{
	struct buf inside = inside_of(VERSION, WORDS, sizeof(WORDS), "CONFIG_ARM64=y\n");
	struct buf image = arm64_of(&inside);

	buf_free(&inside);
	return image;
}

static void assert_arm64(const struct buf *buf, enum image_wrap wrap, enum codec codec)
{
	struct image image;
	struct abi abi = { 0 };

	assert_int_equal(image_parse(buf->data, buf->size, &image), 0);
	assert_true(image.kind == IMAGE_ARM64 && image.wrap == wrap && image.codec == codec);
	assert_true(image.loads && !image.damaged && !image.why[0]);
	assert_string_equal(image.machine, "aarch64");
	assert_string_equal(image.release, "7.3.4");
	assert_string_equal(image.config, "CONFIG_ARM64=y\n");
	abi_scan(&abi, image.inside, image.size, "here");
	assert_string_equal(abi.word[ABI_LUO].text, "luo-v5");
	image_free(&image);
}

static const struct {
	enum codec codec;
	struct buf (*make)(const void *data, size_t size);
} codecs[] = {
	{ CODEC_GZIP, gzip_of },
#ifdef HAVE_LZMA
	{ CODEC_XZ, xz_of }, { CODEC_LZMA, lzma_of },
#endif
#ifdef HAVE_ZSTD
	{ CODEC_ZSTD, zstd_of },
#endif
#ifdef HAVE_LZ4
	{ CODEC_LZ4, lz4_of },
#endif
};

/*
 * An arm64 kernel: plain, in an EFI program that unpacks it, and compressed as a whole; the same
 * for x86.
 */
static void test_arm64(void **state)
{
	struct buf plain = arm64(), packed, zboot;

	(void)state;
	assert_arm64(&plain, WRAP_NONE, CODEC_NONE);
	for (size_t i = 0; i < ARRAY(codecs); i++) {
		packed = codecs[i].make(plain.data, plain.size);
		zboot = zboot_of(&packed, codec_name(codecs[i].codec));
		assert_arm64(&packed, WRAP_PACKED, codecs[i].codec);
		assert_arm64(&zboot, WRAP_ZBOOT, codecs[i].codec);
		buf_free(&packed);
		buf_free(&zboot);
	}
	buf_free(&plain);
}

static void test_packed(void **state)
{
	struct buf plain = bzimage("CONFIG_X=y\n"), packed = gzip_of(plain.data, plain.size), other;
	struct image image;

	(void)state;
	assert_int_equal(image_parse(packed.data, packed.size, &image), 0);
	assert_true(image.kind == IMAGE_BZIMAGE && image.wrap == WRAP_PACKED && image.inside);
	assert_string_equal(image.config, "CONFIG_X=y\n");
	image_free(&image);
	/* cut off behind its head, or within it */
	assert_int_equal(image_parse(packed.data, packed.size - 9, &image), 0);
	assert_true(image.damaged && !image.inside && strstr(image.why, "gzip"));
	image_free(&image);
	assert_int_equal(image_parse(packed.data, 30, &image), -ENOEXEC);
	/* compressed, and no kernel */
	other = gzip_of(WORDS, sizeof(WORDS));
	assert_int_equal(image_parse(other.data, other.size, &image), -ENOEXEC);
	buf_free(&other);
	buf_free(&plain);
	buf_free(&packed);
}

/* A compression that this build does not support is named; the file may still be a kernel. */
static void test_hidden(void **state)
{
	static const struct { const char *data, *word, *name; } cases[] = {
		{ "BZh91AY&SY", "bzip2", "bzip2" }, { "\x89LZO\0\r\n\x1a\n", "lzo", "lzo" },
		{ "\x04\x22\x4d\x18", "lz4", "lz4" }, { "?", "zstd22", "zstd" }, { "?", "xzkern", "xz" },
		{ "?", "new", "no known way" },
	};
	struct buf packed, zboot;
	struct image image;

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		packed = (struct buf){ NULL, 0 };
		buf_add(&packed, cases[i].data, strlen(cases[i].data));
		buf_add(&packed, NULL, 100);
		zboot = zboot_of(&packed, cases[i].word);
		assert_int_equal(image_parse(zboot.data, zboot.size, &image), 0);
		assert_true(image.kind == IMAGE_HIDDEN && image.wrap == WRAP_ZBOOT && !image.damaged);
		assert_non_null(strstr(image.why, cases[i].name));
		image_free(&image);
		if (cases[i].data[0] == '?') {
			assert_int_equal(image_parse(packed.data, packed.size, &image), -ENOEXEC);
		} else {
			assert_int_equal(image_parse(packed.data, packed.size, &image), 0);
			assert_true(image.kind == IMAGE_HIDDEN && image.wrap == WRAP_PACKED);
			assert_non_null(strstr(image.why, cases[i].name));
			image_free(&image);
		}
		buf_free(&packed);
		buf_free(&zboot);
	}
}

/* A bzImage whose kernel is not compressed. */
static void test_plain_payload(void **state)
{
	struct buf inside = inside_of(VERSION, WORDS, sizeof(WORDS), NULL), buf = bzimage_of(VERSION, &inside);
	struct image image;

	(void)state;
	assert_int_equal(image_parse(buf.data, buf.size, &image), 0);
	assert_true(image.kind == IMAGE_BZIMAGE && image.inside && image.size == inside.size);
	image_free(&image);
	buf_free(&inside);
	buf_free(&buf);
}

static void assert_part(const struct buf *file, struct part part, const struct buf *is)
{
	assert_int_equal(part.size, is->size);
	assert_memory_equal(file->data + part.at, is->data, is->size);
}

static void test_unified(void **state)
{
	struct section sections[] = {
		{ ".osrel", { (uint8_t *)"ID=x", 4 } }, { ".cmdline", { (uint8_t *)"kho=on", 6 } },
		{ ".initrd", { (uint8_t *)"070701", 6 } }, { ".linux", bzimage("CONFIG_X=y\n") },
		{ ".cmdline", { (uint8_t *)"of another profile", 18 } },
	};
	struct buf uki = pe_of(sections, ARRAY(sections)), zboot;
	struct image image;
	size_t cut;

	(void)state;
	assert_int_equal(image_parse(uki.data, uki.size, &image), 0);
	assert_true(image.wrap == WRAP_UKI && image.kind == IMAGE_BZIMAGE && image.inside);
	assert_string_equal(image.release, "7.3.4");
	assert_part(&uki, image.kernel, &sections[3].buf);
	assert_part(&uki, image.initrd, &sections[2].buf);
	assert_part(&uki, image.cmdline, &sections[1].buf);
	cut = image.kernel.at + 100;
	image_free(&image);
	/* a section that is cut off does not count */
	assert_true(pe_section(uki.data, cut, ".initrd").size && !pe_section(uki.data, cut, ".linux").size);
	assert_int_equal(image_parse(uki.data, cut, &image), 0);
	assert_true(image.wrap == WRAP_UKI && image.damaged && !image.inside && !image.kernel.size);
	assert_string_equal(image.why, "it is cut off");
	image_free(&image);
	buf_free(&uki);
	buf_free(&sections[3].buf);

	/* on arm64 with a zboot image in it */
	sections[3].buf = arm64();
	zboot = gzip_of(sections[3].buf.data, sections[3].buf.size);
	buf_free(&sections[3].buf);
	sections[3].buf = zboot_of(&zboot, "gzip");
	uki = pe_of(sections, ARRAY(sections));
	assert_arm64(&uki, WRAP_UKI, CODEC_GZIP);
	buf_free(&uki);
	/* and with a section that is no kernel */
	sections[3].buf.data[4] = 'x';
	uki = pe_of(sections, ARRAY(sections));
	assert_int_equal(image_parse(uki.data, uki.size, &image), 0);
	assert_true(image.wrap == WRAP_UKI && image.kind == IMAGE_HIDDEN && image.damaged && image.why[0]);
	image_free(&image);
	/* an EFI program without a kernel is no kernel */
	assert_true(pe_section(uki.data, uki.size, ".osrel").size == 4);
	memcpy(uki.data + 0x80 + 24 + 0xf0 + 3 * 40, ".text\0", 6);
	assert_int_equal(image_parse(uki.data, uki.size, &image), -ENOEXEC);
	buf_free(&uki);
	buf_free(&zboot);
	buf_free(&sections[3].buf);
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
	/* without its NUL, the string is incomplete */
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

/* The FLB whose whole name is "pci". */
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

static void test_image_memory(void **state)
{
	unsigned char head[1024] = { 0 };

	(void)state;
	assert_int_equal(image_memory(head, sizeof(head)), 0);
	memcpy(head + 0x202, "HdrS", 4);
	head[0x206] = 0x0f;
	head[0x207] = 0x02;
	head[0x262] = 0x30;
	head[0x263] = 0x01;
	assert_int_equal(image_memory(head, sizeof(head)), 0x01300000);
	assert_int_equal(image_memory(head, 0x263), 0);
	head[0x206] = 0x09;	/* before init_size was there */
	assert_int_equal(image_memory(head, sizeof(head)), 0);
	memset(head, 0, sizeof(head));
	memcpy(head + 56, "ARM\x64", 4);
	head[18] = 0x20;
	assert_int_equal(image_memory(head, sizeof(head)), 0x200000);
	assert_int_equal(image_memory(head, 60), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bzimage), cmocka_unit_test(test_elf),
		cmocka_unit_test(test_cut), cmocka_unit_test(test_codecs),
		cmocka_unit_test(test_arm64), cmocka_unit_test(test_packed),
		cmocka_unit_test(test_hidden), cmocka_unit_test(test_plain_payload),
		cmocka_unit_test(test_unified),
		cmocka_unit_test(test_scan), cmocka_unit_test(test_plain_pci),
		cmocka_unit_test(test_releases), cmocka_unit_test(test_image_memory),
	};

	return RUN("image", tests);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"
#include "formats/bytes.h"
#include "formats/kernel-image.h"

#define HEAD_SIZE	1024	/* bytes that identify each kind of image */
#define INSIDE_MAX	(384u << 20)
#define CONFIG_MAX	(4u << 20)

/* Offsets of struct setup_header, Documentation/arch/x86/boot.rst */
#define SETUP_SECTS	0x1f1
#define BOOT_FLAG	0x1fe
#define HEADER		0x202
#define VERSION		0x206
#define KERNEL_VERSION	0x20e
#define LOADFLAGS	0x211
#define XLOADFLAGS	0x236
#define CMDLINE_SIZE	0x238
#define PAYLOAD_OFFSET	0x248
#define PAYLOAD_LENGTH	0x24c
#define INIT_SIZE	0x260

/* drivers/firmware/efi/libstub/zboot-header.S */
#define ZBOOT_PAYLOAD	8
#define ZBOOT_SIZE	12
#define ZBOOT_CODEC	24

/*
 * Takes release and build from "7.3.4 (builder) #1 SMP date", the form in the boot
 * header and in the banner. The part from "#" on is the output of uname -v.
 */
static void take_version(struct image *image, const uint8_t *text, size_t size)
{
	size_t len, i;

	for (len = 0; len < size && is_printable(text[len]); len++)
		;
	for (i = 0; i < len && text[i] != ' '; i++)
		;
	if (i)
		take_text(image->release, sizeof(image->release), (const char *)text, i);
	for (; i + 2 < len && !(text[i] == ' ' && text[i + 1] == '#' && is_digit(text[i + 2])); i++)
		;
	if (i + 2 < len)
		take_text(image->build, sizeof(image->build), (const char *)text + i + 1,
			  len - i - 1);
}

/*
 * Finds linux_banner (init/version-timestamp.c). A kernel has two: one from the first
 * linking, without a number behind "#", and the real one.
 */
static void take_banner(struct image *image)
{
	static const char banner[] = "Linux version ";
	const uint8_t *p = image->inside, *end = p + image->size;

	while (!image->build[0] &&
	       (p = memmem(p, (size_t)(end - p), banner, sizeof(banner) - 1))) {
		p += sizeof(banner) - 1;
		if (p < end && is_digit(*p))
			take_version(image, p, (size_t)(end - p));
	}
}

/* Finds the gzipped configuration between IKCFG_ST and IKCFG_ED (kernel/configs.c). */
static void take_config(struct image *image)
{
	const uint8_t *p = image->inside, *end = p + image->size;
	struct blob blob;
	int tries = 8;	/* the marker may occur elsewhere too, but rarely */

	while (tries-- && (p = memmem(p, (size_t)(end - p), "IKCFG_ST", 8))) {
		p += 8;
		if (codec_of(p, (size_t)(end - p)) != CODEC_GZIP ||
		    unpack(p, (size_t)(end - p), CONFIG_MAX, &blob))
			continue;
		image->config = (char *)blob.data;
		return;
	}
}

static bool is_bzimage(const uint8_t *data, size_t size)
{
	return size >= HEAD_SIZE && le16(data + BOOT_FLAG) == 0xaa55 &&
	       memcmp(data + HEADER, "HdrS", 4) == 0;
}

static bool is_elf(const uint8_t *data, size_t size)
{
	return size >= 64 && memcmp(data, "\177ELF", 4) == 0;
}

/* e_machine, for the architectures with Kexec Handover */
static const char *elf_machine(const uint8_t *data)
{
	return le16(data + 18) == 62 ? "x86_64" : le16(data + 18) == 183 ? "aarch64" : NULL;
}

/* Documentation/arch/arm64/booting.rst */
static bool is_arm64(const uint8_t *data, size_t size)
{
	return size >= 64 && memcmp(data + 56, "ARM\x64", 4) == 0;
}

static bool is_zboot(const uint8_t *data, size_t size)
{
	return size >= 64 && memcmp(data, "MZ\0\0zimg", 8) == 0;
}

/* bzImage64_probe(), arch/x86/kernel/kexec-bzimage64.c */
static bool can_file_load(const uint8_t *data)
{
	return le16(data + VERSION) >= 0x020c && (data[LOADFLAGS] & 1) &&
	       (le16(data + XLOADFLAGS) & 3) == 3;
}

uint64_t image_memory(const uint8_t *head, size_t size)
{
	/* as bzImage64_load() computes it */
	if (size >= INIT_SIZE + 4 && memcmp(head + HEADER, "HdrS", 4) == 0)
		return le16(head + VERSION) >= 0x020a ? le32(head + INIT_SIZE) : 0;
	if (is_arm64(head, size))	/* image_size */
		return le32(head + 16) | (uint64_t)le32(head + 20) << 32;
	return 0;
}

static void explain(struct image *image, int ret, enum codec codec)
{
	const char *name = codec_name(codec);

	image->codec = codec;
	image->damaged |= ret == -EBADMSG;
	if (ret == -ENOTSUP)
		snprintf(image->why, sizeof(image->why), "it is compressed by %s, which this "
			 "program cannot unpack", name);
	else
		snprintf(image->why, sizeof(image->why), "its %s data %s", name,
			 ret == -EFBIG ? "is larger than any kernel" : "is damaged");
}

static void cut_off(struct image *image)
{
	snprintf(image->why, sizeof(image->why), "it is cut off");
	image->damaged = true;
}

static void see_inside(struct image *image, const uint8_t *data, size_t size)
{
	if (!size)
		snprintf(image->why, sizeof(image->why), "there is nothing in it");
	image->inside = size ? data : NULL;
	image->size = size;
}

/* The first unpacked bytes show whether the rest is wanted. */
struct peek {
	uint8_t head[HEAD_SIZE];
	size_t size;
};

static int take_head(void *arg, const uint8_t *data, size_t size)
{
	struct peek *peek = arg;
	size_t n = sizeof(peek->head) - peek->size;

	n = size < n ? size : n;
	memcpy(peek->head + peek->size, data, n);
	peek->size += n;
	return peek->size == sizeof(peek->head) ? -EXFULL : 0;
}

static bool is_kernel(const uint8_t *data, size_t size)
{
	return is_bzimage(data, size) || is_elf(data, size) || is_arm64(data, size);
}

static int parse_bzimage(struct image *image, const uint8_t *data, size_t size)
{
	size_t setup = data[SETUP_SECTS] ? data[SETUP_SECTS] : 4;
	size_t at = le16(data + KERNEL_VERSION), offset, length;
	struct blob *inside = &image->owned[1];
	int ret;

	image->kind = IMAGE_BZIMAGE;
	image->machine = "x86_64";
	image->loads = can_file_load(data);
	if (at && at + 0x200 < size)
		take_version(image, data + at + 0x200, size - at - 0x200);
	if (le16(data + VERSION) < 0x0208) {
		snprintf(image->why, sizeof(image->why),
			 "its boot protocol is too old to tell where the kernel is");
		return 0;
	}
	offset = (setup + 1) * 512 + le32(data + PAYLOAD_OFFSET);
	length = le32(data + PAYLOAD_LENGTH);
	if (offset > size || length > size - offset) {
		cut_off(image);
		return 0;
	}
	if (is_elf(data + offset, length)) {
		see_inside(image, data + offset, length);
		return 0;
	}
	ret = unpack(data + offset, length, INSIDE_MAX, inside);
	image->codec = codec_of(data + offset, length);
	if (ret)
		explain(image, ret, image->codec);
	else
		see_inside(image, inside->data, inside->size);
	return ret == -ENOMEM ? ret : 0;
}

static int parse_kernel(struct image *image, const uint8_t *data, size_t size)
{
	if (is_bzimage(data, size))
		return parse_bzimage(image, data, size);
	if (is_arm64(data, size)) {
		image->kind = IMAGE_ARM64;
		image->machine = "aarch64";
		image->loads = true;
	} else if (is_elf(data, size)) {
		image->kind = IMAGE_VMLINUX;
		image->machine = elf_machine(data);
	} else {
		return -ENOEXEC;
	}
	see_inside(image, data, size);
	return 0;
}

/*
 * Parses compressed data. Returns -ENOEXEC if it is not a kernel, or is damaged before the first
 * KiB shows what it is. Returns 0 if this program cannot unpack it: it may be a kernel.
 */
static int parse_packed(struct image *image, const uint8_t *data, size_t size, enum codec codec)
{
	struct blob *blob = &image->owned[0];
	struct peek peek = { .size = 0 };
	bool seen = false;
	size_t used;
	int ret;

	ret = codec_of(data, size) == codec ? unpack_each(data, size, take_head, &peek, &used) :
	      -ENOTSUP;
	if (ret == -EXFULL || !ret) {
		seen = is_kernel(peek.head, peek.size);
		ret = seen ? unpack(data, size, INSIDE_MAX, blob) : -ENOEXEC;
	}
	if (!ret) {
		image->codec = codec;
		return parse_kernel(image, blob->data, blob->size);
	}
	if (ret != -ENOMEM && ret != -ENOEXEC)
		explain(image, ret, codec);
	return ret == -ENOTSUP || (seen && ret != -ENOMEM) ? 0 : ret == -EBADMSG ? -ENOEXEC : ret;
}

/* Recognizes also the default format of lz4(1); the kernel itself knows only the legacy format. */
static enum codec codec_of_file(const uint8_t *data, size_t size)
{
	return size >= 4 && le32(data) == 0x184d2204 ? CODEC_LZ4 : codec_of(data, size);
}

/* The zboot header names the codec with a word of the kernel build. */
static int parse_zboot(struct image *image, const uint8_t *data, size_t size)
{
	const struct part part = { le32(data + ZBOOT_PAYLOAD), le32(data + ZBOOT_SIZE) };
	const char *word = (const char *)data + ZBOOT_CODEC;
	enum codec codec;
	int ret;

	image->wrap = WRAP_ZBOOT;
	if (part.at > size || part.size > size - part.at) {
		cut_off(image);
		return 0;
	}
	image->kernel = part;
	codec = codec_of(data + part.at, part.size);
	if (codec == CODEC_NONE)
		codec = codec_named(word, strnlen(word, 32));
	ret = parse_packed(image, data + part.at, part.size, codec);
	if (ret == -ENOEXEC && !image->why[0])
		snprintf(image->why, sizeof(image->why), "there is no kernel in it");
	image->damaged |= ret == -ENOEXEC;
	return ret == -ENOMEM ? ret : 0;
}

static int parse_uki(struct image *image, const uint8_t *data, size_t size)
{
	const struct part part = pe_section(data, size, ".linux");
	const uint8_t *kernel = data + part.at;
	int ret;

	ret = is_zboot(kernel, part.size) ? parse_zboot(image, kernel, part.size) :
	      parse_kernel(image, kernel, part.size);
	if (ret == -ENOEXEC)
		snprintf(image->why, sizeof(image->why), "its section .linux is not a kernel");
	image->wrap = WRAP_UKI;
	image->damaged |= ret == -ENOEXEC;
	image->kernel = part;
	image->initrd = pe_section(data, size, ".initrd");
	image->cmdline = pe_section(data, size, ".cmdline");
	if (pe_is_cut_off(data, size, ".linux") || pe_is_cut_off(data, size, ".initrd"))
		cut_off(image);
	return ret == -ENOMEM ? ret : 0;
}

static int parse(struct image *image, const uint8_t *data, size_t size)
{
	enum codec codec = codec_of_file(data, size);

	if (is_kernel(data, size))
		return parse_kernel(image, data, size);
	if (is_zboot(data, size))
		return parse_zboot(image, data, size);
	if (pe_section(data, size, ".linux").size || pe_is_cut_off(data, size, ".linux"))
		return parse_uki(image, data, size);
	if (codec == CODEC_NONE)
		return -ENOEXEC;
	image->wrap = WRAP_PACKED;
	image->kernel = (struct part){ 0, size };
	return parse_packed(image, data, size, codec);
}

int image_parse(const void *data, size_t size, struct image *ret_image)
{
	struct image image = { .codec = CODEC_NONE };
	int ret = parse(&image, data, size);

	if (ret) {
		image_free(&image);
		return ret;
	}
	if (image.inside) {
		take_banner(&image);
		take_config(&image);
	}
	*ret_image = image;
	return 0;
}

void image_free(struct image *image)
{
	free(image->owned[0].data);
	free(image->owned[1].data);
	free(image->config);
	memset(image, 0, sizeof(*image));
}

/* cmdline_size of the setup header, since protocol 2.06: Documentation/arch/x86/boot.rst */
size_t bzimage_cmdline_size(const unsigned char head[BZIMAGE_HEAD])
{
	if (memcmp(head + HEADER, "HdrS", 4) != 0 || le16(head + VERSION) < 0x206)
		return 0;
	return le32(head + CMDLINE_SIZE);
}

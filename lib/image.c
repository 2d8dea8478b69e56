/* SPDX-License-Identifier: GPL-2.0-only */
#include "image.h"

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
#define PAYLOAD_OFFSET	0x248
#define PAYLOAD_LENGTH	0x24c
#define SETUP_END	0x250

static unsigned int get16(const uint8_t *p)
{
	return p[0] | (unsigned int)p[1] << 8;
}

static size_t get32(const uint8_t *p)
{
	return get16(p) | (size_t)get16(p + 2) << 16;
}

static bool digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool printable(uint8_t c)
{
	return c >= ' ' && c < 0x7f;
}

/*
 * "7.3.4 (builder) #1 SMP date" is how the boot header and the banner inside
 * say it; the part from "#" on is what uname -v says.
 */
static void take_version(struct image *image, const uint8_t *text, size_t size)
{
	size_t len, i;

	for (len = 0; len < size && printable(text[len]); len++)
		;
	for (i = 0; i < len && text[i] != ' '; i++)
		;
	if (i && i < sizeof(image->release)) {
		memcpy(image->release, text, i);
		image->release[i] = '\0';
	}
	for (; i + 2 < len && !(text[i] == ' ' && text[i + 1] == '#' && digit(text[i + 2])); i++)
		;
	if (i + 2 < len && len - i - 1 < sizeof(image->build)) {
		memcpy(image->build, text + i + 1, len - i - 1);
		image->build[len - i - 1] = '\0';
	}
}

/*
 * linux_banner, init/version-timestamp.c. A kernel has two: the one that the
 * first linking needed, with no number behind "#", and the real one.
 */
static void take_banner(struct image *image)
{
	static const char banner[] = "Linux version ";
	const uint8_t *p = image->inside, *end = p + image->size;

	while (!image->build[0] &&
	       (p = memmem(p, (size_t)(end - p), banner, sizeof(banner) - 1))) {
		p += sizeof(banner) - 1;
		if (p < end && digit(*p))
			take_version(image, p, (size_t)(end - p));
	}
}

/* kernel/configs.c: IKCFG_ST, the configuration as gzip made it, IKCFG_ED */
static void take_config(struct image *image)
{
	const uint8_t *p = image->inside, *end = p + image->size;
	struct blob blob;
	int tries = 8;	/* the words may stand elsewhere too, but not often */

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
	return size >= 1024 && get16(data + BOOT_FLAG) == 0xaa55 &&
	       memcmp(data + HEADER, "HdrS", 4) == 0;
}

/* bzImage64_probe(), arch/x86/kernel/kexec-bzimage64.c */
static bool file_load_takes(const uint8_t *data)
{
	return get16(data + VERSION) >= 0x020c && (data[LOADFLAGS] & 1) &&
	       (get16(data + XLOADFLAGS) & 3) == 3;
}

static int parse_bzimage(struct image *image, const uint8_t *data, size_t size)
{
	size_t setup = data[SETUP_SECTS] ? data[SETUP_SECTS] : 4;
	size_t at = get16(data + KERNEL_VERSION), offset, length;
	int ret;

	image->bzimage = true;
	image->loads = file_load_takes(data);
	if (at && at + 0x200 < size)
		take_version(image, data + at + 0x200, size - at - 0x200);
	if (get16(data + VERSION) < 0x0208) {
		snprintf(image->why, sizeof(image->why),
			 "its boot protocol is too old to tell where the kernel is");
		return 0;
	}
	offset = (setup + 1) * 512 + get32(data + PAYLOAD_OFFSET);
	length = get32(data + PAYLOAD_LENGTH);
	if (offset > size || length > size - offset) {
		snprintf(image->why, sizeof(image->why), "it is cut off");
		image->damaged = true;
		return 0;
	}
	image->codec = codec_of(data + offset, length);
	ret = unpack(data + offset, length, INSIDE_MAX, &image->owned);
	if (ret == -ENOMEM)
		return ret;
	if (ret == -ENOTSUP)
		snprintf(image->why, sizeof(image->why), "it is compressed by %s, which "
			 "this program cannot unpack", codec_name(image->codec));
	else if (ret)
		snprintf(image->why, sizeof(image->why), "its %s data %s",
			 codec_name(image->codec), ret == -EFBIG ?
			 "is larger than any kernel" : "is damaged");
	else if (!image->owned.size)
		snprintf(image->why, sizeof(image->why), "there is nothing in it");
	image->damaged = ret == -EBADMSG;
	image->inside = image->owned.size ? image->owned.data : NULL;
	image->size = image->owned.size;
	return 0;
}

int image_parse(const void *data, size_t size, struct image *ret_image)
{
	struct image image = { .codec = CODEC_NONE };
	int ret = 0;

	if (is_bzimage(data, size)) {
		ret = parse_bzimage(&image, data, size);
	} else if (size >= 64 && memcmp(data, "\177ELF", 4) == 0) {
		image.inside = data;
		image.size = size;
	} else {
		ret = -ENOEXEC;
	}
	if (ret)
		return ret;
	if (image.inside) {
		take_banner(&image);
		take_config(&image);
	}
	*ret_image = image;
	return 0;
}

void image_free(struct image *image)
{
	free(image->owned.data);
	free(image->config);
	memset(image, 0, sizeof(*image));
}

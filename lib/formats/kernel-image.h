/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel images: their kind, their wrapping and their contents. */
#ifndef VLU_FORMATS_KERNEL_IMAGE_H
#define VLU_FORMATS_KERNEL_IMAGE_H

#include "pe.h"
#include "unpack.h"

enum image_kind {
	IMAGE_HIDDEN,	/* there is, or may be, a kernel that cannot be read: see the member why */
	IMAGE_BZIMAGE,	/* the kind that kexec_file_load() loads on x86 */
	IMAGE_ARM64,	/* the kind that it loads on arm64, called Image */
	IMAGE_VMLINUX,	/* the ELF file vmlinux of the kernel build */
};

/* The wrapping around the kernel. kexec_file_load() loads no wrapped kernel. */
enum image_wrap {
	WRAP_NONE,
	WRAP_PACKED,	/* the whole file is compressed */
	WRAP_ZBOOT,	/* an EFI program that unpacks it: drivers/firmware/efi/libstub/zboot.c */
	WRAP_UKI,	/* an EFI program with kernel, initrd and command line: systemd-stub(7) */
};

struct image {
	enum image_kind kind;
	enum image_wrap wrap;
	struct part kernel;	/* its place in the wrapping, still compressed */
	struct part initrd, cmdline;	/* of a UKI */
	bool loads;		/* kexec_file_load() loads it on its kind of machine */
	const char *machine;	/* as uname -m prints it; NULL: not known */
	enum codec codec;	/* compression of the kernel or the wrapping */
	char release[80];	/* "7.3.4"; "": not known */
	char build[128];	/* "#1 SMP Thu Jan 1 ..."; "": not known */
	const uint8_t *inside;	/* the unpacked kernel; NULL: see the member why */
	size_t size;
	char why[128];
	bool damaged;		/* it would not boot */
	struct blob owned[2];	/* unpacked data: the image, the kernel in it */
	char *config;		/* the built-in configuration; NULL: none */
};

/*
 * Parses an image. data must live as long as the image. Fails with -ENOEXEC if the file
 * is not a kernel. An image whose kernel cannot be unpacked is accepted; so is a file
 * that may be a kernel, in a compression that this build does not support.
 */
int image_parse(const void *data, size_t size, struct image *ret_image) must_check;
void image_free(struct image *image);
/* From the first KiB of an image, returns the memory that it needs when loaded; 0: not known. */
uint64_t image_memory(const uint8_t *head, size_t size);

/* From the first bytes of a bzImage, returns the size of its longest command line; 0: not known. */
#define BZIMAGE_HEAD	0x23c
size_t bzimage_cmdline_size(const unsigned char head[BZIMAGE_HEAD]);

#endif

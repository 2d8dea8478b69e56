/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel image: what it is, and what is inside. */
#ifndef VLU_IMAGE_H
#define VLU_IMAGE_H

#include "unpack.h"

struct image {
	bool bzimage;		/* else: the ELF file that the build calls vmlinux */
	bool loads;		/* x86's kexec_file_load() takes it */
	enum codec codec;	/* of what is inside a bzImage */
	char release[80];	/* "7.3.4", "" if it does not say */
	char build[128];	/* "#1 SMP Thu Jan 1 ...", "" if it does not say */
	const uint8_t *inside;	/* the kernel unpacked; NULL: why */
	size_t size;
	char why[128];
	bool damaged;		/* and so it would not boot */
	struct blob owned;
	char *config;		/* the configuration it carries, NULL for none */
};

/*
 * data must live as long as the image. -ENOEXEC: no kernel. An image whose
 * inside cannot be unpacked is one all the same.
 */
int image_parse(const void *data, size_t size, struct image *ret_image) must_check;
void image_free(struct image *image);

#endif

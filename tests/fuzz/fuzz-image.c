// SPDX-License-Identifier: GPL-2.0-only
/* Kernel images: headers, compressed parts, configurations, names. */
#include "abi/compatible.h"
#include "formats/cmdline.h"
#include "formats/kconfig.h"
#include "formats/kernel-image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(struct part part, size_t size)
{
	return part.at <= size && part.size <= size - part.at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a buffer of exactly this size, so that a sanitizer sees a read beyond it */
	uint8_t *copy = malloc(size ? size : 1);
	struct kconfig config = { .text = NULL };
	struct abi abi = { 0 };
	struct image image;
	char value[16];

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	if (!image_parse(copy, size, &image)) {
		if (image.inside)
			abi_scan(&abi, image.inside, image.size, "image");
		if ((!image.inside && !image.why[0]) || !is_within(image.kernel, size) ||
		    !is_within(image.initrd, size) || !is_within(image.cmdline, size))
			__builtin_trap();
		config.text = image.config;
		kconfig_get(&config, "VFIO_PCI");
		abi_of_release(&abi, image.release, "release");
		cmdline_get(image.build, "SMP", value, sizeof(value));
		image_free(&image);
	}
	abi_scan(&abi, copy, size, "all");
	free(copy);
	return 0;
}

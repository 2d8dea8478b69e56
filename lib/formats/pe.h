/* SPDX-License-Identifier: GPL-2.0-only */
/* PE files, the format of UEFI programs: kernels, and programs that contain a kernel. */
#ifndef VLU_FORMATS_PE_H
#define VLU_FORMATS_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A part of a file. size 0: there is none. */
struct part {
	size_t at, size;
};

/*
 * Returns the first section of this name (at most 8 bytes), or size 0 if there is none or the file
 * is cut off. In a unified image with several profiles, the first one is the default.
 */
struct part pe_section(const uint8_t *data, size_t size, const char *name);
/* Returns whether the section exists and the file ends before its end. */
bool pe_is_cut_off(const uint8_t *data, size_t size, const char *name);

#endif

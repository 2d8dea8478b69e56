/* SPDX-License-Identifier: GPL-2.0-only */
/* Little-endian numbers in files, at any alignment. */
#ifndef VLU_FORMATS_BYTES_H
#define VLU_FORMATS_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline unsigned int le16(const uint8_t *p)
{
	return p[0] | (unsigned int)p[1] << 8;
}

static inline size_t le32(const uint8_t *p)
{
	return le16(p) | (size_t)le16(p + 2) << 16;
}

#endif

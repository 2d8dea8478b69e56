/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vfio-pci file. The first postings have u16 bdf, u16 domain, the later ones
 * u32 domain, u16 bdf; each went on for a while under the same name. It has a
 * page of zeros for itself, so that its length tells nothing.
 */
#include "blob.h"

static struct vlu_bdf address(uint32_t domain, uint16_t bdf)
{
	return (struct vlu_bdf){
		.domain = domain, .bus = (uint8_t)(bdf >> 8),
		.device = bdf >> 3 & 0x1f, .function = bdf & 7,
	};
}

static bool only_zeros(const struct blob *blob, size_t from)
{
	for (; from < blob->size; from++)
		if (blob->data[from])
			return false;
	return true;
}

int vfio_decode(const struct blob *blob, const char *compatible,
		struct vlu_vfio *ret, struct blob_error *err)
{
	const unsigned char *data = blob->data;
	uint32_t domain;

	ret->n_readings = 0;
	if (blob->size < 6)
		return blob_fail(err, blob->size, "it ends before its address does");
	/* of the rest, reset_works is 0 or 1 and all else is zero */
	domain = blob_u32(data, 0);
	if ((blob->size < 7 || data[6] <= 1) && only_zeros(blob, 7))
		ret->readings[ret->n_readings++] = (struct vlu_vfio_reading){
			address(domain, blob_u16(data, 4)), "domain-first",
		};
	if (compatible && strcmp(compatible, "vfio-pci-v1") != 0)
		return ret->n_readings ? 0 : blob_fail(err, 6, "no vfio-pci file");
	/* u8 reset_works at 4, then u32 token in one posting */
	if (data[4] <= 1)
		ret->readings[ret->n_readings++] = (struct vlu_vfio_reading){
			address(blob_u16(data, 2), blob_u16(data, 0)), "bdf-first",
		};
	return ret->n_readings ? 0 : blob_fail(err, 4, "no vfio-pci file");
}

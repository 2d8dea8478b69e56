/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The data of a vfio-pci file: u32 domain, u16 bdf, in some postings u8 reset_works. The data is
 * alone in a zeroed page, so the size of the blob says nothing about the format.
 */
#include "blob.h"

int vfio_decode(const struct blob *blob, struct vlu_vfio *ret, struct blob_error *err)
{
	if (blob->size < 6)
		return blob_fail(err, blob->size, "it ends before the address");
	/* Bytes from VFIO_SIZE on are not checked. */
	for (size_t i = 6; i < blob->size && i < VFIO_SIZE; i++)
		if (blob->data[i] > (i == 6))
			return blob_fail(err, i, "not the data of a vfio-pci file");
	ret->bdf = blob_bdf(blob_u32(blob->data, 0), blob_u16(blob->data, 4));
	return 0;
}

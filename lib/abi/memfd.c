/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A memfd. v1 (Linux 6.19, 7.0) is u64 pos, size, nr_folios and a kho_vmalloc. v2 has u32 seals
 * and u32 flags before nr_folios.
 */
#include "blob.h"

#define FOLIO_SIZE	16
#define SEALS_KNOWN	0x3f	/* F_SEAL_SEAL to F_SEAL_EXEC */

/* Has the kho_vmalloc (u64 first, u32 pages, u16 flags, u16 order) the size of a list of nr_folios? */
static bool has_fitting_vmalloc(const unsigned char *data, uint64_t nr_folios, size_t page)
{
	uint64_t first = blob_u64(data, 0), pages = blob_u32(data, 8);
	unsigned int order = blob_u16(data, 14);

	if (!nr_folios)
		return !first && !pages;
	return first && first % page == 0 && order < 32 &&
	       nr_folios <= UINT64_MAX / FOLIO_SIZE - page &&
	       pages == (nr_folios * FOLIO_SIZE + page - 1) / page;
}

static bool decode(const struct blob *blob, bool v2, size_t page, struct vlu_memfd *ret)
{
	const size_t folios = v2 ? 24 : 16;
	const unsigned char *data = blob->data;

	if (blob->size < folios + 24)
		return false;
	*ret = (struct vlu_memfd){
		.layout = v2 ? "v2" : "v1",
		.pos = blob_u64(data, 0), .size = blob_u64(data, 8),
		.seals = v2 ? (int64_t)blob_u32(data, 16) : -1,
		.nr_folios = blob_u64(data, folios),
		.folios_pa = blob_u64(data, folios + 8),
		.pages = blob_u32(data, folios + 16),
	};
	if (v2 && ((blob_u32(data, 16) & ~(uint32_t)SEALS_KNOWN) || blob_u32(data, 20)))
		return false;
	return ret->size <= INT64_MAX && ret->pos <= INT64_MAX &&
	       has_fitting_vmalloc(data + folios + 8, ret->nr_folios, page);
}

int memfd_decode(const struct blob *blob, const char *compatible, size_t page,
		 struct vlu_memfd *ret, struct blob_error *err)
{
	bool v1 = !compatible || strcmp(compatible, "memfd-v1") == 0;
	bool v2 = !compatible || strncmp(compatible, "memfd-v2", 8) == 0;

	if (!v1 && !v2)
		return blob_fail(err, 0, "%.64s is not known", compatible);
	/*
	 * Without a name, try v2 and then v1. The data of an empty memfd without seals fits both,
	 * and is reported as v2.
	 */
	if ((v2 && decode(blob, true, page, ret)) || (v1 && decode(blob, false, page, ret)))
		return 0;
	return blob_fail(err, 0, "not the data of a memfd");
}

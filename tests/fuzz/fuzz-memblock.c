// SPDX-License-Identifier: GPL-2.0-only
/* The tree of memory reservations. */
#include "fuzz.h"

FUZZ_ENTRY
{
	struct vlu_memblock memblock = { .compatible = NULL };
	struct fuzz f;
	int ret;

	fuzz_begin(&f, data, size);
	ret = memblock_decode(&f.pool, &f.blob, &memblock, &f.err);
	fuzz_text(memblock.compatible);
	for (size_t i = 0; i < memblock.n_regions; i++)
		fuzz_text(memblock.regions[i].name);
	fuzz_end(&f, ret);
	return 0;
}

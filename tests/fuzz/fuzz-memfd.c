// SPDX-License-Identifier: GPL-2.0-only
/* A memfd. The last byte of the input chooses its compatible string. */
#include "fuzz.h"

FUZZ_ENTRY
{
	static const char *const names[] = { "memfd-v1", "memfd-v2", "memfd-v2;vmalloc-v1", "x", NULL };
	struct vlu_memfd memfd = { .layout = NULL };
	struct fuzz f;
	int ret;

	fuzz_begin(&f, data, size);
	ret = memfd_decode(&f.blob, names[size ? data[size - 1] % 5 : 4], FUZZ_PAGE, &memfd, &f.err);
	if (!ret && (uint64_t)memfd.pages * FUZZ_PAGE < memfd.nr_folios * 16)
		__builtin_trap();
	fuzz_end(&f, ret);
	return 0;
}

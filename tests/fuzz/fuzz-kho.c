// SPDX-License-Identifier: GPL-2.0-only
/* The tree of Kexec Handover, whole or cut short. */
#include "fuzz.h"

FUZZ_ENTRY
{
	struct vlu_kho kho = { .compatible = NULL };
	struct fuzz f;
	int ret;

	fuzz_begin(&f, data, size);
	ret = kho_decode(&f.pool, &f.blob, &kho, &f.err);
	fuzz_text(kho.compatible);
	for (size_t i = 0; i < kho.n_subtrees; i++)
		fuzz_text(kho.subtrees[i].name);
	fuzz_end(&f, ret);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* The head of LUO, which is a tree or a structure. */
#include "fuzz.h"

FUZZ_ENTRY
{
	struct vlu_luo luo = { .compatible = NULL };
	struct fuzz f;
	int ret;

	fuzz_begin(&f, data, size);
	ret = luo_decode(&f.pool, &f.blob, &luo, &f.err);
	fuzz_text(luo.compatible);
	fuzz_text(luo.session_compatible);
	fuzz_text(luo.flb_compatible);
	luo_version(&luo);
	fuzz_end(&f, ret);
	return 0;
}

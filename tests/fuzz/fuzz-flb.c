// SPDX-License-Identifier: GPL-2.0-only
/* The list of FLBs. */
#include "fuzz.h"

FUZZ_ENTRY
{
	struct vlu_flbs flbs = { .n_flbs = 0 };
	struct fuzz f;
	int ret;

	fuzz_begin(&f, data, size);
	ret = flbs_decode(&f.memory, 0, &f.raw, &flbs, &f.err);
	for (size_t i = 0; i < flbs.n_flbs; i++) {
		fuzz_text(flbs.flbs[i].name);
		flb_is_pci(flbs.flbs[i].name);
	}
	fuzz_end(&f, ret);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* The metadata of a kexec. */
#include "fuzz.h"

FUZZ_ENTRY
{
	struct vlu_metadata metadata = { .kexec_count = -1 };
	struct fuzz f;
	int ret;

	fuzz_begin(&f, data, size);
	ret = metadata_decode(&f.pool, &f.blob, &metadata, &f.err);
	fuzz_text(metadata.previous_release);
	fuzz_end(&f, ret);
	return 0;
}

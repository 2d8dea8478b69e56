// SPDX-License-Identifier: GPL-2.0-only
/* A vfio-pci file. */
#include "fuzz.h"

FUZZ_ENTRY
{
	struct vlu_vfio vfio;
	struct fuzz f;
	int ret;

	fuzz_begin(&f, data, size);
	ret = vfio_decode(&f.blob, &vfio, &f.err);
	fuzz_end(&f, ret);
	return 0;
}

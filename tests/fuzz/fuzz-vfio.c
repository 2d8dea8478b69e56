// SPDX-License-Identifier: GPL-2.0-only
/* A vfio-pci file; the last byte chooses its name. */
#include "fuzz.h"

FUZZ_ENTRY
{
	static const char *const names[] = { "vfio-pci-v1", "vfio-pci-v2", NULL };
	struct vlu_vfio vfio = { .n_readings = 0 };
	struct fuzz f;
	int ret;

	fuzz_begin(&f, data, size);
	ret = vfio_decode(&f.blob, names[size ? data[size - 1] % 3 : 2], &vfio, &f.err);
	if (vfio.n_readings > 2 || (!ret && !vfio.n_readings))
		__builtin_trap();
	fuzz_end(&f, ret);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/* The list of PCI devices. The last byte of the input chooses the name of its FLB. */
#include "fuzz.h"

static void look_at(const struct vlu_pci_reading *reading)
{
	char text[VLU_BDF_SIZE];

	fuzz_text(reading->encoding);
	fuzz_text(reading->error);
	if (!reading->error && reading->nr != (int64_t)reading->n_devices)
		__builtin_trap();
	for (size_t i = 0; i < reading->n_devices; i++) {
		fuzz_text(vlu_bdf_format(reading->devices[i].bdf, text));
		if (!reading->error && i &&
		    vlu_bdf_compare(reading->devices[i - 1].bdf, reading->devices[i].bdf) >= 0)
			__builtin_trap();
	}
}

FUZZ_ENTRY
{
	static const char *const names[] = { "pci", "pci-v1", "pci-v2", "pci-v3", NULL, "other" };
	struct vlu_pci pci = { .reading = NULL };
	struct fuzz f;
	int ret;

	fuzz_begin(&f, data, size);
	ret = flb_pci_decode(&f.memory, 0, names[size ? data[size - 1] % 6 : 4], &f.raw, &pci, &f.err);
	if (!ret && !pci.reading)
		__builtin_trap();
	if (pci.reading)
		look_at(pci.reading);
	fuzz_end(&f, ret);
	return 0;
}

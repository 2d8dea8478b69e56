/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names of the formats in which one kernel hands over to the next, the
 * "compatible strings": each side compares them and nothing else.
 */
#ifndef VLU_ABI_H
#define VLU_ABI_H

#include "private.h"

enum abi_kind {
	ABI_KHO,	/* kho-vN: the root of it all */
	ABI_LUO,	/* luo-vN */
	ABI_SESSION,	/* luo-session-vN, up to 7.1 */
	ABI_FLB,	/* luo-flb-vN, 7.0 and 7.1 */
	ABI_MEMFD,	/* memfd-vN: files of memory, our manifest among them */
	ABI_VFIO,	/* vfio-pci-vN: device files */
	ABI_PCI,	/* pci, pci-vN: what the PCI core remembers of devices */
	ABI_KINDS
};

struct abi_word {
	char text[48];		/* "kho-v4" or "kho-v4;radix-v1"; "" for none */
	bool none;		/* it is known that there is none */
	bool several;		/* text is one of more than one: not to be relied on */
	const char *source;	/* where it was found, a constant */
};

struct abi {
	struct abi_word word[ABI_KINDS];
};

/*
 * Adds what data holds: a kernel unpacked, a module, a blob of debugfs. What
 * abi knows already is not searched for again.
 */
void abi_scan(struct abi *abi, const void *data, size_t size, const char *source);
/*
 * Adds what the kernels of kernel.org with this release have; nothing for one
 * that is not known here.
 */
void abi_of_release(struct abi *abi, const char *release, const char *source);

#endif

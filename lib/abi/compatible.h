/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The compatible strings, which name the formats of the handover. A kernel accepts a format
 * only if its own string is the same.
 */
#ifndef VLU_ABI_COMPATIBLE_H
#define VLU_ABI_COMPATIBLE_H

#include "base/ctx.h"

#define MODULE_MAX	(32u << 20)	/* of a module file, compressed or not */

enum abi_kind {
	ABI_KHO,	/* kho-vN: the root of the handover */
	ABI_LUO,	/* luo-vN */
	ABI_SESSION,	/* luo-session-vN, up to 7.1 */
	ABI_FLB,	/* luo-flb-vN, 7.0 and 7.1 */
	ABI_MEMFD,	/* memfd-vN: memfds, such as our manifest */
	ABI_VFIO,	/* vfio-pci-vN: device files */
	ABI_PCI,	/* pci, pci-vN: the PCI core's list of devices */
	ABI_KINDS
};

struct abi_word {
	char text[48];		/* "kho-v4" or "kho-v4;radix-v1"; "": none found */
	bool none;		/* it is known that there is none */
	bool several;		/* others were found too, so text is not reliable */
	const char *source;	/* where it was found; a constant */
};

struct abi {
	struct abi_word word[ABI_KINDS];
};

/*
 * Adds the strings found in data: an unpacked kernel, a module or a blob of debugfs. Does not
 * search for kinds that abi has already.
 */
void abi_scan(struct abi *abi, const void *data, size_t size, const char *source);
/* The same for a module file, compressed or not. Returns 0 or the negative errno of unpack(). */
int abi_scan_module(struct abi *abi, const void *data, size_t size, const char *source);
/* Adds the strings of this release of kernel.org, or nothing if the release is not in our table. */
void abi_of_release(struct abi *abi, const char *release, const char *source);

#endif

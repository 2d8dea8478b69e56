/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the data that a kernel of some generation hands over, for tests of the
 * programs that read it. The layouts are those of include/linux/kho/abi/ of each
 * release and of the public postings of the PCI and VFIO series. No code of the
 * program is used.
 */
#ifndef TESTS_HANDOVER_H
#define TESTS_HANDOVER_H

#include <stdbool.h>

#include "blobs.h"

enum pci_form { PCI_NONE, PCI_FLAT32_BARE, PCI_FLAT32, PCI_BLOCK, PCI_VERSIONED };

struct generation {
	const char *name;		/* "7.3" */
	const char *kho;		/* compatible string */
	int kho_form;			/* 1: "fdt", 3: "preserved-data" and "blob-size" */
	bool metadata;
	const char *luo;		/* NULL: none */
	bool luo_tree, luo_flb;
	bool freed;			/* the incoming head of LUO is freed at boot */
	const char *memfd;
	bool memfd_v2;
	const char *vfio;
	uint8_t vfio_reset_works;	/* 0 also if there is no such byte */
	const char *pci;
	enum pci_form pci_form;
};

const struct generation *generation_find(const char *name);

/* The differences from an ordinary machine of that generation. */
struct handover_faults {
	bool cold;		/* not started by a kexec: nothing was handed over */
	bool finished;		/* every device is finished, but the list is not freed yet */
	bool reused;		/* the list was freed, and its memory has other data */
	bool cycle;		/* the chains of blocks run in a circle */
	bool counts;		/* impossible counts */
	enum pci_form pci_form;	/* PCI_NONE: that of the generation */
	const char *pci;
};

/*
 * Calls put for each file of such a machine: debugfs, setup data, /proc/kcore
 * with the memory behind it, and "blob-FORMAT".
 */
void handover_make(const struct generation *generation,
		   const struct handover_faults *faults,
		   void (*put)(const char *path, const void *data, size_t size));

/* Makes a tree of Linux 7.3 with kexec-metadata, and with LUO if luo is set. Returns its size. */
size_t handover_tree(uint8_t page[4096], bool luo);

/* The address of the list of FLBs that were handed over. */
#define HANDOVER_FLBS_IN	0x100006000ULL

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* What a function's configuration space says of itself. */
#ifndef VLU_PCICAP_H
#define VLU_PCICAP_H

#include "private.h"

/* The bits that make an IOMMU group: REQ_ACS_FLAGS, drivers/iommu/iommu.c. */
#define ACS_SOURCE_VALIDATION	0x01
#define ACS_REQUEST_REDIRECT	0x04
#define ACS_COMPLETION_REDIRECT	0x08
#define ACS_UPSTREAM_FORWARDING	0x10
#define ACS_REQUIRED		0x1d

/* The type in a PCI Express capability; -1: conventional PCI. */
enum pcie_type {
	PCIE_CONVENTIONAL = -1,
	PCIE_ENDPOINT = 0,
	PCIE_LEGACY_ENDPOINT = 1,
	PCIE_ROOT_PORT = 4,
	PCIE_UPSTREAM = 5,
	PCIE_DOWNSTREAM = 6,
	PCIE_TO_PCI = 7,
	PCI_TO_PCIE = 8,
	PCIE_INTEGRATED_ENDPOINT = 9,
	PCIE_EVENT_COLLECTOR = 10,
};

struct pcicap {
	enum pcie_type type;
	bool multifunction;
	/*
	 * Needed, as pci_acs_enabled() sees it: a port that leads down, or a
	 * function among several; not the single function of a device.
	 */
	bool acs_needed;
	bool acs;		/* it has the capability */
	uint16_t acs_lacks;	/* bits of ACS_REQUIRED that it has and are off */
};

/*
 * Up to size bytes at an offset: how many there were. Few are asked for at a
 * time, since each four of them are a read from the device itself.
 */
typedef ssize_t (*pcicap_read_fn)(void *arg, void *buf, size_t size, size_t offset);

/*
 * -ENODATA: the space ended before what was looked for, as it does for a user
 * who may see its first 64 bytes only.
 */
int pcicap_parse(pcicap_read_fn read, void *arg, struct pcicap *ret_cap) must_check;

/* The same of a function of this machine; remembered in the context. */
int pcicap_get(struct vlu_ctx *ctx, struct vlu_bdf bdf, struct pcicap *ret_cap)
	must_check;
void pcicap_drop(struct vlu_ctx *ctx);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The next kernel with all that the rules look at; check-next.c has the table. */
#ifndef VLU_NEXT_H
#define VLU_NEXT_H

#include "abi.h"
#include "device.h"
#include "host.h"
#include "image.h"
#include "report.h"
#include "userland.h"

struct next {
	struct vlu_ctx *ctx;
	const struct vlu_next *asked;
	char *file;		/* of the image; image points into it */
	struct image image;
	bool is_image;
	bool running;		/* it is the very build that runs */
	struct kconfig config;
	char cmdline[4096];
	bool cmdline_known;
	struct userland initrd;	/* empty if none was named */
	struct userland root;	/* the root file system of this machine */
	const char *iommu;	/* "INTEL_IOMMU", as this machine has; NULL: not seen */
	struct vlu_device **devices;
	size_t n_devices;
};

/* Starts with ctx and asked set; to be freed even after a failure. */
int next_read(struct next *next, const struct vlu_bdf *bdfs, size_t n) must_check;
void next_free(struct next *next);

/*
 * How the next kernel comes by vfio-pci: 'y' built in, 'm' as a module, 'n'
 * not at all, 0 not known. *ret_source says where that is written.
 */
char next_vfio_pci(const struct next *next, const char **ret_source);

/* The value of vfio-pci.ids= in the next kernel; false: none. */
bool next_vfio_ids(const struct next *next, char *buf, size_t size);

/* Rules that fill a file each. */
void look_next_cmdline(const struct next *next, struct verdict *v);
void look_next_abi(const struct next *next, struct verdict *v);
void look_next_driver(const struct next *next, struct verdict *v);

#endif

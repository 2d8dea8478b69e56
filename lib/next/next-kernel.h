/* SPDX-License-Identifier: GPL-2.0-only */
/* The next kernel, with everything that the rules look at. next-rules.c has their table. */
#ifndef VLU_NEXT_NEXT_KERNEL_H
#define VLU_NEXT_NEXT_KERNEL_H

#include "abi/compatible.h"
#include "machine/device.h"
#include "machine/kernel.h"
#include "formats/kernel-image.h"
#include "checks/report.h"
#include "userland.h"

struct next {
	struct vlu_ctx *ctx;
	const struct vlu_next *asked;
	struct vlu_next own;	/* a copy of *asked with the parts of a UKI; asked is set to &own */
	char initrd_name[300];	/* text of own.initrd, if the initrd is in a UKI */
	char machine[16];	/* of this host, as uname -m; "": not known */
	char *file;		/* content of the image; image points into it */
	char *rehearsal;	/* content of the result that was named; NULL: none was */
	struct image image;
	bool is_image;
	bool running;		/* it is the same build as the running kernel */
	struct kconfig config;
	char cmdline[4096];
	bool cmdline_known;
	size_t cmdline_builtin;	/* bytes at its beginning that are built into the kernel */
	bool cmdline_fixed;	/* the whole line is built in, and the kernel takes no other */
	struct userland initrd;	/* empty if none was named, and the image contains none */
	bool loads_vfio;	/* the initrd has vfio-pci, and something there loads it */
	struct userland root;	/* this machine's root file system */
	const char *iommu;	/* this machine's IOMMU, as "INTEL_IOMMU"; NULL: none seen */
	struct vlu_device **devices;
	size_t n_devices;
};

/*
 * Set the fields ctx and asked before the call. Call next_free() even after a failure. Does not set
 * loads_vfio.
 */
int next_read(struct next *next, const struct vlu_bdf *bdfs, size_t n) must_check;
void next_free(struct next *next);

/*
 * Returns how the next kernel has vfio-pci: 'y' built in, 'm' as a module, 'n' not at all, 0 not
 * known. Sets *ret_source to words that name the proof, if any.
 */
char next_vfio_pci(const struct next *next, const char **ret_source);

/* Returns the value for loads_vfio. The other fields must be set. */
bool initrd_loads_vfio(const struct next *next);

/* The larger rules, each in its own file. */
void look_next_image(const struct next *next, struct verdict *v);
void look_initrd_vfio(const struct next *next, struct verdict *v);
void look_next_cmdline(const struct next *next, struct verdict *v);
void look_next_initrd(const struct next *next, struct verdict *v);
void look_next_abi(const struct next *next, struct verdict *v);
void look_next_driver(const struct next *next, struct verdict *v);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The running kernel: its configuration and how it was booted. */
#ifndef VLU_MACHINE_KERNEL_H
#define VLU_MACHINE_KERNEL_H

#include "formats/kconfig.h"

#define DEV_LIVEUPDATE	"/dev/liveupdate"

int host_release(struct vlu_ctx *ctx, char *buf, size_t size) must_check;
/* Free *ret_config with kconfig_free(). */
int host_config(struct vlu_ctx *ctx, struct kconfig *ret_config) must_check;

/* The sources of the address of the KHO data: the first two on x86, the last elsewhere */
#define HOST_SETUP_DATA	"/sys/kernel/boot_params/setup_data"
#define HOST_SETUP_KHO	10	/* arch/x86/include/uapi/asm/setup_data.h */
#define HOST_CHOSEN	"/proc/device-tree/chosen"

/* Was this kernel started by a kexec with KHO data? */
enum vlu_known host_is_kho_boot(struct vlu_ctx *ctx);
/* Did this kernel make its IOMMU groups as if there were ACS? */
bool host_has_acs_override(struct vlu_ctx *ctx);
/* Did this kernel have an initrd? For VLU_YES, writes the evidence into the buffer `how`. */
enum vlu_known host_has_initrd(struct vlu_ctx *ctx, char *how, size_t size);
/*
 * Finds the initrd in dir ("/boot/") with `release` in its name: the release of a kernel, or what
 * follows the first '-' in the name of an image ("linux" of "vmlinuz-linux").
 */
bool initrd_of(struct vlu_ctx *ctx, const char *dir, const char *release, char *buf, size_t size);
/* Reads the boot id, which changes at each boot, and so at each kexec. */
int boot_id(struct vlu_ctx *ctx, char buf[40]) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The next kernel: is one loaded, and by whom. */
#ifndef VLU_KEXEC_H
#define VLU_KEXEC_H

#include "private.h"

enum vlu_known kexec_loaded(struct vlu_ctx *ctx);
/* Did vfio-lu load it? /sys/kernel/kexec_loaded does not tell how it came. */
enum vlu_known kexec_loaded_by_us(struct vlu_ctx *ctx);

/*
 * The command line of the next kernel: base without what a boot loader put
 * there, append, and kho=on liveupdate=on where they are missing. Freed by
 * the caller; NULL when memory is short.
 */
char *kexec_cmdline(const char *base, const char *append);

#endif

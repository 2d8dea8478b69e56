/* SPDX-License-Identifier: GPL-2.0-only */
/* Is a next kernel loaded, and who loaded it? */
#ifndef VLU_MACHINE_KEXEC_STATE_H
#define VLU_MACHINE_KEXEC_STATE_H

#include "base/ctx.h"

/* Record of what `vfio-lu load` loaded. It is in /run, so that it ends with this kernel. */
#define KEXEC_LOADED	RUN_DIR "/loaded"

enum vlu_known kexec_is_loaded(struct vlu_ctx *ctx);
/* Did vfio-lu load the next kernel? /sys/kernel/kexec_loaded does not say who did. */
enum vlu_known kexec_is_loaded_by_us(struct vlu_ctx *ctx);

#endif

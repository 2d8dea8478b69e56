/* SPDX-License-Identifier: GPL-2.0-only */
/* Is a next kernel loaded, and which program loaded it? */
#ifndef VLU_MACHINE_KEXEC_STATE_H
#define VLU_MACHINE_KEXEC_STATE_H

#include "base/ctx.h"

/* The record that `vfio-lu load` makes. It is in /run, so that it disappears with this kernel. */
#define KEXEC_LOADED	RUN_DIR "/loaded"

enum vlu_known kexec_is_loaded(struct vlu_ctx *ctx);
/* Did vfio-lu load the next kernel? Reads our record: /sys/kernel/kexec_loaded names no program. */
enum vlu_known kexec_is_loaded_by_us(struct vlu_ctx *ctx);

#endif

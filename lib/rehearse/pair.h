/* SPDX-License-Identifier: GPL-2.0-only */
/* Chooses the two kernels of a rehearsal, and their files. */
#ifndef VLU_REHEARSE_PAIR_H
#define VLU_REHEARSE_PAIR_H

#include "rehearse/rehearsal.h"

/* Sets both sides, the initrd, the command line and the devices. */
int rehearsal_choose(struct rehearsal *r, const struct vlu_rehearse *what) must_check;

#endif

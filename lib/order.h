/* SPDX-License-Identifier: GPL-2.0-only */
/* In which order devices are preserved. */
#ifndef VLU_ORDER_H
#define VLU_ORDER_H

#include "session.h"

/* Sorts the members: those that may refuse the jump come first. */
void order_members(struct session *session);

#endif

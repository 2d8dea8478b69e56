/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes an outgoing session from the list of its members. */
#ifndef VLU_SESSION_OUTGOING_H
#define VLU_SESSION_OUTGOING_H

#include "session.h"

/* Adds the step that opens a member's cdev, or, if cdev is NULL, takes its file from the VMM. */
void take_step(struct vlu_plan *plan, const struct member *member, const char *cdev, const char *from);
/* Adds the steps for all new members: bind opened files to an iommufd, and give them to the holder. */
void bind_step(struct vlu_plan *plan);
void hold_step(struct vlu_plan *plan);

/* Adds the steps that make the session from the members that stay, and that write its manifests. */
void outgoing_add(struct vlu_plan *plan, struct session *session);
/* Sorts the devices so that those that may refuse the kexec come first. */
void order_members(struct session *session);
/* Adds the step that writes the manifests again and changes nothing else. */
int outgoing_rewrite(struct vlu_plan *plan, struct session *session) must_check;
/* Closes the session here and in the holder, which releases all its files. */
int outgoing_drop(struct session *session) must_check;

#endif

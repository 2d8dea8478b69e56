/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/liveupdate and session files; the only user of their ioctls. */
#ifndef VLU_LIVEUPDATE_H
#define VLU_LIVEUPDATE_H

#include "private.h"

/* The outgoing session of this name, new. */
int luo_create_session(struct vlu_ctx *ctx, const char *name, int *ret_fd) must_check;
/*
 * The incoming session of this name. The kernel gives it out once; the caller
 * must keep it until it is finished, closing it earlier loses it for good.
 */
int luo_retrieve_session(struct vlu_ctx *ctx, const char *name, int *ret_fd)
	must_check;
/* The words for it when somebody else tried and err came back. */
int luo_retrieve_session_failed(struct vlu_ctx *ctx, const char *name, int err);
int luo_preserve(struct vlu_ctx *ctx, int session, int fd, uint64_t token,
		 const char *what) must_check;
/* A failure is remembered by the kernel and never tried again. */
int luo_retrieve(struct vlu_ctx *ctx, int session, uint64_t token,
		 const char *what, int *ret_fd) must_check;
/* -EBUSY: a file of it is not retrieved, or a device not bound to an iommufd. */
int luo_finish(struct vlu_ctx *ctx, int session, const char *name) must_check;

#endif

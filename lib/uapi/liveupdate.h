/* SPDX-License-Identifier: GPL-2.0-only */
/* Ioctls of /dev/liveupdate and of session files. Nothing else calls them. */
#ifndef VLU_UAPI_LIVEUPDATE_H
#define VLU_UAPI_LIVEUPDATE_H

#include "base/ctx.h"

/*
 * Opens /dev/liveupdate. Only one process can have it open at a time, so close it soon.
 * Sessions do not depend on it (the luo_open() of the kernel, luo_core.c).
 */
int luo_open(struct vlu_ctx *ctx, int *ret_fd) must_check;
/* Creates an outgoing session. */
int luo_create_on(struct vlu_ctx *ctx, int luo, const char *name, int *ret_fd) must_check;
/*
 * Retrieves the incoming session of this name, which the kernel allows once. The caller
 * keeps the file until the session is finished; closing it earlier loses the session.
 */
int luo_retrieve_session(struct vlu_ctx *ctx, const char *name, int *ret_fd)
	must_check;
/* Reports err, the result of luo_retrieve_session() in this process or in the holder. */
int luo_retrieve_session_failed(struct vlu_ctx *ctx, const char *name, int err);
int luo_preserve(struct vlu_ctx *ctx, int session, int fd, uint64_t token,
		 const char *what) must_check;
/* Retrieves a file. After a failure the kernel never tries this file again. */
int luo_retrieve(struct vlu_ctx *ctx, int session, uint64_t token,
		 const char *what, int *ret_fd) must_check;
/* Finishes a session. -EBUSY: a file is not retrieved, or a device is not bound to an iommufd. */
int luo_finish(struct vlu_ctx *ctx, int session, const char *name) must_check;

#endif

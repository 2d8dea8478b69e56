/* SPDX-License-Identifier: GPL-2.0-only */
/* Sends a request to the holder and reads the reply; for client.c. */
#ifndef VLU_HOLDER_EXCHANGE_H
#define VLU_HOLDER_EXCHANGE_H

#include "holder/client.h"

/*
 * Returns how many seconds to wait for the holder. A command that has begun to change something
 * waits longer. ctx->lock_depth is then above 1: change_begin() took the lock, and vlu_plan_run()
 * took it a second time.
 */
unsigned int holder_patience(const struct vlu_ctx *ctx);

/*
 * holder_ask() and holder_change() return the error of the reply or of the connection. These
 * have a special meaning: -ENOENT: no holder, or no such key; -EHOSTDOWN: the holder is being
 * restarted and does not answer (a context that may change something has waited for it);
 * -ETIMEDOUT: the holder does not answer; -ETIME: its service manager does not answer.
 */
/* Puts the n_want files of the reply into fds. */
int holder_ask(struct vlu_ctx *ctx, const char *request, char reply[HOLDER_PACKET + 1],
	       int *fds, size_t n_want) must_check;
/* Sends n_send fds. done_already: the error that means that an earlier try succeeded, or 0. */
int holder_change(struct vlu_ctx *ctx, const char *request, int *fds, size_t n_send,
		  int done_already) must_check;
/* Returns the pid of the running holder. Does not wait for a restart. */
int holder_pid_now(struct vlu_ctx *ctx) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* SHA-256 of files, in the form that sha256sum(1) prints. The only user of <openssl/evp.h>. */
#ifndef VLU_BASE_DIGEST_H
#define VLU_BASE_DIGEST_H

#include "base/ctx.h"

#define DIGEST_SIZE	65

int digest_file(struct vlu_ctx *ctx, const char *path, char digest[DIGEST_SIZE]) must_check;

#endif

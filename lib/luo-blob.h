/* SPDX-License-Identifier: GPL-2.0-only */
/* The head of what LUO hands over, as debugfs shows it (struct luo_ser). */
#ifndef VLU_LUO_BLOB_H
#define VLU_LUO_BLOB_H

#include "private.h"

struct luo_blob {
	char compatible[64];
	uint64_t liveupdate_num;
	uint64_t sessions_pa;
	uint64_t flbs_pa;
};

/* -EBADMSG: not a raw luo_ser (Linux 7.2 and newer). */
int luo_blob_parse(const void *data, size_t size, struct luo_blob *ret_blob)
	must_check;
/* This kernel's own; never the incoming one, whose memory is freed at boot. */
int luo_blob_outgoing(struct vlu_ctx *ctx, struct luo_blob *ret_blob) must_check;

/* kexec-metadata (Linux 7.1 and newer), kept by the kernel for the whole boot. */
struct kexec_metadata {
	char previous_release[65];
	uint32_t kexec_count;
};

int kexec_metadata_parse(const void *data, size_t size,
			 struct kexec_metadata *ret_metadata) must_check;
int kexec_metadata_incoming(struct vlu_ctx *ctx,
			    struct kexec_metadata *ret_metadata) must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#include "abi/blob.h"
#include "base/attr.h"
#include "machine/kho-debugfs.h"

static int decode(struct vlu_ctx *ctx, const char *path, struct pool *pool, void *ret,
		  int (*fn)(struct pool *pool, const struct blob *blob, void *ret,
			    struct blob_error *err))
{
	_cleanup_free_ char *data = NULL;
	struct blob_error err = { "" };
	size_t size;
	int r;

	r = attr_read_all(ctx, path, 4096, &data, &size);
	return r ? r : fn(pool, &(struct blob){ (unsigned char *)data, size }, ret, &err);
}

int kho_luo_out(struct vlu_ctx *ctx, struct luo_out *ret)
{
	struct vlu_luo luo = { .compatible = NULL };
	struct pool pool = { NULL };
	int r;

	r = decode(ctx, KHO_DEBUG "/out/sub_fdts/LUO", &pool, &luo, luo_decode);
	if (!r)
		*ret = (struct luo_out){ (uint64_t)luo.liveupdate_num, luo.flbs_pa };
	pool_free(&pool);
	return r;
}

int kho_metadata_in(struct vlu_ctx *ctx, char release[65], int64_t *ret_kexec_count)
{
	struct vlu_metadata metadata = { .kexec_count = -1 };
	struct pool pool = { NULL };
	int r;

	r = decode(ctx, KHO_DEBUG "/in/sub_fdts/kexec-metadata", &pool, &metadata,
		   metadata_decode);
	if (!r) {
		snprintf(release, 65, "%s", metadata.previous_release);
		*ret_kexec_count = metadata.kexec_count;
	}
	pool_free(&pool);
	return r;
}

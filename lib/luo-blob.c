/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "luo-blob.h"

#define KHO_DEBUG	"/sys/kernel/debug/kho"

static uint64_t u64_at(const char *data, size_t offset)
{
	uint64_t value;

	memcpy(&value, data + offset, sizeof(value));	/* host-endian */
	return value;
}

/* include/linux/kho/abi/luo.h: a string rounded up to 8 bytes, three u64 */
int luo_blob_parse(const void *data, size_t size, struct luo_blob *ret_blob)
{
	const char *text = data;
	struct luo_blob blob;
	size_t len = strnlen(text, size), start = (len + 8) & ~(size_t)7;

	if (len >= sizeof(blob.compatible) || strncmp(text, "luo-v", 5) != 0 ||
	    start + 24 > size)
		return -EBADMSG;
	memcpy(blob.compatible, text, len + 1);
	blob.liveupdate_num = u64_at(text, start);
	blob.sessions_pa = u64_at(text, start + 8);
	blob.flbs_pa = u64_at(text, start + 16);
	*ret_blob = blob;
	return 0;
}

int luo_blob_outgoing(struct vlu_ctx *ctx, struct luo_blob *ret_blob)
{
	_cleanup_free_ char *data = NULL;
	size_t size;
	int ret;

	ret = attr_read_all(ctx, KHO_DEBUG "/out/sub_fdts/LUO", 4096, &data, &size);
	return ret ? ret : luo_blob_parse(data, size, ret_blob);
}

/* struct kho_kexec_metadata: u32 version, char[65], u32, packed */
int kexec_metadata_parse(const void *data, size_t size,
			 struct kexec_metadata *ret_metadata)
{
	const char *bytes = data;
	uint32_t version;

	if (size < 73)
		return -EBADMSG;
	memcpy(&version, bytes, sizeof(version));
	if (version != 1 || !memchr(bytes + 4, '\0', 65))
		return -EBADMSG;
	strcpy(ret_metadata->previous_release, bytes + 4);
	memcpy(&ret_metadata->kexec_count, bytes + 69, sizeof(uint32_t));
	return 0;
}

int kexec_metadata_incoming(struct vlu_ctx *ctx,
			    struct kexec_metadata *ret_metadata)
{
	_cleanup_free_ char *data = NULL;
	size_t size;
	int ret;

	ret = attr_read_all(ctx, KHO_DEBUG "/in/sub_fdts/kexec-metadata", 4096,
			    &data, &size);
	return ret ? ret : kexec_metadata_parse(data, size, ret_metadata);
}

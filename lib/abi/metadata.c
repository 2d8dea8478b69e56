/* SPDX-License-Identifier: GPL-2.0-only */
/* struct kho_kexec_metadata: u32 version, char[65], u32, packed */
#include "blob.h"

#define RELEASE_AT	4
#define RELEASE_SIZE	65
#define COUNT_AT	69
#define METADATA_SIZE	73

int metadata_decode(struct pool *pool, const struct blob *blob, void *ret_metadata,
		    struct blob_error *err)
{
	struct vlu_metadata *ret = ret_metadata;
	const char *release;

	ret->kexec_count = -1;
	if (blob->size < METADATA_SIZE)
		return blob_fail(err, blob->size, "it has fewer than %d bytes", METADATA_SIZE);
	if (blob_u32(blob->data, 0) != 1)
		return blob_fail(err, 0, "version %u, but only 1 is known",
				 blob_u32(blob->data, 0));
	release = blob_text(blob->data, RELEASE_AT, RELEASE_SIZE);
	if (!release)
		return blob_fail(err, RELEASE_AT, "a release without an end");
	ret->previous_release = pool_text(pool, release, RELEASE_SIZE);
	ret->kexec_count = blob_u32(blob->data, COUNT_AT);
	return ret->previous_release ? 0 : -ENOMEM;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The file-lifecycle-bound objects: u64 pages, u64 count, and 64 bytes for each. */
#include "blob.h"

#define FLBS_HEADER	16
#define FLB_SIZE	64
#define FLB_NAME	48
#define FLBS_PAGES	16	/* the kernel has one; more than this was not a count */

int flbs_decode(const struct memory *memory, uint64_t address, struct raw *raw,
		struct vlu_flbs *ret, struct blob_error *err)
{
	const unsigned char *data;
	struct vlu_flb *flbs;
	uint64_t pages, count, i;
	int r;

	r = memory_get(memory, address, FLBS_HEADER, raw, &data, err);
	if (r)
		return r;
	pages = blob_u64(data, 0);
	count = blob_u64(data, 8);
	if (!pages || pages > FLBS_PAGES)
		return blob_fail(err, address, "a list of %llu pages", (unsigned long long)pages);
	if (count > (pages * memory->page - FLBS_HEADER) / FLB_SIZE)
		return blob_fail(err, address + 8, "a list of %llu objects, and %llu fit",
				 (unsigned long long)count, (unsigned long long)
				 ((pages * memory->page - FLBS_HEADER) / FLB_SIZE));
	if (!count)
		return 0;
	r = memory_get(memory, address + FLBS_HEADER, count * FLB_SIZE, raw, &data, err);
	if (r)
		return r;
	flbs = pool_alloc(raw->pool, count * sizeof(*flbs));
	if (!flbs)
		return -ENOMEM;
	ret->flbs = flbs;
	for (i = 0; i < count; i++, data += FLB_SIZE) {
		if (!blob_name(data, 0, FLB_NAME))
			return blob_fail(err, address + FLBS_HEADER + i * FLB_SIZE,
					 "an object without a name");
		flbs[i].name = (const char *)data;
		flbs[i].data = blob_u64(data, FLB_NAME);
		flbs[i].count = blob_u64(data, FLB_NAME + 8);
		ret->n_flbs = i + 1;
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The file-lifecycle-bound objects (FLBs): u64 pages, u64 count, and 64 bytes for each. */
#include "blob.h"

#define FLBS_HEADER	16
#define FLB_SIZE	64
#define FLB_NAME	48
/* The kernel's list has one page. A field above this limit cannot be a number of pages. */
#define FLBS_PAGES	16

static int add_flb(void *arg, const unsigned char *data, uint64_t at, struct blob_error *err)
{
	struct vlu_flbs *flbs = arg;
	struct vlu_flb *flb = (struct vlu_flb *)flbs->flbs + flbs->n_flbs;

	if (!blob_is_name(data, 0, FLB_NAME))
		return blob_fail(err, at, "an object without a name");
	flb->name = (const char *)data;
	flb->data = blob_u64(data, FLB_NAME);
	flb->count = blob_u64(data, FLB_NAME + 8);
	flbs->n_flbs++;
	return 0;
}

int flbs_decode(const struct memory *memory, uint64_t address, struct raw *raw,
		struct vlu_flbs *ret, struct blob_error *err)
{
	const unsigned char *data;
	uint64_t pages, count, most;
	int r;

	r = memory_get(memory, address, FLBS_HEADER, raw, &data, err);
	if (r)
		return r;
	pages = blob_u64(data, 0);
	count = blob_u64(data, 8);
	if (!pages || pages > FLBS_PAGES)
		return blob_fail(err, address, "a list of %llu pages", (unsigned long long)pages);
	most = (pages * memory->page - FLBS_HEADER) / FLB_SIZE;
	if (count > most)
		return blob_fail(err, address + 8, "a list of %llu objects, but only %llu fit",
				 (unsigned long long)count, (unsigned long long)most);
	ret->flbs = pool_alloc(raw->pool, count * sizeof(*ret->flbs));
	return ret->flbs ? array_each(memory, address + FLBS_HEADER, count, FLB_SIZE, raw,
				      add_flb, ret, err) : -ENOMEM;
}

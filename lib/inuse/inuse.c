/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/bdf.h"
#include "base/cache.h"
#include "inuse/inuse.h"

static int by_address(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	int order = vlu_bdf_compare(x->bdf, y->bdf);

	if (!order)
		order = (int)x->weight - (int)y->weight;
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int by_disk(const void *a, const void *b)
{
	const struct disk *x = a, *y = b;
	int order = vlu_bdf_compare(x->bdf, y->bdf);

	return order ? order : strcmp(y->name, x->name);
}

static const struct cache cache = { .free = pool_end };

const struct inuse *inuse_get(struct vlu_ctx *ctx)
{
	struct inuse *inuse = cache_get(ctx, &cache);

	if (inuse)
		return inuse;
	inuse = calloc(1, sizeof(*inuse));
	if (!inuse)
		return NULL;
	inuse_blocks(ctx, inuse);
	inuse_nets(ctx, inuse);
	inuse_screens(ctx, inuse);
	inuse_consoles(ctx, inuse);
	inuse_engines(ctx, inuse);
	inuse_ciphers(ctx, inuse);
	if (inuse->short_of_memory) {
		pool_end(inuse);
		return NULL;
	}
	if (inuse->n)
		qsort(inuse->uses, inuse->n, sizeof(*inuse->uses), by_address);
	if (inuse->n_disks)
		qsort(inuse->disks, inuse->n_disks, sizeof(*inuse->disks), by_disk);
	return cache_put(ctx, &cache, inuse);
}

const struct use *inuse_find(const struct inuse *inuse, struct vlu_bdf bdf,
			     size_t *ret_n)
{
	return bdf_range(inuse->uses, inuse->n, bdf, ret_n);
}

const struct disk *inuse_disks(const struct inuse *inuse, struct vlu_bdf bdf, size_t *ret_n)
{
	return bdf_range(inuse->disks, inuse->n_disks, bdf, ret_n);
}

bool inuse_can_carry(const struct inuse *inuse, const struct vlu_device *dev)
{
	size_t n;

	return dev->class >> 16 == 0x01 || dev->class >> 16 == 0x02 ||
	       inuse_disks(inuse, dev->bdf, &n) || device_has_net(dev);
}

/*
 * Is the module of its driver still being loaded? Then the host has no use for the device yet,
 * and bind waits until the driver has got its unbind file (driver-override.c).
 */
static bool is_loading(const struct vlu_device *dev)
{
	char module[64], state[16];
	size_t i;

	strcpy(module, dev->driver);
	for (i = 0; module[i]; i++)
		if (module[i] == '-')
			module[i] = '_';
	return attr_read(dev->ctx, state, sizeof(state), "/sys/module/%s/initstate", module) > 0 &&
	       strcmp(state, "coming") == 0;
}

const char *inuse_unseen(const struct inuse *inuse, const struct vlu_device *dev)
{
	size_t n;

	if (!dev->driver[0] || strcmp(dev->driver, VFIO_DRIVER) == 0 ||
	    device_is_variant(dev->driver))
		return NULL;
	if (inuse->unseen_disks[0] &&
	    (dev->class >> 16 == 0x01 || inuse_disks(inuse, dev->bdf, &n)))
		return inuse->unseen_disks;
	if (inuse->unseen_ports[0] && dev->class >> 16 == 0x07)
		return inuse->unseen_ports;
	if (dev->class >> 16 != 0x02)
		return NULL;
	if (inuse->unseen_nets[0])
		return inuse->unseen_nets;
	return device_has_net(dev) || is_loading(dev) ? NULL :
	       "its network interface is not visible; a container may have the interface";
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI half of the test kernel's live update handler: which devices the
 * next kernel finds preserved, and what happens to them there.
 *
 * The list travels as a file-lifecycle-bound object of LUO. Its layout has
 * changed from one public posting to the next, three times under one name, so
 * the layout is a boot parameter: what reads it must cope with each of them.
 */

#define pr_fmt(fmt) "PCI: liveupdate: " fmt

#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/kexec_handover.h>
#include <linux/kho_block.h>
#include <linux/liveupdate.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/panic.h>
#include <linux/pci.h>
#include <linux/pci_liveupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#define PCI_HDR_VERSION	2
/* More than any machine has: a count above it was not written as a count. */
#define PCI_FLAT_LIMIT	(SZ_1M / sizeof(struct pci_dev_ser))

struct pci_dev_ser {
	u32 domain;
	u16 bdf;
	/* Devices at or below this one that need it; 0 is a free slot. */
	u16 refcount;
} __packed;

struct pci_hdr_ser {
	u32 version;
	u32 nr;
	u64 devices;
} __packed;

struct pci_hdr_block_ser {
	u32 nr;
	u64 devices;
} __packed;

struct pci_hdr_flat64_ser {
	u64 max;
	u64 nr;
} __packed;

struct pci_hdr_flat32_ser {
	u32 max;
	u32 nr;
} __packed;

enum pci_layout {
	PCI_LAYOUT_VERSIONED,
	PCI_LAYOUT_BLOCK,
	PCI_LAYOUT_FLAT64,
	PCI_LAYOUT_FLAT32,
};

static const char * const pci_layout_names[] = {
	[PCI_LAYOUT_VERSIONED]	= "pci",
	[PCI_LAYOUT_BLOCK]	= "block",
	[PCI_LAYOUT_FLAT64]	= "flat64",
	[PCI_LAYOUT_FLAT32]	= "flat32",
};

static enum pci_layout pci_layout = PCI_LAYOUT_VERSIONED;

struct pci_table {
	void *hdr;
	/* Block layouts: the chain, and where its next new slot is. */
	struct kho_block_set chain;
	struct kho_block_set_it end;
	u64 slots;
	/* Flat layouts: the array behind the header. */
	struct pci_dev_ser *flat;
	u64 max;
};

struct pci_table_pos {
	struct kho_block_set_it it;
	u64 i;
};

/* Slots by pci_key(). Values of pci_incoming live as long as the FLB does. */
static DEFINE_XARRAY(pci_outgoing);
static DEFINE_XARRAY(pci_incoming);
/* Slots, headers and the two arrays above. Never taken inside an FLB op. */
static DEFINE_MUTEX(pci_lock);

static bool pci_layout_is_flat(void)
{
	return pci_layout == PCI_LAYOUT_FLAT64 ||
	       pci_layout == PCI_LAYOUT_FLAT32;
}

static unsigned long pci_key(struct pci_dev *dev)
{
	return (unsigned long)pci_domain_nr(dev->bus) << 16 | pci_dev_id(dev);
}

static unsigned long pci_ser_key(const struct pci_dev_ser *ser)
{
	return (unsigned long)ser->domain << 16 | ser->bdf;
}

static void pci_table_count(struct pci_table *table, int delta)
{
	switch (pci_layout) {
	case PCI_LAYOUT_VERSIONED:
		((struct pci_hdr_ser *)table->hdr)->nr += delta;
		break;
	case PCI_LAYOUT_BLOCK:
		((struct pci_hdr_block_ser *)table->hdr)->nr += delta;
		break;
	case PCI_LAYOUT_FLAT64:
		((struct pci_hdr_flat64_ser *)table->hdr)->nr += delta;
		break;
	case PCI_LAYOUT_FLAT32:
		((struct pci_hdr_flat32_ser *)table->hdr)->nr += delta;
		break;
	}
}

static u64 pci_table_nr(struct pci_table *table)
{
	switch (pci_layout) {
	case PCI_LAYOUT_VERSIONED:
		return ((struct pci_hdr_ser *)table->hdr)->nr;
	case PCI_LAYOUT_BLOCK:
		return ((struct pci_hdr_block_ser *)table->hdr)->nr;
	case PCI_LAYOUT_FLAT64:
		return ((struct pci_hdr_flat64_ser *)table->hdr)->nr;
	case PCI_LAYOUT_FLAT32:
		return ((struct pci_hdr_flat32_ser *)table->hdr)->nr;
	}
	return 0;
}

static void pci_table_first(struct pci_table *table, struct pci_table_pos *pos)
{
	pos->i = 0;
	kho_block_set_it_init(&pos->it, &table->chain);
}

static struct pci_dev_ser *pci_table_next(struct pci_table *table,
					  struct pci_table_pos *pos)
{
	if (pci_layout_is_flat())
		return pos->i < table->max ? &table->flat[pos->i++] : NULL;

	return kho_block_set_it_read_entry(&pos->it);
}

static struct pci_dev_ser *pci_table_slot(struct pci_table *table)
{
	struct pci_dev_ser *ser;
	struct pci_table_pos pos;
	u64 pa;
	int err;

	pci_table_first(table, &pos);
	while ((ser = pci_table_next(table, &pos))) {
		if (!ser->refcount)
			return ser;
	}

	if (pci_layout_is_flat())
		return ERR_PTR(-ENOSPC);

	err = kho_block_set_grow(&table->chain, table->slots + 1);
	if (err)
		return ERR_PTR(err);

	if (!table->slots)
		kho_block_set_it_init(&table->end, &table->chain);

	ser = kho_block_set_it_reserve_entry(&table->end);
	if (WARN_ON(!ser))
		return ERR_PTR(-ENOSPC);

	table->slots++;

	pa = kho_block_set_head_pa(&table->chain);
	if (pci_layout == PCI_LAYOUT_VERSIONED)
		((struct pci_hdr_ser *)table->hdr)->devices = pa;
	else
		((struct pci_hdr_block_ser *)table->hdr)->devices = pa;

	return ser;
}

static int pci_table_get(struct pci_table *table, struct pci_dev *dev)
{
	unsigned long key = pci_key(dev);
	struct pci_dev_ser *ser;
	int err;

	ser = xa_load(&pci_outgoing, key);
	if (ser) {
		ser->refcount++;
		return 0;
	}

	ser = pci_table_slot(table);
	if (IS_ERR(ser))
		return PTR_ERR(ser);

	err = xa_insert(&pci_outgoing, key, ser, GFP_KERNEL);
	if (err)
		return err;

	ser->domain = pci_domain_nr(dev->bus);
	ser->bdf = pci_dev_id(dev);
	ser->refcount = 1;
	pci_table_count(table, 1);
	pci_info(dev, "Device will be preserved across next Live Update\n");

	return 0;
}

/* Returns true when nothing needs the device any more. */
static bool pci_table_put(struct pci_table *table, struct xarray *xa,
			  struct pci_dev *dev)
{
	struct pci_dev_ser *ser = xa_load(xa, pci_key(dev));

	if (!ser)
		return false;

	if (--ser->refcount)
		return false;

	xa_erase(xa, pci_key(dev));
	pci_table_count(table, -1);

	return true;
}

static u64 pci_count_devices(void)
{
	struct pci_dev *dev = NULL;
	u64 count = 0;

	for_each_pci_dev(dev)
		count++;

	return count;
}

static int pci_flb_preserve(struct liveupdate_flb_op_args *args)
{
	size_t size = sizeof(struct pci_hdr_ser);
	u64 max = 0;

	struct pci_table *table __free(kfree) = kzalloc_obj(*table);
	if (!table)
		return -ENOMEM;

	/*
	 * The flat layouts were sized once, by what was plugged in when the
	 * first device was preserved.
	 */
	if (pci_layout_is_flat()) {
		max = pci_count_devices();
		size += max * sizeof(struct pci_dev_ser);
	}

	kho_block_set_init(&table->chain, sizeof(struct pci_dev_ser));
	table->max = max;
	table->hdr = kho_alloc_preserve(size);
	if (IS_ERR(table->hdr))
		return PTR_ERR(table->hdr);

	switch (pci_layout) {
	case PCI_LAYOUT_VERSIONED:
		((struct pci_hdr_ser *)table->hdr)->version = PCI_HDR_VERSION;
		break;
	case PCI_LAYOUT_BLOCK:
		break;
	case PCI_LAYOUT_FLAT64:
		((struct pci_hdr_flat64_ser *)table->hdr)->max = max;
		table->flat = table->hdr + sizeof(struct pci_hdr_flat64_ser);
		break;
	case PCI_LAYOUT_FLAT32:
		((struct pci_hdr_flat32_ser *)table->hdr)->max = max;
		table->flat = table->hdr + sizeof(struct pci_hdr_flat32_ser);
		break;
	}

	args->data = virt_to_phys(table->hdr);
	args->obj = no_free_ptr(table);

	return 0;
}

static void pci_flb_unpreserve(struct liveupdate_flb_op_args *args)
{
	struct pci_table *table = args->obj;

	WARN_ON(!xa_empty(&pci_outgoing));
	kho_block_set_destroy(&table->chain);
	kho_unpreserve_free(table->hdr);
	kfree(table);
}

/*
 * Three layouts have one name, and nothing in them says which it is: what another
 * kernel wrote as another is believed, whatever it then leads to.
 */
static int pci_table_restore(struct pci_table *table)
{
	struct pci_hdr_ser *hdr = table->hdr;
	struct pci_hdr_block_ser *block = table->hdr;
	struct pci_hdr_flat64_ser *flat64 = table->hdr;
	struct pci_hdr_flat32_ser *flat32 = table->hdr;

	switch (pci_layout) {
	case PCI_LAYOUT_VERSIONED:
		/* The next kernel cannot tell what may be doing DMA where. */
		if (hdr->version != PCI_HDR_VERSION)
			panic("Incoming PCI FLB version (v%u) is incompatible with this kernel (v%u)\n",
			      hdr->version, PCI_HDR_VERSION);
		return kho_block_set_restore(&table->chain, hdr->devices);
	case PCI_LAYOUT_BLOCK:
		return kho_block_set_restore(&table->chain, block->devices);
	case PCI_LAYOUT_FLAT64:
		table->max = flat64->max;
		table->flat = (void *)(flat64 + 1);
		break;
	case PCI_LAYOUT_FLAT32:
		table->max = flat32->max;
		table->flat = (void *)(flat32 + 1);
		break;
	}

	return table->max <= PCI_FLAT_LIMIT ? 0 : -EINVAL;
}

static int pci_flb_retrieve(struct liveupdate_flb_op_args *args)
{
	struct pci_dev_ser *ser;
	struct pci_table_pos pos;
	int err;

	struct pci_table *table __free(kfree) = kzalloc_obj(*table);
	if (!table)
		return -ENOMEM;

	kho_block_set_init(&table->chain, sizeof(struct pci_dev_ser));
	table->hdr = phys_to_virt(args->data);
	err = pci_table_restore(table);
	if (err)
		return err;

	pci_table_first(table, &pos);
	while ((ser = pci_table_next(table, &pos))) {
		if (!ser->refcount)
			continue;
		err = xa_insert(&pci_incoming, pci_ser_key(ser), ser,
				GFP_KERNEL);
		if (err) {
			xa_destroy(&pci_incoming);
			return err;
		}
	}

	args->obj = no_free_ptr(table);

	return 0;
}

static void pci_flb_finish(struct liveupdate_flb_op_args *args)
{
	struct pci_table *table = args->obj;
	u64 left = pci_table_nr(table);

	if (left)
		panic("%llu preserved device(s) were never finished!\n", left);

	kho_block_set_destroy(&table->chain);
	kho_restore_free(table->hdr);
	kfree(table);
}

static const struct liveupdate_flb_ops pci_flb_ops = {
	.preserve	= pci_flb_preserve,
	.unpreserve	= pci_flb_unpreserve,
	.retrieve	= pci_flb_retrieve,
	.finish		= pci_flb_finish,
	.owner		= THIS_MODULE,
};

static struct liveupdate_flb pci_flb = {
	.ops = &pci_flb_ops,
	.compatible = "pci",
};

static int pci_layout_set(const char *val, const struct kernel_param *kp)
{
	int layout = sysfs_match_string(pci_layout_names, val);

	if (layout < 0)
		return layout;

	pci_layout = layout;
	/*
	 * Put together here, so that a search of the image for compatible
	 * strings finds only the one this kernel uses by default.
	 */
	if (layout != PCI_LAYOUT_VERSIONED)
		snprintf((char *)pci_flb.compatible,
			 sizeof(pci_flb.compatible), "pci-v%d", 2);

	return 0;
}

static int pci_layout_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", pci_layout_names[pci_layout]);
}

static const struct kernel_param_ops pci_layout_ops = {
	.set = pci_layout_set,
	.get = pci_layout_get,
};

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX "pci_liveupdate."

module_param_cb(flb, &pci_layout_ops, NULL, 0444);
MODULE_PARM_DESC(flb, "Layout, and with it the name, of the PCI FLB: pci, block, flat64, flat32");

/**
 * pci_liveupdate_register_flb - tie the list of preserved devices to a file type
 * @fh: handler whose files preserve PCI devices
 *
 * Return: 0, or what liveupdate_register_flb() says.
 */
int pci_liveupdate_register_flb(struct liveupdate_file_handler *fh)
{
	return liveupdate_register_flb(fh, &pci_flb);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_register_flb);

static void pci_table_put_path(struct pci_table *table, struct pci_dev *dev,
			       struct pci_dev *end)
{
	for (; dev != end; dev = pci_upstream_bridge(dev)) {
		if (pci_table_put(table, &pci_outgoing, dev))
			pci_info(dev, "Device will no longer be preserved across next Live Update\n");
	}
}

static int pci_table_get_path(struct pci_table *table, struct pci_dev *dev)
{
	struct pci_dev *pos;
	int err;

	if (xa_load(&pci_outgoing, pci_key(dev))) {
		pci_info(dev, "Device is already preserved\n");
		return -EBUSY;
	}

	for (pos = dev; pos; pos = pci_upstream_bridge(pos)) {
		err = pci_table_get(table, pos);
		if (err) {
			pci_table_put_path(table, dev, pos);
			return err;
		}
	}

	return 0;
}

/**
 * pci_liveupdate_preserve - hand a device and its upstream bridges over
 * @dev: the device; the caller keeps it from going away
 *
 * Context: from the preserve op of a handler that registered the FLB.
 * Return: 0, -EBUSY if it is preserved already, -EINVAL for a VF, -ENOSPC if a
 * flat list is full, or -ENOMEM.
 */
int pci_liveupdate_preserve(struct pci_dev *dev)
{
	struct pci_table *table;
	int err;

	if (dev->is_virtfn) {
		pci_info(dev, "Cannot preserve Virtual Functions\n");
		return -EINVAL;
	}

	err = liveupdate_flb_get_outgoing(&pci_flb, (void **)&table);
	if (err)
		return err;

	scoped_guard(mutex, &pci_lock)
		err = pci_table_get_path(table, dev);

	liveupdate_flb_put_outgoing(&pci_flb);

	return err;
}
EXPORT_SYMBOL_GPL(pci_liveupdate_preserve);

/**
 * pci_liveupdate_unpreserve - undo pci_liveupdate_preserve()
 * @dev: the device
 */
void pci_liveupdate_unpreserve(struct pci_dev *dev)
{
	struct pci_table *table;

	if (WARN_ON(liveupdate_flb_get_outgoing(&pci_flb, (void **)&table)))
		return;

	scoped_guard(mutex, &pci_lock)
		pci_table_put_path(table, dev, NULL);

	liveupdate_flb_put_outgoing(&pci_flb);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_unpreserve);

/**
 * pci_liveupdate_is_incoming - did the previous kernel preserve this device?
 * @dev: the device
 *
 * Return: true from enumeration until the device is finished.
 */
bool pci_liveupdate_is_incoming(struct pci_dev *dev)
{
	return xa_load(&pci_incoming, pci_key(dev));
}
EXPORT_SYMBOL_GPL(pci_liveupdate_is_incoming);

/* 0 with a reference to the incoming FLB, or there is none to speak of. */
static int pci_get_incoming(struct pci_table **table)
{
	int err = liveupdate_flb_get_incoming(&pci_flb, (void **)table);

	switch (err) {
	case 0:
	case -EOPNOTSUPP:
	case -ENODATA:
		return err;
	case -ENOENT:
		/* The newest posting says nothing of it any more. */
		if (pci_layout != PCI_LAYOUT_VERSIONED)
			pr_info_once("No incoming FLB matched %s\n",
				     pci_flb.compatible);
		return err;
	}

	/* Only the later postings took this for fatal. */
	if (pci_layout_is_flat())
		WARN_ONCE(1, "Failed to retrieve incoming FLB data (%d)\n",
			  err);
	else
		panic("Failed to retrieve incoming FLB data (%d)\n", err);

	return err;
}

/**
 * pci_liveupdate_finish - make an incoming device an ordinary one again
 * @dev: the device
 *
 * Context: from the finish op of a handler that registered the FLB.
 */
void pci_liveupdate_finish(struct pci_dev *dev)
{
	struct pci_table *table;

	if (pci_get_incoming(&table))
		return;

	scoped_guard(mutex, &pci_lock) {
		for (; dev; dev = pci_upstream_bridge(dev)) {
			if (pci_table_put(table, &pci_incoming, dev))
				pci_info(dev, "Device is finished participating in Live Update\n");
		}
	}

	liveupdate_flb_put_incoming(&pci_flb);
}
EXPORT_SYMBOL_GPL(pci_liveupdate_finish);

static int pci_liveupdate_notify(struct notifier_block *nb,
				 unsigned long action, void *data)
{
	struct pci_dev *dev = to_pci_dev(data);
	struct pci_table *table;

	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		/* The first caller has LUO read the list. */
		if (pci_get_incoming(&table))
			break;
		if (pci_liveupdate_is_incoming(dev))
			pci_info(dev, "Device was preserved by previous kernel across Live Update\n");
		liveupdate_flb_put_incoming(&pci_flb);
		break;
	case BUS_NOTIFY_DEL_DEVICE:
		pci_WARN(dev, pci_liveupdate_is_incoming(dev),
			 "Destroying incoming-preserved device!\n");
		break;
	}

	return NOTIFY_DONE;
}

static struct notifier_block pci_liveupdate_nb = {
	.notifier_call = pci_liveupdate_notify,
};

static int __init pci_liveupdate_init(void)
{
	return bus_register_notifier(&pci_bus_type, &pci_liveupdate_nb);
}
/* After the bus type exists, before the first bus is scanned. */
postcore_initcall_sync(pci_liveupdate_init);

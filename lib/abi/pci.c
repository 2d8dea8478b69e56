/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list of PCI devices: a head, then entries, which follow it or are in a chain of blocks.
 * Public postings had it in three encodings, two of them under the same FLB names. An entry begins
 * with u32 domain, u16 bdf, u16 refcount; refcount 0 is a free slot.
 */
#include "base/bdf.h"
#include "blob.h"

#define HEADER		16	/* bytes to read, enough for the head of each encoding */
#define FLAT_HEADER	8
#define ENTRY		8
#define MAX_DEVICES	131072	/* one megabyte: more than any machine has */

static void versioned(const unsigned char *header, struct vlu_pci_reading *reading)
{
	reading->version = blob_u32(header, 0);
	reading->nr = blob_u32(header, 4);
	reading->devices_pa = blob_u64(header, 8);
}

static void block(const unsigned char *header, struct vlu_pci_reading *reading)
{
	reading->nr = blob_u32(header, 0);
	reading->devices_pa = blob_u64(header, 4);
}

static void flat32(const unsigned char *header, struct vlu_pci_reading *reading)
{
	reading->max = blob_u32(header, 0);
	reading->nr = blob_u32(header, 4);
}

/* The encodings by FLB name and version in the head (-1: no version), newest first. */
static const struct encoding {
	const char *name;
	int64_t version;
	size_t entry;		/* bytes of an entry */
	const char *encoding;
	void (*head)(const unsigned char *header, struct vlu_pci_reading *reading);
} encodings[] = {
	{ "pci", 2, ENTRY, "versioned", versioned },
	{ "pci", 1, ENTRY, "versioned", versioned },
	{ "pci-v2", -1, ENTRY, "block", block },
	{ "pci-v1", -1, ENTRY, "block", block },
	{ "pci-v3", -1, ENTRY, "flat32", flat32 },
	{ "pci-v2", -1, ENTRY, "flat32", flat32 },
	{ "pci-v1", -1, ENTRY, "flat32", flat32 },
};

struct reader {
	const struct memory *memory;
	uint64_t address;
	struct raw *raw;
	const struct encoding *as;
	struct vlu_pci_reading *reading;
};

bool flb_is_pci(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(encodings); i++)
		if (strcmp(encodings[i].name, name) == 0)
			return true;
	return false;
}

/* --------------------------------------------------------------- devices */

static int add_device(struct reader *reader, const unsigned char *entry, int64_t refcount)
{
	struct vlu_pci_reading *reading = reader->reading;
	struct vlu_pci_device *device;

	device = pool_add(reader->raw->pool, &reading->devices, &reading->n_devices);
	if (!device)
		return -ENOMEM;
	*device = (struct vlu_pci_device){
		.bdf = blob_bdf(blob_u32(entry, 0), blob_u16(entry, 4)), .refcount = refcount,
	};
	return 0;
}

static int add_entry(void *arg, const unsigned char *entry, uint64_t at, struct blob_error *err)
{
	(void)at, (void)err;
	return blob_u16(entry, 6) ? add_device(arg, entry, blob_u16(entry, 6)) : 0;
}

/* Is the list in the oldest form of flat32, with nr devices in ascending order and no refcounts? */
static bool has_no_counts(const unsigned char *data, size_t nr, size_t size)
{
	uint64_t key, last = 0;
	size_t i;

	for (i = 0; i < nr; i++, data += size) {
		key = (uint64_t)blob_u32(data, 0) << 16 | blob_u16(data, 4);
		if (blob_u16(data, 6) || (i && key <= last))
			return false;
		last = key;
	}
	return nr > 0;
}

static int read_flat(struct reader *reader, struct blob_error *err)
{
	const struct vlu_pci_reading *reading = reader->reading;
	const size_t size = reader->as->entry;
	const unsigned char *data;
	size_t n;
	bool bare;
	int ret;

	if (reading->max < 1 || reading->max > MAX_DEVICES || reading->nr > reading->max)
		return blob_fail(err, reader->address, "%lld of %lld devices",
				 (long long)reading->nr, (long long)reading->max);
	n = (size_t)reading->max;
	ret = memory_get(reader->memory, reader->address + FLAT_HEADER, n * size, reader->raw,
			 &data, err);
	if (ret)
		return ret;
	bare = has_no_counts(data, (size_t)reading->nr, size);
	for (n = bare ? (size_t)reading->nr : n; !ret && n; n--, data += size)
		ret = bare ? add_device(reader, data, -1) : add_entry(reader, data, 0, err);
	return ret;
}

/* Are there as many devices as the header says, each of them once? */
static int check_devices(struct reader *reader, struct blob_error *err)
{
	struct vlu_pci_reading *reading = reader->reading;
	struct vlu_pci_device *devices = (struct vlu_pci_device *)reading->devices;
	size_t i;

	if (reading->n_devices)
		qsort(devices, reading->n_devices, sizeof(*devices), bdf_order);
	for (i = 1; i < reading->n_devices; i++)
		if (bdf_order(&devices[i - 1], &devices[i]) == 0)
			return blob_fail(err, reader->address, "a device is listed twice");
	if (reading->nr != (int64_t)reading->n_devices)
		return blob_fail(err, reader->address, "the header says %lld devices, not %zu",
				 (long long)reading->nr, reading->n_devices);
	return 0;
}

/* -------------------------------------------------------------- encodings */

static int read_as(struct reader *reader, const struct encoding *as,
		   const unsigned char *header, struct blob_error *err)
{
	struct vlu_pci_reading *reading = reader->reading;
	int ret;

	reader->as = as;
	*reading = (struct vlu_pci_reading){ .encoding = as->encoding, .version = -1, .max = -1 };
	as->head(header, reading);
	if (reading->version != as->version)
		return blob_fail(err, reader->address, "version %lld is not known",
				 (long long)reading->version);
	if (reading->max >= 0)
		ret = read_flat(reader, err);
	else if (!reading->devices_pa || reading->devices_pa % reader->memory->page)
		ret = blob_fail(err, reader->address, "0x%llx is not the address of a block",
				(unsigned long long)reading->devices_pa);
	else
		ret = blocks_each(reader->memory, reading->devices_pa, as->entry, reader->raw,
				  add_entry, reader, err);
	return ret ? ret : check_devices(reader, err);
}

/*
 * Returns the first encoding of this name (NULL: of any name) that can be read to its end; else the
 * first whose devices are in memory that is not available. If there is neither, the caller reports
 * the error of the returned one: of the one whose version fits the head (-1 fits any head), of the
 * first if none fits. Returns NULL if several fit.
 */
static const struct encoding *choose(struct reader reader, const char *name,
				     const unsigned char *header)
{
	const struct encoding *as, *lacking = NULL, *only = NULL;
	struct pool *pool = reader.raw->pool;
	struct vlu_pci_reading reading;
	unsigned int n = 0;
	int ret;

	for (as = encodings; as < encodings + ARRAY_SIZE(encodings); as++) {
		struct raw raw = { pool, 0, NULL };
		struct blob_error err = { "" };

		if (name && strcmp(as->name, name) != 0)
			continue;
		reader.raw = &raw;
		reader.reading = &reading;
		ret = read_as(&reader, as, header, &err);
		if (!ret || ret == -ENOMEM)
			return as;
		if (ret == -ENXIO && !lacking)
			lacking = as;
		if (!only || reading.version == as->version)
			only = as;
		n += reading.version == as->version;
	}
	return lacking ? lacking : n <= 1 ? only : NULL;
}

int flb_pci_decode(const struct memory *memory, uint64_t address, const char *name,
		   struct raw *raw, struct vlu_pci *ret, struct blob_error *err)
{
	struct vlu_pci_reading *reading = pool_alloc(raw->pool, sizeof(*reading));
	struct reader reader = { .memory = memory, .address = address, .raw = raw,
				 .reading = reading };
	const struct encoding *as;
	const unsigned char *header;
	int r;

	if (!reading)
		return -ENOMEM;
	r = memory_get(memory, address, HEADER, raw, &header, err);
	if (r)
		return r;
	if (name && !flb_is_pci(name))
		return blob_fail(err, address, "%.48s is not known", name);
	as = choose(reader, name, header);
	if (!as)
		return blob_fail(err, address, "it fits no encoding of %s",
				 name ? name : "the list of PCI devices");
	ret->reading = reading;
	r = read_as(&reader, as, header, err);
	if (!r || r == -ENOMEM)
		return r;
	/* the version is not known, so the field nr may hold anything: report no reading */
	if (reading->version != as->version)
		ret->reading = NULL;
	reading->error = pool_text(raw->pool, err->text, sizeof(err->text));
	if (!reading->error)
		return -ENOMEM;
	if (r == -ENXIO)	/* the devices that could be read are right */
		*err = (struct blob_error){ "" };
	return r == -ENXIO ? 0 : r;
}

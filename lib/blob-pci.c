/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list of PCI devices. Public postings have had it in five encodings under
 * four names, three of them as "pci-v2":
 *
 *   flat64-short  u64 max, u64 nr; then u16 domain, u16 bdf
 *   flat64        u64 max, u64 nr; then entries
 *   flat32        u32 max, u32 nr; then entries
 *   block         u32 nr, u64 address of a chain of blocks of entries; packed
 *   versioned     u32 version, u32 nr, u64 address of such a chain
 *
 * An entry is u32 domain, u16 bdf, u16 refcount; 0 is a slot that is free. The
 * first flat32 had no refcount but a zero there, and was sorted and compact.
 */
#include "blob.h"

#define HEADER		16
#define ENTRY		8
#define SHORT_ENTRY	4
#define MAX_DEVICES	131072	/* a megabyte of them: more than any machine has */

enum encoding { VERSIONED, BLOCK, FLAT32, FLAT64, FLAT64_SHORT, ENCODINGS };

static const char *const names[ENCODINGS] = {
	"versioned", "block", "flat32", "flat64", "flat64-short",
};

/* What a name has been used for. */
static const struct {
	const char *name;
	unsigned int encodings;
} used[] = {
	{ "pci", 1 << VERSIONED },
	{ "pci-v1", 1 << BLOCK | 1 << FLAT32 | 1 << FLAT64_SHORT },
	{ "pci-v2", 1 << BLOCK | 1 << FLAT32 | 1 << FLAT64 },
	{ "pci-v3", 1 << BLOCK | 1 << FLAT32 },
};

struct reader {
	const struct memory *memory;
	uint64_t address;
	const unsigned char *header;
	struct raw *raw;
	struct vlu_pci_reading *reading;
	size_t room;
};

bool flb_is_pci(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(used); i++)
		if (strcmp(used[i].name, name) == 0)
			return true;
	return false;
}

/* --------------------------------------------------------------- devices */

static int add_device(struct reader *reader, uint32_t domain, uint16_t bdf,
		      int64_t refcount)
{
	struct vlu_pci_reading *reading = reader->reading;
	struct vlu_pci_device *devices;

	devices = pool_add(reader->raw->pool, reading->devices, reading->n_devices,
			   sizeof(*devices));
	if (!devices)
		return -ENOMEM;
	reading->devices = devices;
	devices[reading->n_devices++] = (struct vlu_pci_device){
		.bdf = {
			.domain = domain, .bus = (uint8_t)(bdf >> 8),
			.device = bdf >> 3 & 0x1f, .function = bdf & 7,
		},
		.refcount = refcount,
	};
	return 0;
}

static int add_entries(struct reader *reader, const unsigned char *data, size_t n)
{
	int ret = 0;

	for (; !ret && n; n--, data += ENTRY)
		if (blob_u16(data, 6))
			ret = add_device(reader, blob_u32(data, 0), blob_u16(data, 4),
					 blob_u16(data, 6));
	return ret;
}

/* The first flat32: as many as nr says, in order, none with a count. */
static bool without_counts(const unsigned char *data, size_t nr)
{
	uint64_t key, last = 0;
	size_t i;

	for (i = 0; i < nr; i++, data += ENTRY) {
		key = (uint64_t)blob_u32(data, 0) << 16 | blob_u16(data, 4);
		if (blob_u16(data, 6) || (i && key <= last))
			return false;
		last = key;
	}
	return nr > 0;
}

static int by_address(const void *a, const void *b)
{
	return vlu_bdf_compare(((const struct vlu_pci_device *)a)->bdf,
			       ((const struct vlu_pci_device *)b)->bdf);
}

/* Are these the devices that the header speaks of? */
static int check_devices(struct reader *reader, struct blob_error *err)
{
	struct vlu_pci_reading *reading = reader->reading;
	struct vlu_pci_device *devices = (struct vlu_pci_device *)reading->devices;
	size_t i;

	if (reading->n_devices)
		qsort(devices, reading->n_devices, sizeof(*devices), by_address);
	for (i = 1; i < reading->n_devices; i++)
		if (by_address(&devices[i - 1], &devices[i]) == 0)
			return blob_fail(err, reader->address, "a device stands there twice");
	if (reading->nr != (int64_t)reading->n_devices)
		return blob_fail(err, reader->address, "it says %lld devices and has %zu",
				 (long long)reading->nr, reading->n_devices);
	return 0;
}

/* -------------------------------------------------------------- encodings */

static int read_chain(struct reader *reader, struct blob_error *err)
{
	struct blocks blocks = { .n = 0 };
	size_t i;
	int ret;

	if (!reader->reading->devices_pa ||
	    reader->reading->devices_pa % reader->memory->page)
		return blob_fail(err, reader->address, "0x%llx is no block",
				 (unsigned long long)reader->reading->devices_pa);
	ret = blocks_read(reader->memory, reader->reading->devices_pa, ENTRY, reader->raw,
			  &blocks, err);
	for (i = 0; !ret && i < blocks.n; i++)
		ret = add_entries(reader, blocks.list[i].entries, blocks.list[i].count);
	return ret ? ret : check_devices(reader, err);
}

static int read_flat(struct reader *reader, size_t header, size_t entry,
		     struct blob_error *err)
{
	struct vlu_pci_reading *reading = reader->reading;
	const unsigned char *data;
	size_t i, n;
	int ret;

	if (reading->max < 1 || reading->max > MAX_DEVICES || reading->nr > reading->max)
		return blob_fail(err, reader->address, "%lld of %lld devices",
				 (long long)reading->nr, (long long)reading->max);
	n = (size_t)reading->max;
	ret = memory_get(reader->memory, reader->address + header, n * entry, reader->raw,
			 &data, err);
	if (ret)
		return ret;
	if (entry == SHORT_ENTRY || without_counts(data, (size_t)reading->nr)) {
		n = (size_t)reading->nr;
		for (i = 0; !ret && i < n; i++, data += entry)
			ret = entry == SHORT_ENTRY ?
			      add_device(reader, blob_u16(data, 0), blob_u16(data, 2), -1) :
			      add_device(reader, blob_u32(data, 0), blob_u16(data, 4), -1);
	} else {
		ret = add_entries(reader, data, n);
	}
	return ret ? ret : check_devices(reader, err);
}

static int64_t count(uint64_t number)
{
	return number <= INT64_MAX ? (int64_t)number : INT64_MAX;
}

static int decode(struct reader *reader, enum encoding encoding, struct blob_error *err)
{
	struct vlu_pci_reading *reading = reader->reading;
	const unsigned char *header = reader->header;

	*reading = (struct vlu_pci_reading){
		.encoding = names[encoding], .version = -1, .max = -1,
	};
	switch (encoding) {
	case VERSIONED:
		reading->version = blob_u32(header, 0);
		reading->nr = blob_u32(header, 4);
		reading->devices_pa = blob_u64(header, 8);
		if (reading->version < 1 || reading->version > 2) {
			reading->encoding = NULL;
			return blob_fail(err, reader->address, "version %lld is not known",
					 (long long)reading->version);
		}
		return read_chain(reader, err);
	case BLOCK:
		reading->nr = blob_u32(header, 0);
		reading->devices_pa = blob_u64(header, 4);
		return read_chain(reader, err);
	case FLAT32:
		reading->max = blob_u32(header, 0);
		reading->nr = blob_u32(header, 4);
		return read_flat(reader, 8, ENTRY, err);
	case FLAT64:
	case FLAT64_SHORT:
	default:
		reading->max = count(blob_u64(header, 0));
		reading->nr = count(blob_u64(header, 8));
		return read_flat(reader, 16, encoding == FLAT64 ? ENTRY : SHORT_ENTRY, err);
	}
}

static unsigned int candidates(const char *name)
{
	size_t i;

	for (i = 0; name && i < ARRAY_SIZE(used); i++)
		if (strcmp(used[i].name, name) == 0)
			return used[i].encodings;
	return name ? 0 : (1u << ENCODINGS) - 1;
}

/* -ENXIO: it may be this one, but its devices are not in memory that is here. */
static int try_one(struct reader *reader, enum encoding encoding, struct vlu_pci *pci,
		   bool only, struct blob_error *err)
{
	struct vlu_pci_reading *reading = (struct vlu_pci_reading *)&pci->readings[pci->n_readings];
	struct raw before = *reader->raw;
	struct blob_error why = { "" };
	int ret;

	reader->reading = reading;
	ret = decode(reader, encoding, &why);
	if (ret == -ENOMEM)
		return ret;
	if (ret == -EBADMSG && !only) {
		*reader->raw = before;
		return 0;
	}
	if (ret == -EBADMSG)
		*err = why;
	/* what cannot be told apart from any bytes at all is not shown */
	if (!reading->encoding)
		return ret;
	if (ret) {
		reading->error = pool_text(reader->raw->pool, why.text, sizeof(why.text));
		if (!reading->error)
			return -ENOMEM;
	}
	pci->n_readings++;
	return ret == -EBADMSG ? ret : 0;
}

/* What can be read to its end leaves no room for what cannot. */
static void keep_whole(struct vlu_pci *pci)
{
	struct vlu_pci_reading *readings = (struct vlu_pci_reading *)pci->readings;
	size_t i, n = 0;

	for (i = 0; i < pci->n_readings; i++)
		if (!readings[i].error)
			readings[n++] = readings[i];
	if (n)
		pci->n_readings = n;
}

int flb_pci_decode(const struct memory *memory, uint64_t address, const char *name,
	       struct raw *raw, struct vlu_pci *ret, struct blob_error *err)
{
	struct reader reader = { .memory = memory, .address = address, .raw = raw };
	unsigned int may_be = candidates(name), e;
	int r;

	r = memory_get(memory, address, HEADER, raw, &reader.header, err);
	if (r)
		return r;
	if (!may_be)
		return blob_fail(err, address, "%.48s is not known", name);
	ret->readings = pool_alloc(raw->pool, ENCODINGS * sizeof(*ret->readings));
	if (!ret->readings)
		return -ENOMEM;
	for (e = 0; e < ENCODINGS; e++) {
		if (!(may_be & 1u << e))
			continue;
		r = try_one(&reader, e, ret, may_be == 1u << e, err);
		if (r)
			return r;
	}
	keep_whole(ret);
	if (ret->n_readings)
		return 0;
	return blob_fail(err, address, "it fits no encoding of %s",
			 name ? name : "the list of PCI devices");
}

// SPDX-License-Identifier: GPL-2.0-only
/* The list of PCI devices in each encoding. */
#include "memory.h"

static void a_device(uint8_t *p, uint32_t domain, unsigned int bdf, unsigned int refcount)
{
	put32(p, domain);
	put16(p + 4, bdf);
	put16(p + 6, refcount);
}

static int decode_pci(struct fixture *f, const char *name, struct vlu_pci *pci)
{
	*pci = (struct vlu_pci){ .reading = NULL };
	f->err = (struct blob_error){ "" };
	f->raw.n = 0;
	return flb_pci_decode(&f->memory, 0x1000, name, &f->raw, pci, &f->err);
}

static void expect(struct fixture *f, const char *name, const char *encoding, size_t devices)
{
	struct vlu_pci pci;

	assert_int_equal(decode_pci(f, name, &pci), 0);
	assert_string_equal(pci.reading->encoding, encoding);
	assert_int_equal(pci.reading->n_devices, devices);
	assert_null(pci.reading->error);
}

static void clear(struct fixture *f)
{
	memset(f->bytes, 0, sizeof(f->bytes));
}

static void flat32(struct fixture *f, uint32_t max, uint32_t nr)
{
	clear(f);
	put32(at(f, 0x1000), max);
	put32(at(f, 0x1004), nr);
}

/* Both encodings that are named pci-v2, which are distinguished by their content. */
static void test_pci_v2(void **state)
{
	struct fixture *f = *state;
	struct vlu_pci pci;

	flat32(f, 16, 2);
	a_device(at(f, 0x1008), 0, 0x0200, 1);
	a_device(at(f, 0x1018), 0, 0x0010, 2);
	expect(f, "pci-v2", "flat32", 2);
	/* sorted by address, in any order of the entries */
	assert_int_equal(decode_pci(f, "pci-v2", &pci), 0);
	assert_int_equal(pci.reading->devices[0].bdf.device, 2);
	assert_int_equal(pci.reading->devices[0].refcount, 2);
	assert_int_equal(pci.reading->devices[1].bdf.bus, 2);

	flat32(f, 16, 2);
	a_device(at(f, 0x1008), 0, 0x0100, 1);
	a_device(at(f, 0x1018), 0x10000, 0xe100, 1);
	expect(f, "pci-v2", "flat32", 2);
	assert_int_equal(decode_pci(f, "pci-v2", &pci), 0);
	assert_int_equal(pci.reading->devices[1].bdf.domain, 0x10000);

	clear(f);
	put32(at(f, 0x1000), 1);
	put64(at(f, 0x1004), 0x3000);
	block(f, 0x3000, 0, 2);
	a_device(at(f, 0x3018), 0, 0x0100, 1);
	expect(f, "pci-v2", "block", 1);

	/* all devices are finished, and the chain still exists */
	put32(at(f, 0x1000), 0);
	memset(at(f, 0x3010), 0, 16);
	expect(f, "pci-v2", "block", 0);
}

/* All devices are finished: the bytes would also fit a block at address 0, which does not exist. */
static void test_pci_finished(void **state)
{
	struct fixture *f = *state;

	flat32(f, 16, 0);
	expect(f, "pci-v2", "flat32", 0);
	expect(f, "pci-v1", "flat32", 0);
	expect(f, NULL, "flat32", 0);
}

static void test_pci_v1(void **state)
{
	struct fixture *f = *state;
	struct vlu_pci pci;

	flat32(f, 16, 2);
	a_device(at(f, 0x1008), 0, 0x0100, 0);
	a_device(at(f, 0x1010), 0, 0x0200, 0);
	expect(f, "pci-v1", "flat32", 2);
	/* flat32 was sorted, so this is not flat32; and without counts it is no other encoding */
	a_device(at(f, 0x1008), 0, 0x0300, 0);
	assert_int_equal(decode_pci(f, "pci-v1", &pci), -EBADMSG);
	assert_null(pci.reading);
}

static void test_pci_versioned(void **state)
{
	struct fixture *f = *state;
	struct vlu_pci pci;

	clear(f);
	put32(at(f, 0x1000), 2);
	put32(at(f, 0x1004), 2);
	put64(at(f, 0x1008), 0x3000);
	block(f, 0x3000, 0x4000, 1);
	a_device(at(f, 0x3010), 0, 0x0100, 1);
	block(f, 0x4000, 0, 1);
	a_device(at(f, 0x4010), 0, 0x0008, 1);
	expect(f, "pci", "versioned", 2);
	/* without a name, the content shows the encoding */
	expect(f, NULL, "versioned", 2);
	put32(at(f, 0x1000), 1);
	expect(f, "pci", "versioned", 2);
	assert_int_equal(decode_pci(f, "pci", &pci), 0);
	assert_int_equal(pci.reading->version, 1);
	put32(at(f, 0x1000), 2);

	put32(at(f, 0x1004), 3);
	REFUSED(f, decode_pci(f, "pci", &pci), "3 devices, not 2");
	/* the available part is shown */
	assert_int_equal(pci.reading->n_devices, 2);
	assert_non_null(pci.reading->error);
	put32(at(f, 0x1004), 2);
	a_device(at(f, 0x4010), 0, 0x0100, 1);
	REFUSED(f, decode_pci(f, "pci", &pci), "twice");
	put32(at(f, 0x1000), 3);
	REFUSED(f, decode_pci(f, "pci", &pci), "version 3 is not known");
	assert_null(pci.reading);
	REFUSED(f, decode_pci(f, "pcie-v1", &pci), "pcie-v1 is not known");
}

/* Memory that was freed, and is cleared or has any content. */
static void test_pci_refused(void **state)
{
	static const char *const names[] = { "pci", "pci-v1", "pci-v2", "pci-v3", NULL };
	struct fixture *f = *state;
	struct vlu_pci pci;

	for (size_t i = 0; i < ARRAY(names); i++) {
		clear(f);
		assert_int_equal(decode_pci(f, names[i], &pci), -EBADMSG);
		memset(f->bytes, 0xff, sizeof(f->bytes));
		assert_int_equal(decode_pci(f, names[i], &pci), -EBADMSG);
		memset(f->bytes, 'x', sizeof(f->bytes));
		assert_int_equal(decode_pci(f, names[i], &pci), -EBADMSG);
	}
	flat32(f, 200000, 1);
	REFUSED(f, decode_pci(f, "pci-v2", &pci), "fits no encoding of pci-v2");
}

/* Only a file: the blocks are not in it, and the rest is shown. */
static void test_pci_header(void **state)
{
	struct fixture *f = *state;
	struct vlu_pci pci;

	clear(f);
	put32(at(f, 0x1000), 4);
	put64(at(f, 0x1004), 0x12345000);
	assert_int_equal(decode_pci(f, "pci-v2", &pci), 0);
	assert_string_equal(pci.reading->encoding, "block");
	assert_true(pci.reading->devices_pa == 0x12345000);
	assert_int_equal(pci.reading->nr, 4);
	assert_non_null(strstr(pci.reading->error, "not available"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pci_v2), TEST(test_pci_finished), TEST(test_pci_v1),
		TEST(test_pci_versioned), TEST(test_pci_refused), TEST(test_pci_header),
	};

	return RUN("blob-pci", tests);
}

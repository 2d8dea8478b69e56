// SPDX-License-Identifier: GPL-2.0-only
/* Configuration space: which type, and what of Access Control Services. */
#include "unit.h"

#include "pcicap.h"

struct space {
	uint8_t bytes[0x1000];
	size_t size;
	size_t reads;
};

static ssize_t read_space(void *arg, void *buf, size_t size, size_t offset)
{
	struct space *space = arg;
	size_t left = offset < space->size ? space->size - offset : 0;

	space->reads++;
	if (size > left)
		size = left;
	memcpy(buf, space->bytes + offset, size);
	return (ssize_t)size;
}

/* A PCI Express function of a type, with ACS behind another extended capability. */
static void make(struct space *space, unsigned int type, unsigned int caps, unsigned int ctrl)
{
	memset(space, 0, sizeof(*space));
	space->size = sizeof(space->bytes);
	space->bytes[0x06] = 0x10;
	space->bytes[0x34] = 0x40;
	space->bytes[0x40] = 0x01;	/* power management */
	space->bytes[0x41] = 0x60;
	space->bytes[0x60] = 0x10;
	space->bytes[0x62] = (uint8_t)(type << 4 | 2);
	space->bytes[0x100] = 0x01;	/* AER, which leads to 0x148 */
	space->bytes[0x102] = 0x82;
	space->bytes[0x103] = 0x14;
	space->bytes[0x148] = 0x0d;
	space->bytes[0x14a] = 0x01;
	space->bytes[0x14c] = (uint8_t)caps;
	space->bytes[0x14e] = (uint8_t)ctrl;
}

static void test_on(void **state)
{
	struct space space;
	struct pcicap cap;

	(void)state;
	make(&space, PCIE_ROOT_PORT, 0x1f, 0x1d);
	assert_int_equal(pcicap_parse(read_space, &space, &cap), 0);
	assert_int_equal(cap.type, PCIE_ROOT_PORT);
	assert_true(cap.acs_needed);
	assert_true(cap.acs);
	assert_int_equal(cap.acs_lacks, 0);
	/* few reads: each is one from the device */
	assert_true(space.reads < 8);
}

static void test_off(void **state)
{
	struct space space;
	struct pcicap cap;

	(void)state;
	make(&space, PCIE_DOWNSTREAM, 0x1f, ACS_REQUEST_REDIRECT);
	assert_int_equal(pcicap_parse(read_space, &space, &cap), 0);
	assert_int_equal(cap.acs_lacks, ACS_SOURCE_VALIDATION | ACS_COMPLETION_REDIRECT |
			 ACS_UPSTREAM_FORWARDING);
	/* what is not offered is hard-wired */
	make(&space, PCIE_DOWNSTREAM, ACS_REQUEST_REDIRECT, ACS_REQUEST_REDIRECT);
	assert_int_equal(pcicap_parse(read_space, &space, &cap), 0);
	assert_int_equal(cap.acs_lacks, 0);
}

static void test_none(void **state)
{
	struct space space;
	struct pcicap cap;

	(void)state;
	make(&space, PCIE_ROOT_PORT, 0x1f, 0x1d);
	space.bytes[0x148] = 0x0e;
	assert_int_equal(pcicap_parse(read_space, &space, &cap), 0);
	assert_true(cap.acs_needed);
	assert_false(cap.acs);
	/* one function has nothing to be kept apart from, several have */
	make(&space, PCIE_ENDPOINT, 0, 0);
	assert_int_equal(pcicap_parse(read_space, &space, &cap), 0);
	assert_false(cap.acs_needed);
	space.bytes[0x0e] = 0x80;
	assert_int_equal(pcicap_parse(read_space, &space, &cap), 0);
	assert_true(cap.acs_needed);
	/* conventional PCI */
	memset(&space, 0, sizeof(space));
	space.size = 256;
	assert_int_equal(pcicap_parse(read_space, &space, &cap), 0);
	assert_int_equal(cap.type, PCIE_CONVENTIONAL);
	assert_true(cap.acs_needed);
	assert_false(cap.acs);
}

static void test_cut_off(void **state)
{
	static const size_t sizes[] = { 0, 63, 64, 0x60, 0x100, 0x102, 0x148, 0x14c, 0x14f };
	struct space space;
	struct pcicap cap;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY(sizes); i++) {
		make(&space, PCIE_ROOT_PORT, 0x1f, 0x1d);
		space.size = sizes[i];
		assert_int_equal(pcicap_parse(read_space, &space, &cap), -ENODATA);
	}
}

static void test_loops(void **state)
{
	struct space space;
	struct pcicap cap;

	(void)state;
	make(&space, PCIE_ROOT_PORT, 0, 0);
	space.bytes[0x148] = 0x0e;
	space.bytes[0x14a] = 0x01;
	space.bytes[0x14b] = 0x10;	/* back to 0x100 */
	assert_int_equal(pcicap_parse(read_space, &space, &cap), 0);
	assert_false(cap.acs);
	space.bytes[0x60] = 0x09;
	space.bytes[0x61] = 0x40;
	assert_int_equal(pcicap_parse(read_space, &space, &cap), 0);
	assert_int_equal(cap.type, PCIE_CONVENTIONAL);
	/* a device that is gone answers with ones */
	memset(space.bytes, 0xff, sizeof(space.bytes));
	assert_int_equal(pcicap_parse(read_space, &space, &cap), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_on),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_loops),
	};

	return RUN("pcicap", tests);
}

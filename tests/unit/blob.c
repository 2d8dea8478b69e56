// SPDX-License-Identifier: GPL-2.0-only
/* What KHO and LUO hand over, as bytes. */
#include "unit.h"

#include "luo-blob.h"

static void test_luo(void **state)
{
	static const unsigned char v5[32] = {
		'l', 'u', 'o', '-', 'v', '5', 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
		0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0x80,
	};
	struct luo_blob blob;

	(void)state;
	assert_int_equal(luo_blob_parse(v5, sizeof(v5), &blob), 0);
	assert_string_equal(blob.compatible, "luo-v5");
	assert_true(blob.liveupdate_num == 3);
	assert_true(blob.sessions_pa == 0x1000);
	assert_true(blob.flbs_pa == 0x8000000000002000ULL);
	for (size_t size = 0; size < sizeof(v5); size++)
		assert_int_equal(luo_blob_parse(v5, size, &blob), -EBADMSG);
}

/* A compound name makes the first field longer: to its NUL, then to eight. */
static void test_luo_compound(void **state)
{
	unsigned char data[40] = "luo-v5;block-v1";
	struct luo_blob blob;

	(void)state;
	data[16] = 7;
	data[32] = 9;
	assert_int_equal(luo_blob_parse(data, sizeof(data), &blob), 0);
	assert_string_equal(blob.compatible, "luo-v5;block-v1");
	assert_true(blob.liveupdate_num == 7);
	assert_true(blob.flbs_pa == 9);
	assert_int_equal(luo_blob_parse(data, 32, &blob), -EBADMSG);
}

static void test_luo_other(void **state)
{
	unsigned char fdt[64] = { 0xd0, 0x0d, 0xfe, 0xed }, elf[32] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	unsigned char zeros[32] = { 0 }, full[64];
	struct luo_blob blob;

	(void)state;
	memset(full, 'x', sizeof(full));
	/* up to Linux 7.1 it is an FDT; and the incoming one is freed memory */
	assert_int_equal(luo_blob_parse(fdt, sizeof(fdt), &blob), -EBADMSG);
	assert_int_equal(luo_blob_parse(elf, sizeof(elf), &blob), -EBADMSG);
	assert_int_equal(luo_blob_parse(zeros, sizeof(zeros), &blob), -EBADMSG);
	assert_int_equal(luo_blob_parse(full, sizeof(full), &blob), -EBADMSG);
}

static void test_metadata(void **state)
{
	unsigned char data[73] = { 1, 0, 0, 0, '7', '.', '3', '.', '4' };
	struct kexec_metadata metadata;

	(void)state;
	data[69] = 0x02;	/* not aligned: the struct is packed */
	data[70] = 0x01;
	assert_int_equal(kexec_metadata_parse(data, sizeof(data), &metadata), 0);
	assert_string_equal(metadata.previous_release, "7.3.4");
	assert_int_equal(metadata.kexec_count, 0x102);
	for (size_t size = 0; size < sizeof(data); size++)
		assert_int_equal(kexec_metadata_parse(data, size, &metadata), -EBADMSG);
	data[0] = 2;	/* a version that we do not know */
	assert_int_equal(kexec_metadata_parse(data, sizeof(data), &metadata), -EBADMSG);
	data[0] = 1;
	memset(data + 4, 'x', 65);
	assert_int_not_equal(kexec_metadata_parse(data, sizeof(data), &metadata), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_luo), cmocka_unit_test(test_luo_compound),
		cmocka_unit_test(test_luo_other), cmocka_unit_test(test_metadata),
	};

	return RUN("blob", tests);
}

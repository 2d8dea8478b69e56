// SPDX-License-Identifier: GPL-2.0-only
/* The bytes that kernels hand over: the decoders must accept these, and refuse others. */
#include "memory.h"

/* --------------------------------------------------------------------- LUO */

static void test_luo(void **state)
{
	static const unsigned char v5[32] = {
		'l', 'u', 'o', '-', 'v', '5', 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,
		0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0x80,
	};
	struct fixture *f = *state;
	struct vlu_luo luo = { .compatible = NULL };
	unsigned char beyond[32];

	assert_int_equal(luo_decode(&f->pool, &(struct blob){ v5, 32 }, &luo, &f->err), 0);
	assert_string_equal(luo.compatible, "luo-v5");
	assert_int_equal(luo_version(&luo), 5);
	assert_true(luo.liveupdate_num == 3);
	assert_true(luo.sessions_pa == 0x1000);
	assert_true(luo.flbs_pa == 0x8000000000002000ULL);
	for (size_t size = 0; size < sizeof(v5); size++) {
		f->err = (struct blob_error){ "" };
		assert_int_equal(luo_decode(&f->pool, &(struct blob){ v5, size }, &luo, &f->err),
				 -EBADMSG);
		assert_true(f->err.text[0]);
	}
	memcpy(beyond, v5, sizeof(v5));
	beyond[15] = 0x80;	/* no kernel has such a number */
	REFUSED(f, luo_decode(&f->pool, &(struct blob){ beyond, 32 }, &luo, &f->err),
		"no number of a live update, at 0x8");
}

/* A compound name makes the first field longer: up to its NUL, then padded to eight bytes. */
static void test_luo_compound(void **state)
{
	unsigned char data[40] = "luo-v5;block-v1";
	struct fixture *f = *state;
	struct vlu_luo luo = { .compatible = NULL };

	data[16] = 7;
	data[32] = 9;
	assert_int_equal(luo_decode(&f->pool, &(struct blob){ data, 40 }, &luo, &f->err), 0);
	assert_string_equal(luo.compatible, "luo-v5;block-v1");
	assert_true(luo.liveupdate_num == 7);
	assert_true(luo.flbs_pa == 9);
	REFUSED(f, luo_decode(&f->pool, &(struct blob){ data, 32 }, &luo, &f->err), "at 0xf");
}

static void test_luo_other(void **state)
{
	unsigned char fdt[64] = { 0xd0, 0x0d, 0xfe, 0xed }, elf[32] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	unsigned char zeros[32] = { 0 }, full[200], odd[40] = "luo-v5\x1b[31m";
	struct fixture *f = *state;
	struct vlu_luo luo;

	memset(full, 'x', sizeof(full));
	memcpy(full, "luo-v", 5);
	REFUSED(f, luo_decode(&f->pool, &(struct blob){ fdt, 64 }, &luo, &f->err), "tree");
	REFUSED(f, luo_decode(&f->pool, &(struct blob){ elf, 32 }, &luo, &f->err), "it does not begin with a compatible");
	REFUSED(f, luo_decode(&f->pool, &(struct blob){ zeros, 32 }, &luo, &f->err), "it does not begin with a compatible");
	REFUSED(f, luo_decode(&f->pool, &(struct blob){ full, 200 }, &luo, &f->err), "no end");
	REFUSED(f, luo_decode(&f->pool, &(struct blob){ odd, 40 }, &luo, &f->err), "no end");
}

/* ---------------------------------------------------------------- metadata */

static void test_metadata(void **state)
{
	unsigned char data[73] = { 1, 0, 0, 0, '7', '.', '3', '.', '4' };
	struct fixture *f = *state;
	struct vlu_metadata metadata;

	data[69] = 0x02;	/* not aligned: the struct is packed */
	data[70] = 0x01;
	assert_int_equal(metadata_decode(&f->pool, &(struct blob){ data, 73 }, &metadata, &f->err), 0);
	assert_string_equal(metadata.previous_release, "7.3.4");
	assert_int_equal(metadata.kexec_count, 0x102);
	for (size_t size = 0; size < sizeof(data); size++)
		REFUSED(f, metadata_decode(&f->pool, &(struct blob){ data, size }, &metadata, &f->err),
			"it has fewer than 73 bytes");
	data[0] = 2;	/* a version that we do not know */
	REFUSED(f, metadata_decode(&f->pool, &(struct blob){ data, 73 }, &metadata, &f->err),
		"version 2");
	data[0] = 1;
	memset(data + 4, 'x', 65);
	REFUSED(f, metadata_decode(&f->pool, &(struct blob){ data, 73 }, &metadata, &f->err),
		"without an end");
}

/* ------------------------------------------------------------------ blocks */

/* The entries in the order of the calls. */
struct entries {
	size_t n;
	uint64_t at[64], first[64];
};

static int keep_entry(void *arg, const unsigned char *entry, uint64_t address,
		      struct blob_error *err)
{
	struct entries *entries = arg;

	(void)err;
	entries->at[entries->n] = address;
	entries->first[entries->n++] = blob_u64(entry, 0);
	return entries->n == ARRAY(entries->at) ? 1 : 0;
}

static int read_blocks(struct fixture *f, uint64_t head, size_t entry, struct entries *ret)
{
	f->err = (struct blob_error){ "" };
	f->raw.n = 0;
	ret->n = 0;
	return blocks_each(&f->memory, head, entry, &f->raw, keep_entry, ret, &f->err);
}

static void test_blocks(void **state)
{
	struct fixture *f = *state;
	struct entries entries;

	block(f, 0x3000, 0x1000, 2);
	block(f, 0x1000, 0x2000, 51);
	block(f, 0x2000, 0, 1);
	put64(at(f, 0x1000) + 16 + 50 * 80, 77);
	assert_int_equal(read_blocks(f, 0x3000, 80, &entries), 0);
	assert_int_equal(entries.n, 2 + 51 + 1);
	assert_true(entries.at[1] == 0x3000 + 16 + 80 && entries.at[53] == 0x2010);
	assert_true(entries.at[52] == 0x1000 + 16 + 50 * 80 && entries.first[52] == 77);
	/* it reads only the heads, then each block with its entries */
	assert_int_equal(f->raw.n, 3);
	assert_int_equal(f->raw.bytes[0].size, 16 + 2 * 80);
	assert_int_equal(f->reads, 6);
	/* and it stops when fn returns non-zero */
	block(f, 0x2000, 0, 20);
	assert_int_equal(read_blocks(f, 0x3000, 80, &entries), 1);
	assert_int_equal(entries.n, 64);
}

/* Refuses the chains that kho_block_set_restore() refuses, at the same place. */
static void test_blocks_refused(void **state)
{
	struct fixture *f = *state;
	struct entries entries;

	block(f, 0x1000, 0, 52);
	REFUSED(f, read_blocks(f, 0x1000, 80, &entries), "52 entries, but only 51 fit, at 0x1008");
	block(f, 0x1000, 0, 0);
	REFUSED(f, read_blocks(f, 0x1000, 80, &entries), "0 entries");
	block(f, 0x1000, 0x2008, 1);
	REFUSED(f, read_blocks(f, 0x1000, 80, &entries), "begin a page, at 0x2008");
	REFUSED(f, read_blocks(f, 0x1800, 80, &entries), "begin a page, at 0x1800");
	block(f, 0x1000, 0xfffffffffffff000, 1);
	assert_int_equal(read_blocks(f, 0x1000, 80, &entries), -ENXIO);
	assert_non_null(strstr(f->err.text, "at 0xfffffffffffff000"));
	assert_int_equal(entries.n, 0);
	assert_int_equal(f->raw.n, 0);
}

/* Cycles of every length, entered after every number of blocks. */
static void test_circles(void **state)
{
	struct fixture *f = *state;
	struct entries entries;

	for (unsigned int length = 1; length <= PAGES; length++)
		for (unsigned int back = 0; back < length; back++) {
			for (unsigned int i = 0; i < length; i++)
				block(f, BASE + i * PAGE, i + 1 < length ?
				      BASE + (i + 1) * PAGE : BASE + back * PAGE, 1);
			f->reads = 0;
			REFUSED(f, read_blocks(f, BASE, 64, &entries), "loop");
			assert_true(f->reads <= 3 * length + 1);
		}
}

/* An endless chain without a cycle. */
static int endless(void *arg, uint64_t address, void *buf, size_t size)
{
	(void)arg;
	memset(buf, 0, size);
	put64(buf, address + PAGE);
	put64((uint8_t *)buf + 8, 1);
	return 0;
}

static void test_endless(void **state)
{
	const struct memory memory = { endless, NULL, PAGE };
	struct fixture *f = *state;
	struct entries entries = { .n = 0 };

	REFUSED(f, blocks_each(&memory, PAGE, 64, &f->raw, keep_entry, &entries, &f->err),
		"more than 10000");
	assert_int_equal(entries.n, 0);
}

/* ---------------------------------------------------------------- sessions */

static const struct vlu_luo luo_v5 = { .compatible = "luo-v5", .sessions_pa = 0x1000 };

static void a_session(uint8_t *p, const char *name, uint64_t files, uint64_t count)
{
	strcpy((char *)p, name);
	put64(p + 64, files);
	put64(p + 72, count);
}

static void a_file(uint8_t *p, const char *compatible, uint64_t data, uint64_t token)
{
	strcpy((char *)p, compatible);
	put64(p + 48, data);
	put64(p + 56, token);
}

static void test_sessions(void **state)
{
	struct fixture *f = *state;
	struct vlu_luo_session *s;
	size_t n;

	block(f, 0x1000, 0x2000, 2);
	a_session(at(f, 0x1010), "first", 0x3000, 2);
	/* a cycle of files is an error of its session only */
	a_session(at(f, 0x1060), "second", 0x4000, 1);
	block(f, 0x2000, 0, 1);
	a_session(at(f, 0x2010), "\x01 any bytes", 0, 0);
	block(f, 0x3000, 0, 2);
	a_file(at(f, 0x3010), "vfio-pci-v1", 0x5000, 0x1000000000000 | 0x0108);
	a_file(at(f, 0x3050), "somebody-else-v9", 0x6000, 7);
	block(f, 0x4000, 0x4000, 1);
	put16(at(f, 0x5004), 0x0108);
	assert_int_equal(sessions_decode(&f->memory, &luo_v5, &f->raw, &s, &n, &f->err), 0);
	assert_int_equal(n, 3);
	assert_string_equal(s[0].name, "first");
	assert_int_equal(s[0].n_files, 2);
	assert_true(s[0].files[0].has_bdf);
	assert_int_equal(s[0].files[0].bdf.device, 1);
	assert_int_equal(vlu_bdf_compare(s[0].files[0].vfio->bdf, s[0].files[0].bdf), 0);
	assert_null(s[0].files[1].vfio);
	assert_null(s[0].files[1].error);
	assert_true(s[0].files[1].token == 7 && !s[0].files[1].has_bdf);
	assert_non_null(strstr(s[1].error, "loop, at 0x4000"));
	assert_int_equal(s[1].n_files, 0);
	assert_string_equal(s[2].name, "\x01 any bytes");
	assert_int_equal(s[2].n_expected, 0);
	/* the state of another device than that of the token */
	put16(at(f, 0x5004), 0x0110);
	f->err = (struct blob_error){ "" };
	assert_int_equal(sessions_decode(&f->memory, &luo_v5, &f->raw, &s, &n, &f->err), 0);
	assert_null(s[0].files[0].vfio);
	assert_non_null(strstr(s[0].files[0].error, "another device than its token, at 0x5000"));
}

/* luo-v4 already has blocks of sessions, but still arrays of files. */
static void test_sessions_v4(void **state)
{
	const struct vlu_luo v4 = { .compatible = "luo-v4", .sessions_pa = 0x1000 };
	struct fixture *f = *state;
	struct vlu_luo_session *s;
	size_t n;

	block(f, 0x1000, 0, 1);
	a_session(at(f, 0x1010), "between", 0x3000, 2);
	a_file(at(f, 0x3000), "somebody-v1", 0, 1);
	a_file(at(f, 0x3040), "somebody-v1", 0, 2);
	assert_int_equal(sessions_decode(&f->memory, &v4, &f->raw, &s, &n, &f->err), 0);
	assert_int_equal(n, 1);
	assert_null(s[0].error);
	assert_int_equal(s[0].n_files, 2);
	assert_true(s[0].files[1].token == 2);
}

static void test_sessions_refused(void **state)
{
	const struct vlu_luo v1 = { .compatible = "luo-v1", .sessions_pa = 0x1000 };
	struct fixture *f = *state;
	struct vlu_luo_session *s;
	size_t n;

	block(f, 0x1000, 0, 2);
	a_session(at(f, 0x1010), "first", 0x3000, 9);
	block(f, 0x3000, 0, 1);
	a_file(at(f, 0x3010), "memfd-v2", 0xffff000, 0);
	REFUSED(f, sessions_decode(&f->memory, &luo_v5, &f->raw, &s, &n, &f->err),
		"without a name, at 0x1060");
	/* the entries before the error are shown */
	assert_int_equal(n, 1);
	assert_non_null(strstr(s[0].error, "1 files were found, but the session has 9"));
	assert_non_null(strstr(s[0].files[0].error, "not available, at 0xffff000"));
	put64(at(f, 0x1000), 820);
	REFUSED(f, sessions_decode(&f->memory, &v1, &f->raw, &s, &n, &f->err),
		"820 sessions, but only 819 fit");
	/* an array of files has no head of its own */
	put64(at(f, 0x1000), 1);
	memset(at(f, 0x1008), 0, 80);
	a_session(at(f, 0x1008), "old", 0x3000, 129);
	f->err = (struct blob_error){ "" };
	assert_int_equal(sessions_decode(&f->memory, &v1, &f->raw, &s, &n, &f->err), 0);
	assert_non_null(strstr(s[0].error, "129 files, but only 128 fit, at 0x3000"));
}

/* -------------------------------------------------------------------- FLBs */

static void test_flbs(void **state)
{
	struct fixture *f = *state;
	struct vlu_flbs flbs = { .n_flbs = 0 };

	put64(at(f, 0x1000), 1);
	assert_int_equal(flbs_decode(&f->memory, 0x1000, &f->raw, &flbs, &f->err), 0);
	assert_int_equal(flbs.n_flbs, 0);
	put64(at(f, 0x1008), 2);
	strcpy((char *)at(f, 0x1010), "pci");
	put64(at(f, 0x1040), 0x8000);
	put64(at(f, 0x1048), 3);
	REFUSED(f, flbs_decode(&f->memory, 0x1000, &f->raw, &flbs, &f->err),
		"without a name, at 0x1050");
	assert_int_equal(flbs.n_flbs, 1);
	assert_string_equal(flbs.flbs[0].name, "pci");
	assert_true(flbs.flbs[0].data == 0x8000 && flbs.flbs[0].count == 3);
	put64(at(f, 0x1008), 64);
	REFUSED(f, flbs_decode(&f->memory, 0x1000, &f->raw, &flbs, &f->err),
		"64 objects, but only 63 fit, at 0x1008");
	put64(at(f, 0x1000), 1ULL << 60);
	put64(at(f, 0x1008), 1ULL << 60);
	REFUSED(f, flbs_decode(&f->memory, 0x1000, &f->raw, &flbs, &f->err), "pages, at 0x1000");
	assert_int_equal(flbs_decode(&f->memory, 0xffffffffffffff00, &f->raw, &flbs, &f->err), -ENXIO);
}

/* --------------------------------------------------------- memfd and vfio */

static void test_memfd(void **state)
{
	unsigned char v1[48] = { 0 }, v2[48] = { 0 };
	struct fixture *f = *state;
	struct vlu_memfd memfd;

	put64(v1 + 8, 1 << 20);
	put64(v1 + 16, 257);	/* folios, at 16 bytes each: two pages of them */
	put64(v1 + 24, 0x9000);
	put32(v1 + 32, 2);
	assert_int_equal(memfd_decode(&(struct blob){ v1, 40 }, "memfd-v1", PAGE, &memfd, &f->err), 0);
	assert_true(memfd.nr_folios == 257 && memfd.folios_pa == 0x9000 && memfd.seals == -1);
	assert_int_equal(memfd_decode(&(struct blob){ v1, 48 }, NULL, PAGE, &memfd, &f->err), 0);
	assert_string_equal(memfd.layout, "v1");

	put64(v2 + 8, 1 << 20);
	put32(v2 + 16, 0x1f);
	put64(v2 + 24, 256);
	put64(v2 + 32, 0x9000);
	put32(v2 + 40, 1);
	assert_int_equal(memfd_decode(&(struct blob){ v2, 48 }, NULL, PAGE, &memfd, &f->err), 0);
	assert_string_equal(memfd.layout, "v2");
	assert_true(memfd.seals == 0x1f);
	assert_int_equal(memfd_decode(&(struct blob){ v2, 48 }, "memfd-v2;vmalloc-v1", PAGE, &memfd,
				      &f->err), 0);
	REFUSED(f, memfd_decode(&(struct blob){ v2, 48 }, "memfd-v1", PAGE, &memfd, &f->err), "not the data of a memfd");
	REFUSED(f, memfd_decode(&(struct blob){ v2, 48 }, "memfd-v3", PAGE, &memfd, &f->err), "not known");
	REFUSED(f, memfd_decode(&(struct blob){ v2, 47 }, "memfd-v2", PAGE, &memfd, &f->err), "not the data of a memfd");
	/* an unknown seal; a list of folios at address 0, or not at the start of a page */
	put32(v2 + 16, 0x5f);
	REFUSED(f, memfd_decode(&(struct blob){ v2, 48 }, "memfd-v2", PAGE, &memfd, &f->err), "not the data of a memfd");
	put32(v2 + 16, 0x1f);
	put64(v2 + 32, 0);
	REFUSED(f, memfd_decode(&(struct blob){ v2, 48 }, "memfd-v2", PAGE, &memfd, &f->err), "not the data of a memfd");
	put64(v2 + 32, 0x9008);
	REFUSED(f, memfd_decode(&(struct blob){ v2, 48 }, "memfd-v2", PAGE, &memfd, &f->err), "not the data of a memfd");
	put64(v2 + 32, 0x9000);
	/* no file has such a size or position */
	put64(v2, 1ULL << 63);
	REFUSED(f, memfd_decode(&(struct blob){ v2, 48 }, "memfd-v2", PAGE, &memfd, &f->err), "not the data of a memfd");
	put64(v2, 0);
	put64(v2 + 8, 1ULL << 63);
	REFUSED(f, memfd_decode(&(struct blob){ v2, 48 }, "memfd-v2", PAGE, &memfd, &f->err), "not the data of a memfd");
	put64(v2 + 8, 1 << 20);
	f->err = (struct blob_error){ "" };
	assert_int_equal(memfd_decode(&(struct blob){ v2, 48 }, "memfd-v2", PAGE, &memfd, &f->err), 0);
	v2[20] = 1;	/* an unknown bit in its flags */
	REFUSED(f, memfd_decode(&(struct blob){ v2, 48 }, "memfd-v2", PAGE, &memfd, &f->err), "not the data of a memfd");
	v2[20] = 0;
	put64(v2 + 24, UINT64_MAX);
	REFUSED(f, memfd_decode(&(struct blob){ v2, 48 }, "memfd-v2", PAGE, &memfd, &f->err), "not the data of a memfd");
}

static void test_vfio(void **state)
{
	unsigned char data[9] = { 0, 0, 1, 0, 0x08, 0xe1, 1 };
	struct fixture *f = *state;
	struct vlu_vfio vfio;

	assert_int_equal(vfio_decode(&(struct blob){ data, 9 }, &vfio, &f->err), 0);
	assert_true(vfio.bdf.domain == 0x10000 && vfio.bdf.bus == 0xe1 && vfio.bdf.device == 1 &&
		    vfio.bdf.function == 0);
	assert_int_equal(vfio_decode(&(struct blob){ data, 6 }, &vfio, &f->err), 0);
	REFUSED(f, vfio_decode(&(struct blob){ data, 5 }, &vfio, &f->err),
		"it ends before the address");
	data[6] = 2;	/* reset_works has only two values */
	REFUSED(f, vfio_decode(&(struct blob){ data, 9 }, &vfio, &f->err), "not the data of a vfio-pci file, at 0x6");
	/* the file has a zeroed page of its own */
	data[6] = 1;
	data[8] = 1;
	REFUSED(f, vfio_decode(&(struct blob){ data, 9 }, &vfio, &f->err), "not the data of a vfio-pci file, at 0x8");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_luo), TEST(test_luo_compound), TEST(test_luo_other), TEST(test_metadata),
		TEST(test_blocks), TEST(test_blocks_refused), TEST(test_circles), TEST(test_endless),
		TEST(test_sessions), TEST(test_sessions_v4), TEST(test_sessions_refused), TEST(test_flbs),
		TEST(test_memfd), TEST(test_vfio),
	};

	return RUN("blob", tests);
}

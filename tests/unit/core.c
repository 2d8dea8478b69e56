// SPDX-License-Identifier: GPL-2.0-only
/* Physical memory in core files: found through the headers; nothing else is read. */
#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include "unit.h"

#include "inspect/elf-core.h"
#include "base/ctx.h"
#include "../handover.h"

#define PAGE	4096u
#define LOW	0x100000ULL
#define HIGH	0x100000000ULL

static struct buf file;
static struct vlu_ctx *ctx;

/* The parts of the file that were read. */
static struct { off_t offset; size_t size; } reads[4096];
static size_t n_reads;

static ssize_t counting_pread(struct sys *sys, int fd, void *buf, size_t size, off_t offset)
{
	if (n_reads < ARRAY(reads)) {
		reads[n_reads].offset = offset;
		reads[n_reads++].size = size;
	}
	return sys_real_ops.pread(sys, fd, buf, size, offset);
}

static void keep_core(const char *path, const void *data, size_t size)
{
	if (strcmp(path, "proc/kcore") == 0)
		buf_add(&file, data, size);
}

static int set_up(void **state)
{
	const struct handover_faults none = { .cold = false };
	static struct sys_ops ops;

	(void)state;
	ops = sys_real_ops;
	ops.pread = counting_pread;
	handover_make(generation_find("7.3"), &none, keep_core);
	return vlu_new_sys(&ops, "/", &ctx);
}

static int tear_down(void **state)
{
	(void)state;
	vlu_free(ctx);
	buf_free(&file);
	return 0;
}

/* Opens the first bytes of the file as a core. */
static int open_core(const void *data, size_t size, struct core *core, const char **why)
{
	char path[] = "/tmp/vlu-core-XXXXXX";
	int fd = mkstemp(path), ret;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
	n_reads = 0;
	ret = core_open(&ctx->sys, path, core, why);
	unlink(path);
	return ret;
}

static void test_read(void **state)
{
	unsigned char bytes[2 * PAGE];
	struct core core;
	const char *why;

	(void)state;
	assert_int_equal(open_core(file.data, file.size, &core, &why), 0);
	/* the head, and its five program headers */
	assert_int_equal(n_reads, 2);
	assert_int_equal(core_read(&core, HIGH, bytes, 4), 0);
	assert_memory_equal(bytes, "\xd0\x0d\xfe\xed", 4);
	assert_int_equal(n_reads, 3);
	assert_int_equal(reads[2].size, 4);
	assert_int_equal(core_read(&core, LOW + 3 * PAGE, bytes, 4), 0);
	assert_memory_equal(bytes, "\xd0\x0d\xfe\xed", 4);
	/* not beyond its end, not in the hole, and not where an address overflows */
	assert_int_equal(core_read(&core, LOW + 16 * PAGE - 4, bytes, 4), 0);
	assert_int_equal(core_read(&core, LOW + 16 * PAGE - 4, bytes, 5), -ENXIO);
	assert_int_equal(core_read(&core, LOW - 1, bytes, 1), -ENXIO);
	assert_int_equal(core_read(&core, UINT64_MAX - 3, bytes, 8), -ENXIO);
	/* a segment that is not RAM has the address -1, and no other address leads to it */
	assert_int_equal(core_read(&core, UINT64_MAX, bytes, 1), -ENXIO);
	core_close(&core);
}

/* One area of memory in two segments, which are in reverse order in the file. */
static void test_pieces(void **state)
{
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr loads[2];
		char upper[8], lower[8];
	} f = {
		.head = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_CORE, .e_phoff = sizeof(f.head),
			.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2,
		},
		.upper = "ijklmnop", .lower = "abcdefgh",
	};
	struct core core;
	const char *why;
	char text[16];

	(void)state;
	f.loads[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_paddr = 0x1008, .p_filesz = 8,
				   .p_memsz = 4096, .p_offset = (size_t)(f.upper - (char *)&f) };
	f.loads[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_paddr = 0x1000, .p_filesz = 8,
				   .p_memsz = 8, .p_offset = (size_t)(f.lower - (char *)&f) };
	assert_int_equal(open_core(&f, sizeof(f), &core, &why), 0);
	assert_int_equal(core_read(&core, 0x1004, text, 8), 0);
	assert_memory_equal(text, "efghijkl", 8);
	/* memory beyond the file is missing, even if p_memsz includes it */
	assert_int_equal(core_read(&core, 0x1008, text, 9), -ENXIO);
	core_close(&core);
}

static void test_refused(void **state)
{
	static const size_t heads[] = { EI_MAG0, EI_CLASS, EI_DATA, 16 /* e_type */, 54 /* e_phentsize */ };
	unsigned char *copy = malloc(file.size);
	struct core core = { .fd = -7 };
	const char *why = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY(heads); i++) {
		memcpy(copy, file.data, file.size);
		copy[heads[i]] ^= 0x7f;
		assert_int_equal(open_core(copy, file.size, &core, &why), -EBADMSG);
		assert_non_null(strstr(why, "not an ELF core"));
	}
	for (size_t size = 0; size < 64 + 5 * 56; size++)
		assert_int_equal(open_core(file.data, size, &core, &why), -EBADMSG);
	assert_non_null(strstr(why, "not all there"));
	memcpy(copy, file.data, file.size);
	for (int i = 0; i < 5; i++)
		memset(copy + 64 + i * 56, 0, 4);	/* p_type: PT_NULL */
	assert_int_equal(open_core(copy, file.size, &core, &why), -EBADMSG);
	assert_string_equal(why, "it has no memory");
	/* more headers than the field can count, and far too many */
	memcpy(copy, file.data, file.size);
	memset(copy + 56, 0xff, 2);
	put32(copy + 40, 0x1000);			/* e_shoff: where zeros are */
	assert_int_equal(open_core(copy, file.size, &core, &why), -EBADMSG);
	assert_string_equal(why, "it has no memory");
	put32(copy + 0x1000 + 44, 5);			/* sh_info */
	assert_int_equal(open_core(copy, file.size, &core, &why), 0);
	core_close(&core);
	put32(copy + 0x1000 + 44, 1u << 20);
	core.fd = -7;
	assert_int_equal(open_core(copy, file.size, &core, &why), -EBADMSG);
	assert_int_equal(core.fd, -7);
	assert_int_equal(n_reads, 2);	/* no header is read */
	assert_int_equal(core_open(&ctx->sys, "/nowhere/core", &core, &why), -ENOENT);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read), cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("core", tests, set_up, tear_down);
}

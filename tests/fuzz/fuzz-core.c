// SPDX-License-Identifier: GPL-2.0-only
/* An ELF core file: its headers, and reads at the ends of its segments. */
#include "fuzz.h"
#include "inspect/elf-core.h"
#include "base/ctx.h"

/* A static, because the operations get no argument of ours. There is one input at a time. */
static const struct blob *input;

static int fake_open(struct sys *sys, const char *path, int flags)
{
	(void)sys, (void)path, (void)flags;
	return 1000;
}

static ssize_t fake_pread(struct sys *sys, int fd, void *buf, size_t size, off_t offset)
{
	size_t left = offset >= 0 && (size_t)offset < input->size ?
		      input->size - (size_t)offset : 0;

	(void)sys, (void)fd;
	if (size > left)
		size = left;
	if (size)
		memcpy(buf, input->data + offset, size);
	return (ssize_t)size;
}

static int fake_close(struct sys *sys, int fd)
{
	(void)sys, (void)fd;
	return 0;
}

FUZZ_ENTRY
{
	static const struct sys_ops ops = {
		.open = fake_open, .pread = fake_pread, .close = fake_close,
	};
	struct sys sys = { .ops = &ops, .root_fd = -1 };
	const char *why = NULL;
	unsigned char bytes[64];
	struct core core;
	struct fuzz f;

	fuzz_begin(&f, data, size);
	input = &f.blob;
	if (core_open(&sys, "/", &core, &why)) {
		fuzz_text(why);
		fuzz_end(&f, 0);
		return 0;
	}
	for (size_t i = 0; i < core.n && i < 64; i++) {
		const struct core_load *load = &core.loads[i];

		(void)!core_read(&core, load->address, bytes, 1);
		(void)!core_read(&core, load->address + load->size - 32, bytes, sizeof(bytes));
		(void)!core_read(&core, load->address + load->size, bytes, sizeof(bytes));
	}
	core_close(&core);
	fuzz_end(&f, 0);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "formats/cpio-write.h"

#define MODE_DIR	0040755u
#define MODE_LINK	0120777u
#define MODE_FILE	0100644u
#define MODE_PROGRAM	0100755u

int cpio_begin(struct cpio_out *out)
{
	*out = (struct cpio_out){ .data = NULL };
	out->stream = open_memstream(&out->data, &out->size);
	return out->stream ? 0 : -ENOMEM;
}

static void pad(struct cpio_out *out, size_t size)
{
	static const char zeros[4];

	fwrite(zeros, 1, -size & 3, out->stream);
}

/* Writes one entry, owned by root, with no time (do_header(), init/initramfs.c, reads it). */
static void entry(struct cpio_out *out, const char *name, size_t name_size, unsigned int mode,
		  const void *data, size_t size)
{
	fprintf(out->stream, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
		0, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size + 1, 0);
	fprintf(out->stream, "%.*s%c", (int)name_size, name, 0);
	pad(out, 110 + name_size + 1);
	fwrite(data, 1, size, out->stream);
	pad(out, size);
}

/* Adding a directory twice does no harm. */
static void parents(struct cpio_out *out, const char *name)
{
	const char *slash;

	for (slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/'))
		entry(out, name, (size_t)(slash - name), MODE_DIR, "", 0);
}

static void add(struct cpio_out *out, const char *name, unsigned int mode, const void *data,
		size_t size)
{
	name += strspn(name, "/");
	parents(out, name);
	entry(out, name, strlen(name), mode, data, size);
}

void cpio_add_file(struct cpio_out *out, const char *name, bool executable, const void *data,
		   size_t size)
{
	add(out, name, executable ? MODE_PROGRAM : MODE_FILE, data, size);
}

void cpio_add_dir(struct cpio_out *out, const char *name)
{
	add(out, name, MODE_DIR, "", 0);
}

void cpio_add_link(struct cpio_out *out, const char *name, const char *target)
{
	add(out, name, MODE_LINK, target, strlen(target));
}

int cpio_finish(struct cpio_out *out)
{
	bool failed;

	entry(out, "TRAILER!!!", 10, 0, "", 0);
	failed = ferror(out->stream) != 0;
	if (fclose(out->stream) == 0 && !failed)
		return 0;
	free(out->data);
	out->data = NULL;
	return -ENOMEM;
}

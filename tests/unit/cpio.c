// SPDX-License-Identifier: GPL-2.0-only
/* Initrds, and the file system of several archives. */
#include "unit.h"

#include "../blobs.h"
#include "formats/archive.h"
#include "formats/cpio.h"
#include "formats/cpio-write.h"

struct seen {
	char names[512];
	size_t limit;
	int stop;
};

static size_t wants(void *arg, const char *name, size_t inode)
{
	struct seen *seen = arg;

	(void)inode;
	strcat(strcat(seen->names, name), " ");
	return seen->limit;
}

static int file(void *arg, const char *name, const uint8_t *data, size_t size)
{
	struct seen *seen = arg;

	(void)name;
	assert_int_equal(data[size], 0);
	strcat(strcat(strcat(seen->names, "="), (const char *)data), " ");
	return seen->stop;
}

static int count_one(void *arg, const char *name)
{
	(void)name;
	return ++*(size_t *)arg, 0;
}

static const struct cpio_ops ops = { .wants = wants, .file = file };

static struct buf archive(const char *name, const char *text)
{
	struct buf buf = { NULL, 0 };

	cpio_add(&buf, "a/dir", 040755, "", 0);
	cpio_file(&buf, name, text);
	cpio_add(&buf, "a/link", 0120777, "x", 1);
	cpio_file(&buf, "empty", "");
	cpio_close(&buf);
	return buf;
}

static const char *read_all(const struct buf *buf, size_t limit, int want, struct seen *seen)
{
	static char why[160];
	int ret;

	*seen = (struct seen){ .limit = limit };
	why[0] = '\0';
	ret = cpio_each(buf->data, buf->size, &ops, seen, why, sizeof(why));
	assert_int_equal(ret, want);
	return ret ? why : seen->names;
}

static void test_plain(void **state)
{
	struct buf buf = archive("./lib/x", "text");
	struct seen seen;

	(void)state;
	assert_string_equal(read_all(&buf, 100, 0, &seen), "lib/x =text empty = ");
	/* not wanted, or larger than wanted */
	assert_string_equal(read_all(&buf, 0, 0, &seen), "lib/x empty ");
	assert_string_equal(read_all(&buf, 3, 0, &seen), "lib/x empty = ");
	buf_free(&buf);
}

/* Uncompressed microcode, then compressed archives, as in every distribution. */
static void test_pieces(void **state)
{
	struct buf early = archive("kernel/x86/microcode/GenuineIntel.bin", "ucode");
	struct buf late = archive("init", "#!"), packed = gzip_of(late.data, late.size);
	struct buf all = { NULL, 0 };
	struct seen seen;

	(void)state;
	buf_add(&all, early.data, early.size);
	buf_add(&all, NULL, 1024);
	buf_add(&all, packed.data, packed.size);
	buf_add(&all, NULL, 4);
	buf_add(&all, late.data, late.size);
	assert_string_equal(read_all(&all, 0, 0, &seen),
			    "kernel/x86/microcode/GenuineIntel.bin empty init empty init empty ");
	buf_text(&all, "junk");
	assert_non_null(strstr(read_all(&all, 0, -ENOTSUP, &seen), "neither"));
	buf_free(&all);
	buf_add(&all, early.data, early.size);
	buf_text(&all, "BZh9");
	assert_non_null(strstr(read_all(&all, 0, -ENOTSUP, &seen), "bzip2"));
	buf_free(&all);
	buf_free(&early);
	buf_free(&late);
	buf_free(&packed);
}

/* dracut-cpio --data-align 4096, gen_init_cpio -a: NULs behind the name */
static void test_aligned(void **state)
{
	struct buf buf = { NULL, 0 };
	struct seen seen;
	char header[CPIO_HEADER + 1];

	(void)state;
	snprintf(header, sizeof(header), "070701%08x%08x%032x%08x%032x%08x%08x", 1, 0100644, 0, 4, 0,
		 4096 - CPIO_HEADER, 0);
	buf_text(&buf, header);
	buf_text(&buf, "init");
	buf_add(&buf, NULL, 4096 - buf.size);
	buf_text(&buf, "text");
	cpio_close(&buf);
	assert_string_equal(read_all(&buf, 100, 0, &seen), "init =text ");
	buf_free(&buf);
}

static void test_bad(void **state)
{
	struct buf buf = archive("x", "y"), packed, empty = { NULL, 0 };
	struct seen seen;

	(void)state;
	for (size_t size = 1; size < buf.size - 511; size += 17) {
		struct buf cut = { buf.data, size };

		/* a cut is noticed at any place */
		if (buf.size - size > 400)
			read_all(&cut, 0, -ENODATA, &seen);
	}
	buf_add(&empty, "", 0);
	read_all(&empty, 0, -ENODATA, &seen);
	buf_free(&empty);
	buf.data[3] = '8';
	read_all(&buf, 0, -EBADMSG, &seen);
	buf.data[3] = '7';
	buf.data[6 + 6 * 8] = 'g';	/* no digit in a size */
	read_all(&buf, 0, -EBADMSG, &seen);
	packed = gzip_of("no archive", 10);
	read_all(&packed, 0, -EBADMSG, &seen);
	buf_free(&packed);
	buf_free(&buf);
}

static size_t want_all(const char *name)
{
	return strstr(name, ".ko") ? 0 : 100;
}

/* Several archives give the files that the kernel would unpack, with links. */
static void test_archive(void **state)
{
	static const struct { const char *path, *text; } files[] = {
		{ "etc/x", "late" },			/* the last file of a name counts */
		{ "init", "#!" },			/* over an absolute link into the other archive */
		{ "lib/modules/1/a", "a" },		/* over a link to a directory */
		{ "usr/lib/modules/1/a", "a" },
		{ "lib/late", "b" },			/* below that link: at its target */
		{ "usr/lib/late", "b" },
		{ "etc/first", "twin" }, { "etc/second", "twin" },	/* two names, and the text behind the last */
		{ "etc/up/../x", "late" }, { "./etc//x", "late" },
		{ "deep/r/init", "#!" },		/* relative, and over another */
		{ "circle", NULL }, { "nosuch", NULL }, { "dangling", NULL }, { "etc", NULL },
	};
	struct buf early = { NULL, 0 }, late = { NULL, 0 }, packed, all = { NULL, 0 };
	struct archive archive;
	char why[160], path[ARCHIVE_PATH];
	size_t n = 0;

	(void)state;
	cpio_file(&early, "etc/x", "early");
	cpio_link(&early, "init", "/nix/store/s/init");
	cpio_link(&early, "lib", "usr/lib");
	cpio_link(&early, "deep/r", "../nix/store/s");
	cpio_link(&early, "circle", "circle");
	cpio_link(&early, "dangling", "/usr/lib/systemd/systemd");
	cpio_close(&early);
	cpio_file(&late, "nix/store/s/init", "#!");
	cpio_file(&late, "usr/lib/modules/1/a", "a");
	cpio_file(&late, "lib/late", "b");
	cpio_file(&late, "etc/x", "late");
	cpio_file(&late, "etc/b.ko", "not kept");
	cpio_names(&late, "etc/first", "", 7);
	cpio_names(&late, "etc/alone", "", 8);
	cpio_names(&late, "etc/second", "twin", 7);
	cpio_close(&late);
	packed = gzip_of(late.data, late.size);
	buf_add(&all, early.data, early.size);
	buf_add(&all, packed.data, packed.size);
	assert_int_equal(archive_read(&archive, all.data, all.size, want_all, why, sizeof(why)), 0);
	for (size_t i = 0; i < ARRAY(files); i++) {
		const struct archive_file *file = archive_find(&archive, files[i].path);

		if (files[i].text ? !file || !file->data || strcmp((const char *)file->data, files[i].text) != 0 :
				    file != NULL)
			fail_msg("%s", files[i].path);
	}
	assert_true(archive_find(&archive, "etc/b.ko") && !archive_find(&archive, "etc/b.ko")->data);
	assert_true(archive_resolve(&archive, "dangling", path));
	assert_string_equal(path, "usr/lib/systemd/systemd");
	assert_false(archive_resolve(&archive, "circle", path));
	/* a link that init makes, and a directory seen through it */
	assert_int_equal(archive_link(&archive, "run/etc", "/etc"), 0);
	assert_int_equal(archive_each(&archive, "run/etc", count_one, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(archive_each(&archive, "circle", count_one, &n), 0);
	archive_free(&archive);
	buf_free(&early);
	buf_free(&late);
	buf_free(&packed);
	buf_free(&all);
}

static void test_written(void **state)
{
	struct cpio_out out;
	struct seen seen;
	char why[160];

	(void)state;
	assert_int_equal(cpio_begin(&out), 0);
	cpio_add_dir(&out, "dev");
	cpio_add_file(&out, "/lib/x/one", true, "123", 3);
	cpio_add_link(&out, "lib/two", "x/one");
	cpio_add_file(&out, "three", false, "", 0);
	assert_int_equal(cpio_finish(&out), 0);
	seen = (struct seen){ .limit = 100 };
	assert_int_equal(cpio_each((const uint8_t *)out.data, out.size, &ops, &seen, why, sizeof(why)), 0);
	/* only files are reported */
	assert_string_equal(seen.names, "lib/x/one =123 three = ");
	assert_int_equal(out.size % 4, 0);
	free(out.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written), cmocka_unit_test(test_plain), cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_bad), cmocka_unit_test(test_aligned), cmocka_unit_test(test_archive),
	};

	return RUN("cpio", tests);
}

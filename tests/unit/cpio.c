// SPDX-License-Identifier: GPL-2.0-only
/* Initial RAM disks, and what user space brings in them. */
#include "unit.h"

#include "../blobs.h"
#include "cpio.h"
#include "modconf.h"
#include "userland.h"

struct seen {
	char names[512];
	size_t limit;
	int stop;
};

static size_t wants(void *arg, const char *name)
{
	struct seen *seen = arg;

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

/* Microcode in the plain, the rest compressed: as every distribution has it. */
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

static void test_bad(void **state)
{
	struct buf buf = archive("x", "y"), packed, empty = { NULL, 0 };
	struct seen seen;

	(void)state;
	for (size_t size = 1; size < buf.size - 511; size += 17) {
		struct buf cut = { buf.data, size };

		/* what is cut off is seen, wherever it is */
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

static void test_userland(void **state)
{
	struct buf buf = { NULL, 0 }, module = gzip_of("\0vfio-pci-v1\0", 14);
	struct userland user;
	char value[32];

	(void)state;
	cpio_file(&buf, "usr/lib/modules/7.3.4/modules.alias", "alias pci:v* x\n");
	cpio_file(&buf, "usr/lib/modules/7.3.4/modules.builtin", "kernel/a.ko\nkernel/b-c.ko\n");
	cpio_file(&buf, "usr/lib/modules/7.3.4/kernel/net/e1000e.ko.xz", "whatever");
	cpio_add(&buf, "usr/lib/modules/7.3.4/kernel/vfio/vfio-pci.ko.gz", 0100644, module.data, module.size);
	cpio_file(&buf, "etc/modprobe.d/x.conf", "# a\nblacklist snd-pcsp\noptions vfio_pci ids=8086:10d3 x=1\n"
		  "softdep nvme pre: vfio-pci post: a\n\tsoftdep  e1000e\tpre: a post: vfio-pci");
	cpio_file(&buf, "etc/modprobe.d/x.conf.bak", "blacklist all\n");
	cpio_file(&buf, "conf/modules", "loop\nvfio_pci\n");
	cpio_file(&buf, "usr/lib/systemd/libsystemd-shared-262.1.so", "");
	cpio_close(&buf);
	assert_int_equal(userland_initrd(&user, "7.3.4", buf.data, buf.size), 0);
	assert_true(user.read && user.tree && user.vfio_read);
	assert_string_equal(user.alias, "alias pci:v* x\n");
	assert_true(userland_has(&user, "vfio_pci") && userland_has(&user, "e1000e"));
	assert_false(userland_has(&user, "vfio-pci") || userland_has(&user, "a"));
	assert_int_equal(userland_builtin(&user, "a"), 0);
	assert_int_equal(userland_builtin(&user, "b_c"), 1);
	assert_int_equal(userland_builtin(&user, "c"), -1);
	assert_string_equal(user.abi.word[ABI_VFIO].text, "vfio-pci-v1");
	assert_int_equal(user.systemd, 262);
	assert_true(modconf_forbids(&user, "", "snd_pcsp"));
	assert_false(modconf_forbids(&user, "", "all"));
	assert_true(modconf_forbids(&user, "a modprobe.blacklist=x,e1000e b", "e1000e"));
	assert_false(modconf_forbids(&user, "modprobe.blacklist=e1000", "e1000e"));
	assert_true(modconf_loads(&user, "", "vfio-pci"));
	assert_false(modconf_loads(&user, "", "nvme"));
	assert_true(modconf_loads(&user, "rd.driver.pre=nvme", "nvme"));
	assert_true(modconf_before(&user, "nvme", "vfio-pci"));
	assert_false(modconf_before(&user, "e1000e", "vfio-pci"));
	assert_true(modconf_option(&user, "vfio-pci", "ids", value, sizeof(value)));
	assert_string_equal(value, "8086:10d3");
	assert_false(modconf_option(&user, "vfio-pci", "id", value, sizeof(value)));
	userland_free(&user);
	/* the modules of another release are not its own */
	assert_int_equal(userland_initrd(&user, "7.3.5", buf.data, buf.size), 0);
	assert_false(user.tree || user.n_modules || user.alias);
	assert_string_equal(user.other, "7.3.4");
	userland_free(&user);
	buf_free(&buf);
	buf_free(&module);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain), cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_bad), cmocka_unit_test(test_userland),
	};

	return RUN("cpio", tests);
}

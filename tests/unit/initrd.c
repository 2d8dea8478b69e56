// SPDX-License-Identifier: GPL-2.0-only
/* The user space of the initrds of each maker. */
#include "unit.h"

#include "../blobs.h"
#include "next/autoload.h"
#include "next/initrd-maker.h"
#include "next/modprobe-conf.h"

/* Makes an initrd of these files, for release 7.3.4: "NAME", "TEXT", or "NAME", "->TARGET". */
static struct userland of_files(const char *const *files)
{
	struct userland user;
	struct buf buf = { NULL, 0 };

	for (; files[0]; files += 2)
		if (strncmp(files[1], "->", 2) == 0)
			cpio_link(&buf, files[0], files[1] + 2);
		else
			cpio_file(&buf, files[0], files[1]);
	cpio_close(&buf);
	assert_int_equal(userland_initrd(&user, "7.3.4", buf.data, buf.size), 0);
	assert_true(user.read);
	buf_free(&buf);
	return user;
}

#define FILES(...) of_files((const char *const[]){ __VA_ARGS__, NULL })
#define VFIO "lib/modules/7.3.4/kernel/vfio-pci.ko", ""

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
	assert_true(modconf_is_forbidden(&user, "", "snd_pcsp"));
	assert_false(modconf_is_forbidden(&user, "", "all"));
	assert_true(modconf_is_forbidden(&user, "a modprobe.blacklist=x,e1000e b", "e1000e"));
	assert_false(modconf_is_forbidden(&user, "modprobe.blacklist=e1000", "e1000e"));
	assert_true(modconf_is_before(&user, "nvme", "vfio-pci"));
	assert_false(modconf_is_before(&user, "e1000e", "vfio-pci"));
	assert_true(modconf_option(&user, "vfio-pci", "ids", value, sizeof(value)));
	assert_string_equal(value, "8086:10d3");
	assert_false(modconf_option(&user, "vfio-pci", "id", value, sizeof(value)));
	userland_free(&user);
	/* modules of another release do not count */
	assert_int_equal(userland_initrd(&user, "7.3.5", buf.data, buf.size), 0);
	assert_false(user.tree || user.n_modules || user.alias);
	assert_string_equal(user.other, "7.3.4");
	userland_free(&user);
	buf_free(&buf);
	buf_free(&module);
}

/* The maker of each initrd, and when the initrd loads vfio-pci. */
static void test_makers(void **state)
{
	static const struct {
		const char *const files[12];
		const char *cmdline;
		int maker;	/* -1: not known */
		enum { NOT, LATE, EARLY } when;
	} cases[] = {
		{ { VFIO, "conf/modules", "# vfio\n  vfio_pci x=1\n" }, "", INITRAMFS_TOOLS, LATE },
		{ { VFIO, "conf/modules", "# vfio-pci\nloop vfio-pci\n" }, "", INITRAMFS_TOOLS, NOT },
		/* a word that only another maker's init reads */
		{ { VFIO, "conf/modules", "" }, "rd.driver.pre=vfio-pci modules=vfio-pci", INITRAMFS_TOOLS, NOT },
		{ { VFIO }, "rd.driver.pre=x,vfio-pci", -1, EARLY },
		{ { VFIO, "etc/cmdline.d/20-force_drivers.conf", "rd.driver.pre=vfio_pci\n" }, "", DRACUT, EARLY },
		{ { VFIO, "etc/cmdline", "a rd.driver.pre=vfio_pci", "lib/dracut-lib.sh", "" }, "", DRACUT, EARLY },
		{ { VFIO, "lib/dracut-lib.sh", "" }, "rd.driver.post=vfio-pci", DRACUT, LATE },
		{ { VFIO, "config", "MODULES=\"vfio vfio_pci\"\nHOOKS=\"udev\"\n" }, "", MKINITCPIO, EARLY },
		{ { VFIO, "config", "HOOKS=\"vfio_pci\"\nMODULES=()\n" }, "", MKINITCPIO, NOT },
		{ { VFIO, "config", "MODULES=(a vfio-pci)\n" }, "", MKINITCPIO, EARLY },
		{ { VFIO, "init_functions", "" }, "earlymodules=vfio-pci", MKINITCPIO, EARLY },
		/* systemd does not read it, but its own directory */
		{ { VFIO, "config", "MODULES=(vfio-pci)\n", "init", "->usr/lib/systemd/systemd" }, "", MKINITCPIO, NOT },
		{ { VFIO, "config", "", "init", "->/lib/systemd/systemd", "usr/lib/modules-load.d/M.conf", "vfio_pci" },
		  "", MKINITCPIO, LATE },
		{ { VFIO, "config", "", "init", "#!/bin/sh", "usr/lib/modules-load.d/M.conf", "vfio_pci" }, "", MKINITCPIO, NOT },
		/* a file of this name in etc has precedence, even a dangling link */
		{ { VFIO, "etc/modules-load.d/M.conf", "->/dev/null", "usr/lib/modules-load.d/M.conf", "vfio_pci" }, "", -1, NOT },
		{ { VFIO }, "modules-load=vfio-pci", -1, LATE },
		{ { VFIO, "etc/booster.init.yaml", "kernel: 7.3.4\nmodulesforceload:\n    - vfio\n    - vfio_pci\nb: 1\n" },
		  "", BOOSTER, EARLY },
		{ { VFIO, "etc/booster.init.yaml", "modulesforceload: [a, vfio_pci]\n" }, "", BOOSTER, EARLY },
		{ { VFIO, "etc/booster.init.yaml", "modulesforceload:\n- a\nmodprobeoptions:\n  vfio_pci: x=y\n" }, "", BOOSTER, NOT },
		{ { VFIO, "sbin/nlplug-findfs", "" }, "modules=loop,vfio-pci,ext4", ALPINE, EARLY },
		{ { VFIO, "etc/modules", "vfio-pci\n", "sbin/nlplug-findfs", "" }, "", ALPINE, EARLY },
		{ { VFIO, "etc/modules", "vfio-pci\n" }, "", -1, LATE },
		{ { VFIO, "init", "->/nix/store/h-init", "nix/store/h-init",
		    "for i in a b; do\n echo $i\ndone\nfor i in vfio_pci vfio; do\n    modprobe $i\ndone\n" }, "", NIXOS, EARLY },
		{ { VFIO }, "", -1, NOT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY(cases); i++) {
		struct userland user = of_files(cases[i].files);
		long place = autoload_place(&user, cases[i].cmdline, "vfio-pci");

		if ((user.maker ? (int)user.maker->id : -1) != cases[i].maker ||
		    (place == NEVER ? NOT : is_before_devices(place) ? EARLY : LATE) != cases[i].when)
			fail_msg("case %zu: maker %d, place %lx", i, user.maker ? (int)user.maker->id : -1, place);
		userland_free(&user);
	}
}

/* One after the other, as they are named. */
static void test_order(void **state)
{
	struct userland user = FILES(VFIO, "config", "MODULES=\"nouveau vfio_pci amdgpu\"\n");

	(void)state;
	assert_true(autoload_place(&user, "", "nouveau") < autoload_place(&user, "", "vfio-pci"));
	assert_true(autoload_place(&user, "", "vfio-pci") < autoload_place(&user, "", "amdgpu"));
	assert_true(autoload_place(&user, "earlymodules=x,amdgpu", "amdgpu") < autoload_place(&user, "", "nouveau"));
	userland_free(&user);
	user = FILES(VFIO, "lib/dracut-lib.sh", "");
	assert_true(autoload_place(&user, "rd.driver.pre=a,b rd.driver.pre=c", "b") <
		    autoload_place(&user, "rd.driver.pre=a,b rd.driver.pre=c", "c"));
	userland_free(&user);
}

/*
 * Our own hook loads vfio-pci after the modules that are loaded by name before udev, and before all
 * others.
 */
static void test_restore(void **state)
{
	struct userland user = FILES(VFIO, "sbin/vfio-lu", "", "scripts/init-top/00-vfio-lu", "/sbin/vfio-lu-restore\n",
				     "conf/modules", "e1000e");

	(void)state;
	assert_true(restore_place(&user) < autoload_place(&user, "", "e1000e"));
	userland_free(&user);
	user = FILES(VFIO, "usr/sbin/vfio-lu", "", "usr/lib/dracut/hooks/pre-udev/00-vfio-lu-pre-udev.sh",
		     "/sbin/vfio-lu-restore\n");
	assert_true(restore_place(&user) > autoload_place(&user, "rd.driver.pre=e1000e", "e1000e"));
	assert_true(restore_place(&user) < NEVER);
	userland_free(&user);
	user = FILES(VFIO, "scripts/init-top/00-vfio-lu", "/sbin/vfio-lu-restore\n");
	assert_int_equal(restore_place(&user), NEVER);	/* and where is the program? */
	userland_free(&user);
	user = FILES(VFIO, "sbin/vfio-lu", "", "etc/vfio-lu", "/sbin/vfio-lu-restore\n");
	assert_int_equal(restore_place(&user), NEVER);
	userland_free(&user);
}

static int collect(void *arg, const char *module)
{
	return strcat(strcat(arg, module), " "), 0;
}

static void test_modprobe(void **state)
{
	struct userland user = FILES("etc/modprobe.d/x.conf", "install a-b /bin/false\ninstall c /usr/bin/true x\n"
		"install d /sbin/modprobe vfio-pci; /sbin/modprobe --ignore-install d\n"
		"install e modprobe -i e && modprobe vfio-pci\ninstall f* :\ninstall g /bin/falsey\n"
		"alias pci:v00008086d000010D3* vfio-pci\nsoftdep h \\\n  pre: vfio-pci\n", "etc/booster.init.yaml",
		"modprobeoptions:\n    x: ids=1:1\n    vfio_pci: a=b ids=8086:10d3\nz: 1\n");
	char got[64] = "";

	(void)state;
	assert_true(modconf_never_loads(&user, "", "a_b") && modconf_is_forbidden(&user, "", "a_b"));
	assert_true(modconf_never_loads(&user, "", "c") && modconf_never_loads(&user, "", "foo"));
	assert_false(modconf_never_loads(&user, "", "d") || modconf_never_loads(&user, "", "g"));
	assert_true(modconf_never_loads(&user, "module_blacklist=x,d", "d"));
	assert_true(modconf_is_before(&user, "d", "vfio-pci") && modconf_is_before(&user, "h", "vfio-pci"));
	assert_false(modconf_is_before(&user, "e", "vfio-pci"));
	/* an alias of modprobe.d overrides those of depmod */
	modconf_modules(&user, "alias pci:* e1000e\n", "pci:v00008086d000010D3sv", collect, got);
	assert_string_equal(got, "vfio_pci ");
	modconf_modules(&user, "alias pci:* e1000e\n", "pci:v00008086d000010D4sv", collect, got);
	assert_string_equal(got, "vfio_pci e1000e ");
	assert_true(modconf_option(&user, "vfio-pci", "ids", got, sizeof(got)));
	assert_string_equal(got, "8086:10d3");
	userland_free(&user);
	/* settings that only one maker's init, or only an initrd, reads */
	user = FILES("conf/modules", "");
	assert_true(modconf_is_forbidden(&user, "blacklist=nvme", "nvme"));
	assert_false(modconf_is_forbidden(&user, "rd.driver.blacklist=nvme", "nvme"));
	user.early = false;
	assert_false(modconf_is_forbidden(&user, "blacklist=nvme", "nvme"));
	userland_free(&user);
	user = FILES("etc/cmdline", "");
	assert_false(modconf_is_forbidden(&user, "blacklist=nvme", "nvme"));
	assert_true(modconf_is_forbidden(&user, "rd.driver.blacklist=nvme", "nvme"));
	userland_free(&user);
}

/* NixOS has modules and rules in the store, and init makes the links to them. */
static void test_nixos(void **state)
{
	struct userland user = FILES("init", "->/nix/store/h-stage-1-init.sh", "nix/store/h-stage-1-init.sh",
		"#! /nix/store/x/bin/ash\nln -sfn /nix/store/u-udev-rules /etc/udev/rules.d\n",
		"nix/store/m-modules/lib/modules/7.3.4/modules.alias", "alias pci:* e1000e\n",
		"nix/store/m-modules/lib/modules/7.3.4/kernel/e1000e.ko.xz", "",
		"nix/store/u-udev-rules/10-x.rules", "KERNEL==\"x\"",
		"etc/modprobe.d/nixos.conf", "->/nix/store/c-nixos.conf", "nix/store/c-nixos.conf", "blacklist e1000e\n");

	(void)state;
	assert_true(user.tree && userland_has(&user, "e1000e") && user.alias);
	assert_true(modconf_is_forbidden(&user, "", "e1000e"));
	assert_int_equal(user.n_conf, 3);
	assert_string_equal(user.conf[1].name, "etc/udev/rules.d/10-x.rules");
	userland_free(&user);
	/* booster has its modules in one directory */
	user = FILES("usr/lib/modules/vfio_pci.ko", "", "usr/lib/modules/booster.alias", "pci:* e1000e\n");
	assert_true(user.tree && userland_has(&user, "vfio_pci") && user.alias);
	userland_free(&user);
}

/* The boot configuration at the end: its size, the sum of its bytes, a magic; zeros to align it. */
static void test_bootconfig(void **state)
{
	uint8_t data[] = "070701kho=on\0\0\x08\0\0\0\x5c\x02\0\0#BOOTCONFIG\n\0\0\0";

	(void)state;
	assert_int_equal(archive_size(data, 34), 6);
	assert_int_equal(archive_size(data, 37), 6);
	assert_int_equal(archive_size(data, 33), 33);
	assert_int_equal(archive_size(data, 38), 38);
	assert_int_equal(archive_size(data + 10, 24), 24);
	assert_int_equal(archive_size(data, 19), 19);
	assert_int_equal(archive_size(NULL, 0), 0);
	data[6]++;
	assert_int_equal(archive_size(data, 37), 37);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_userland), cmocka_unit_test(test_makers),
		cmocka_unit_test(test_order), cmocka_unit_test(test_restore),
		cmocka_unit_test(test_modprobe), cmocka_unit_test(test_nixos),
		cmocka_unit_test(test_bootconfig),
	};

	return RUN("initrd", tests);
}

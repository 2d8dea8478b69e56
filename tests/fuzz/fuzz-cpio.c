// SPDX-License-Identifier: GPL-2.0-only
/*
 * Initrds and the files in them: archives, tables of aliases, files of modprobe, udev and
 * driverctl. An archive that is fed in pieces must give the same result as the whole archive.
 */
#include "formats/cmdline.h"
#include "formats/cpio.h"
#include "next/autoload.h"
#include "next/modprobe-conf.h"
#include "next/udev-rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t want_all(void *arg, const char *name, size_t inode)
{
	*(uint64_t *)arg = *(uint64_t *)arg * 31 + strlen(name) + inode;
	return 4096;
}

static int take_all(void *arg, const char *name, const uint8_t *data, size_t size)
{
	uint64_t *sum = arg;

	*sum = *sum * 31 + strlen(name);
	for (size_t i = 0; i < size; i++)
		*sum = *sum * 31 + data[i];
	if (data[size])		/* cpio.h promises a NUL */
		__builtin_trap();
	return 0;
}

static int take_link(void *arg, const char *name, const char *target)
{
	return take_all(arg, name, (const uint8_t *)target, strlen(target));
}

static uint64_t feed(const uint8_t *data, size_t size, size_t piece)
{
	static const struct cpio_ops ops = { .wants = want_all, .file = take_all, .link = take_link };
	uint64_t sum = 0;
	struct cpio cpio = { .sink = &ops, .arg = &sum };
	size_t used, at, n;
	int ret = 0;

	for (at = 0; !ret && at < size; at += n) {
		n = piece < size - at ? piece : size - at;
		ret = cpio_feed(&cpio, data + at, n, &used);
		if (!ret && used < n)
			break;
	}
	return sum * 4 + (uint64_t)cpio_end(&cpio) * 2 + (ret != 0);
}

static int see(void *arg, const char *module)
{
	return *(size_t *)arg += strlen(module), 0;
}

static int open_nothing(struct sys *sys, const char *path, int flags)
{
	return (void)sys, (void)path, (void)flags, -ENOENT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sys_ops ops = { .open = open_nothing };
	static struct vlu_ctx *ctx;
	static const char modalias[] = "pci:v00008086d000010D3sv00001AF4sd00001100bc02sc00i00";
	struct vlu_device dev = {
		.name = "0000:01:00.0", .vendor = 0x8086, .device = 0x10d3,
		.subsystem = 0x1af41100, .subsystem_known = true, .class = 0x020000,
		.path = (char *)"/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0",
	};
	uint8_t *copy = malloc(size + 1);
	struct userland user;
	char where[UDEV_WHERE_SIZE];
	char value[64];
	size_t n = 0;

	if (!copy || (!ctx && vlu_new_sys(&ops, "/", &ctx)))
		return 0;
	dev.ctx = ctx;
	if (size)
		memcpy(copy, data, size);
	copy[size] = '\0';
	if (feed(copy, size, size + 1) != feed(copy, size, 1) ||
	    feed(copy, size, size + 1) != feed(copy, size, 7))
		__builtin_trap();
	/* use the same bytes as a text */
	has_matching_id((char *)copy, &dev);
	modalias_text((char *)copy, modalias, see, &n);
	modalias_info((char *)copy, size, modalias, see, &n);
	cmdline_get((char *)copy, "kho", value, sizeof(value));
	cmdline_has_item((char *)copy, "modprobe.blacklist", "e1000e");
	if (size < 4096)
		is_glob_match((char *)copy, modalias);
	if (!userland_initrd(&user, "7.3.4", copy, size)) {
		userland_has(&user, "vfio_pci");
		userland_builtin(&user, "nvme");
		modconf_is_forbidden(&user, "", "e1000e");
		autoload_place(&user, "", "vfio-pci");
		restore_place(&user);
		modconf_is_before(&user, "e1000e", "vfio-pci");
		modconf_option(&user, "vfio-pci", "ids", value, sizeof(value));
		udev_gives(&user, &dev, where);
		modconf_modules(&user, user.alias, modalias, see, &n);
		modalias_info(user.modinfo, user.modinfo_size, modalias, see, &n);
		userland_free(&user);
	}
	free(copy);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Initial RAM disks and the files in them: archives, tables of aliases, files
 * of modprobe, udev and driverctl. Fed whole and in pieces, an archive must
 * tell the same.
 */
#include "cpio.h"
#include "modalias.h"
#include "modconf.h"
#include "udev.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t want_all(void *arg, const char *name)
{
	*(uint64_t *)arg = *(uint64_t *)arg * 31 + strlen(name);
	return 4096;
}

static int take_all(void *arg, const char *name, const uint8_t *data, size_t size)
{
	uint64_t *sum = arg;

	*sum = *sum * 31 + strlen(name);
	for (size_t i = 0; i < size; i++)
		*sum = *sum * 31 + data[i];
	if (data[size])		/* a NUL is promised */
		__builtin_trap();
	return 0;
}

static uint64_t feed(const uint8_t *data, size_t size, size_t piece)
{
	static const struct cpio_ops ops = { .wants = want_all, .file = take_all };
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char modalias[] = "pci:v00008086d000010D3sv00001AF4sd00001100bc02sc00i00";
	const struct vlu_device dev = {
		.name = "0000:01:00.0", .vendor = 0x8086, .device = 0x10d3,
		.subsystem = 0x1af41100, .subsystem_known = true, .class = 0x020000,
	};
	uint8_t *copy = malloc(size + 1);
	struct userland user;
	const char *source;
	char value[64];
	size_t n = 0;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	copy[size] = '\0';
	if (feed(copy, size, size + 1) != feed(copy, size, 1) ||
	    feed(copy, size, size + 1) != feed(copy, size, 7))
		__builtin_trap();
	/* the same bytes as texts */
	udev_rule_overrides((char *)copy, &dev);
	ids_match((char *)copy, &dev);
	modalias_text((char *)copy, modalias, see, &n);
	modalias_info((char *)copy, size, modalias, see, &n);
	cmdline_lists((char *)copy, "modprobe.blacklist", "e1000e");
	if (size < 4096)
		glob_match((char *)copy, modalias);
	if (!userland_initrd(&user, "7.3.4", copy, size)) {
		userland_has(&user, "vfio_pci");
		userland_builtin(&user, "nvme");
		modconf_forbids(&user, "", "e1000e");
		modconf_loads(&user, "", "vfio-pci");
		modconf_before(&user, "e1000e", "vfio-pci");
		modconf_option(&user, "vfio-pci", "ids", value, sizeof(value));
		udev_overrides(&user, &dev, &source);
		modalias_text(user.alias, modalias, see, &n);
		modalias_info(user.modinfo, user.modinfo_size, modalias, see, &n);
		userland_free(&user);
	}
	free(copy);
	return 0;
}

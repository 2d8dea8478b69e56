/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "machine/boot-binding.h"
#include "machine/device.h"

static const struct { const char *dir, *before, *after; } names[N_BOOT_FILES] = {
	[DRIVERCTL] = { DRIVERCTL_DIR, "/pci-", "" },	/* driverctl names a device BUS-DEVICE */
	/* before 80-drivers.rules, which loads drivers */
	[UDEV] = { RULES_DIR, "/05-vfio-lu-", ".rules" },
};

void boot_file_path(enum boot_file kind, struct vlu_bdf bdf, char path[96])
{
	char name[VLU_BDF_SIZE];

	snprintf(path, 96, "%s%s%s%s", names[kind].dir, names[kind].before,
		 vlu_bdf_format(bdf, name), names[kind].after);
}

bool is_boot_file(enum boot_file kind, const char *path, struct vlu_bdf *ret_bdf)
{
	size_t before = strlen(names[kind].before), after = strlen(names[kind].after), len;
	const char *base = strrchr(path, '/');
	char name[VLU_BDF_SIZE];

	len = base ? strlen(base) : 0;
	if (len <= before + after || len - before - after >= sizeof(name) ||
	    strncmp(base, names[kind].before, before) != 0 ||
	    strcmp(base + len - after, names[kind].after) != 0)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(len - before - after), base + before);
	return vlu_bdf_parse(name, ret_bdf) == 0;
}

int boot_file_read(struct vlu_ctx *ctx, const char *path, char text[RULE_SIZE])
{
	_cleanup_free_ char *data = NULL;
	size_t size;
	int ret;

	ret = attr_read_all(ctx, path, RULE_SIZE - 1, &data, &size);
	if (!ret)
		memcpy(text, data, size + 1);
	else if (ret != -ENOENT)
		vlu_failed(ctx, ret, "cannot read %s", path);
	return ret;
}

/* driverctl reads the first line without the blanks around it; this takes the first word. */
bool boot_file_has_vfio(enum boot_file kind, const char *text)
{
	size_t len;

	if (kind == UDEV)
		return true;	/* we wrote the file */
	text += strspn(text, " \t\n");
	len = strcspn(text, " \t\n");
	return len == 8 && memcmp(text, VFIO_DRIVER, len) == 0;
}

enum vlu_known vlu_device_persist(const struct vlu_device *dev)
{
	enum vlu_known known = VLU_NO;
	char path[96], now[RULE_SIZE];
	enum boot_file kind;
	int ret;

	for (kind = 0; kind < N_BOOT_FILES; kind++) {
		boot_file_path(kind, dev->bdf, path);
		ret = boot_file_read(dev->ctx, path, now);
		if (!ret && boot_file_has_vfio(kind, now))
			return VLU_YES;
		if (ret && ret != -ENOENT)
			known = VLU_DONT_KNOW;
	}
	return known;
}

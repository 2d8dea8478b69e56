/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Uses of disks that are not mounted yet: automounts of systemd, the partition that
 * the host starts from, the partition for hibernation.
 */
#include "base/attr.h"
#include "inuse/below.h"
#include "machine/device-node.h"

#define EFIVARS		"/sys/firmware/efi/efivars"
/* systemd.io/BOOT_LOADER_INTERFACE: systemd-boot sets this variable, and GRUB if it loads "bli" */
#define LOADER		EFIVARS "/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define UUID_LEN	36

/* "/boot/efi" is "boot-efi": systemd.unit(5) */
static void unit_name(const char *point, char *buf, size_t size)
{
	const char *p = point + strspn(point, "/");

	buf[0] = '\0';
	for (; *p; p++)
		if (*p == '/')
			text_add(buf, size, "-");
		else if (is_digit((unsigned char)*p) || (*p >= 'A' && *p <= 'Z') ||
			 (*p >= 'a' && *p <= 'z') || *p == ':' || *p == '_' || *p == '.')
			text_add(buf, size, "%c", *p);
		else
			text_add(buf, size, "\\x%02x", (unsigned char)*p);
}

/* Reads "What=" of the mount unit that has the highest precedence. Returns -ENOENT without one. */
static int read_unit(struct vlu_ctx *ctx, const char *unit, char what[256])
{
	static const char *const dirs[] = {
		"/etc/systemd/system", "/run/systemd/system", "/run/systemd/generator",
		"/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
		"/run/systemd/generator.late",
	};
	_cleanup_free_ char *text = NULL;
	const char *line, *end;
	char path[400];
	size_t i, size;
	int ret = -ENOENT;

	for (i = 0; ret == -ENOENT && i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%.300s.mount", dirs[i], unit);
		ret = attr_read_all(ctx, path, 65536, &text, &size);
	}
	what[0] = '\0';
	for (line = ret ? "" : text, end = line + strlen(line); line < end; line = next_line(line, end))
		if (strncmp(line, "What=", 5) == 0)
			snprintf(what, 256, "%.*s", (int)strcspn(line + 5, "\n"), line + 5);
	return ret;
}

/* "UUID=x" is /dev/disk/by-uuid/x: mount(8) */
static bool find_disk(struct vlu_ctx *ctx, const char *what, char name[64])
{
	static const struct { const char *tag, *dir; } tags[] = {
		{ "UUID=", "by-uuid" }, { "LABEL=", "by-label" },
		{ "PARTUUID=", "by-partuuid" }, { "PARTLABEL=", "by-partlabel" },
	};
	char path[300];
	size_t i;

	snprintf(path, sizeof(path), "%s", what);
	for (i = 0; i < ARRAY_SIZE(tags); i++)
		if (strncmp(what, tags[i].tag, strlen(tags[i].tag)) == 0)
			snprintf(path, sizeof(path), "/dev/disk/%s/%.250s", tags[i].dir,
				 what + strlen(tags[i].tag));
	return disk_name(ctx, path, name);
}

/* The kernel's own directories are on no disk: /proc/sys/fs/binfmt_misc, /sys/fs/fuse. */
static bool is_kernels(const char *point)
{
	return strncmp(point, "/proc/", 6) == 0 || strncmp(point, "/sys/", 5) == 0 ||
	       strncmp(point, "/dev/", 5) == 0;
}

void use_automount(struct below *below, const struct mount *mount)
{
	char unit[300], what[256], name[64], fix[340];
	struct inuse *inuse = below->inuse;
	int ret;

	if (strcmp(mount->source, "systemd-1") != 0 || is_kernels(mount->point))
		return;
	unit_name(mount->point, unit, sizeof(unit));
	ret = read_unit(below->ctx, unit, what);
	if (ret && !inuse->unseen_disks[0])
		snprintf(inuse->unseen_disks, sizeof(inuse->unseen_disks), "systemd mounts something "
			 "on %.40s at its first use, and the unit cannot be read", mount->point);
	if (ret || !find_disk(below->ctx, what, name))
		return;
	snprintf(fix, sizeof(fix), "systemctl stop %s.automount first", unit);
	below->weight = USE_BEARABLE;
	use_disk(below, name, fix, "systemd mounts /dev/%.63s at the first use of %.200s", name,
		 mount->point);
	below->weight = USE_VITAL;
}

/* The firmware's variable has four bytes of attributes, and then text in UTF-16. */
static void use_loader(struct below *below)
{
	_cleanup_free_ char *data = NULL;
	char path[sizeof("/dev/disk/by-partuuid/") + UUID_LEN], name[64], *to;
	size_t size, i;

	strcpy(path, "/dev/disk/by-partuuid/");
	to = path + strlen(path);
	if (attr_read_all(below->ctx, LOADER, 4096, &data, &size) || size < 4 + 2 * UUID_LEN)
		return;
	for (i = 0; i < UUID_LEN; i++)
		to[i] = (char)(data[4 + 2 * i] | ((data[4 + 2 * i] >= 'A' && data[4 + 2 * i] <= 'F') ?
						  0x20 : 0));
	to[i] = '\0';
	if (disk_name(below->ctx, path, name))
		use_disk(below, name, "leave it alone: this host starts from it",
			 "the boot loader of this host is on /dev/%.63s", name);
}

/* resume_show(), kernel/power/hibernate.c: "259:7", or "0:0" */
static void use_resume(struct below *below)
{
	char number[32], name[64];

	if (attr_read(below->ctx, number, sizeof(number), "/sys/power/resume") > 0 &&
	    strcmp(number, "0:0") != 0 &&
	    attr_link(below->ctx, name, sizeof(name), "/sys/dev/block/%.31s", number) > 0)
		use_disk(below, name, "choose another partition for hibernation first (resume= on the "
			 "command line)", "this host hibernates to /dev/%.63s", name);
}

void inuse_later(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct below below = { .ctx = ctx, .inuse = inuse, .weight = USE_BEARABLE };

	use_loader(&below);
	/* The host does not write to the resume partition, except as swap, which is another use. */
	below.weight = USE_IDLE;
	use_resume(&below);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"
#include "next/initrd-maker.h"

static const struct maker makers[] = {
	{ BOOSTER, { "etc/booster.init.yaml" },
	  "add vfio_pci to modules_force_load in /etc/booster.yaml",
	  "/usr/lib/booster/regenerate_images" },
	{ MKINITCPIO, { "init_functions", "config", "hooks/udev" },
	  "add vfio_pci to MODULES in /etc/mkinitcpio.conf", "mkinitcpio -P" },
	{ INITRAMFS_TOOLS, { "scripts/functions", "scripts/init-top", "conf/initramfs.conf",
			     "conf/arch.conf", "conf/modules" },
	  "echo vfio-pci >>/etc/initramfs-tools/modules", "update-initramfs -u -k " },
	{ DRACUT, { "usr/lib/dracut-lib.sh", "lib/dracut-lib.sh", "etc/cmdline.d", "etc/cmdline",
		    "usr/lib/dracut/hooks/pre-udev", "usr/lib/dracut" },
	  "echo 'force_drivers+=\" vfio-pci \"' >/etc/dracut.conf.d/vfio-pci.conf", "dracut -f --kver " },
	{ NIXOS, { "etc/nixos-release", "nix/store" },
	  "add \"vfio_pci\" to boot.initrd.kernelModules", "nixos-rebuild boot" },
	{ ALPINE, { "sbin/nlplug-findfs", "usr/sbin/nlplug-findfs", "etc/alpine-release",
		    "etc/apk/arch", "etc/mkinitfs" },
	  "echo vfio-pci >>/etc/modules", "mkinitfs " },
};

static bool is_in_store(const struct archive *archive)
{
	size_t i;

	for (i = 0; i < archive->n_files; i++)
		if (strncmp(archive->files[i].name, "nix/store/", 10) == 0)
			return true;
	return false;
}

static bool has_mark(const struct files *files, const char *mark)
{
	return strcmp(mark, "nix/store") == 0 ? is_in_store(files->archive) :
						files_has(files, mark);
}

const struct maker *maker_of(const struct files *files)
{
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(makers); i++)
		for (k = 0; k < ARRAY_SIZE(makers[i].marks) && makers[i].marks[k]; k++)
			if (has_mark(files, makers[i].marks[k]))
				return &makers[i];
	return NULL;
}

void maker_command(const struct userland *initrd, char buf[MAKER_COMMAND])
{
	const char *again = initrd->maker->again;

	snprintf(buf, MAKER_COMMAND, "%s%s", again, again[strlen(again) - 1] != ' ' ? "" :
		 initrd->release[0] ? initrd->release : "RELEASE");
}

enum vlu_known init_is_systemd(const struct archive *archive)
{
	char path[ARCHIVE_PATH];

	if (!archive_resolve(archive, "init", path))
		return VLU_DONT_KNOW;
	if (has_suffix(path, "systemd/systemd"))
		return VLU_YES;
	return archive_find(archive, "init") ? VLU_NO : VLU_DONT_KNOW;
}

/* "ln -sfn /nix/store/... /etc/udev/rules.d" */
static int init_link(struct archive *archive, const char *line, size_t len)
{
	char target[512], name[512], text[1024];
	const struct files files = { .archive = archive };

	if (!take_text(text, sizeof(text), line, len) ||
	    (sscanf(text, " ln -s%*[a-zA-Z] %511s %511s", target, name) != 2 &&
	     sscanf(text, " ln -s %511s %511s", target, name) != 2))
		return 0;
	if (target[0] != '/' || name[0] != '/' || !files_has(&files, target + 1))
		return 0;
	return archive_link(archive, name + 1, target);
}

int init_links(struct archive *archive)
{
	const struct archive_file *init = archive_find(archive, "init");
	const char *line, *end;
	int ret = 0;

	if (!init || !init->data)
		return 0;
	for (line = (const char *)init->data; !ret && *line; line = end + (*end == '\n')) {
		end = line + strcspn(line, "\n");
		ret = init_link(archive, line, (size_t)(end - line));
	}
	return ret;
}

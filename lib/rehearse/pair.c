/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/disk-file.h"
#include "formats/kconfig.h"
#include "formats/kernel-image.h"
#include "ledger/loaded-image.h"
#include "rehearse/rehearsal.h"

#define IMAGE_LARGEST	(256u << 20)
#define DEFAULT_CMDLINE	"kho=on liveupdate=on"

static char *keep(struct rehearsal *r, const char *text)
{
	return pool_print(&r->pool, "%s", text);
}

/* Finds the modules where a build, its installation or a package puts them. */
static int find_modules(struct rehearsal *r, struct side *side, const char *named)
{
	static const char *const ways[] = { "", "/", "/lib/modules/" };
	char path[1024], *dir;
	size_t i;

	if (named && sys_mode(&r->ctx->sys, named) < 0)
		return vlu_failed(r->ctx, sys_mode(&r->ctx->sys, named), "%s", named);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		dir = pool_print(&r->pool, "%s%s%s", named ? named : "/lib/modules", ways[i],
				 i ? side->release : "");
		if (!dir)
			return vlu_nomem(r->ctx);
		while (strlen(dir) > 1 && dir[strlen(dir) - 1] == '/')
			dir[strlen(dir) - 1] = '\0';
		snprintf(path, sizeof(path), "%s/modules.dep", dir);
		if (sys_exists(&r->ctx->sys, path)) {
			side->modules = dir;
			return 0;
		}
	}
	return named ? vlu_fail(r->ctx, VLU_FAILED, -ENOENT, "%s has no modules.dep of %s; fix: "
				"name the directory of make modules_install, or have depmod "
				"write it", named, side->release) : 0;
}

/* Refuses a kernel whose configuration has no handover: a rehearsal would show the same. */
static int refuse_without(struct rehearsal *r, const struct side *side, const struct kconfig *config)
{
	static const char *const options[] = { "KEXEC_HANDOVER", "LIVEUPDATE" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (kconfig_has(config, options[i]) == VLU_NO)
			return vlu_fail(r->ctx, VLU_UNSUPPORTED, -ENOTSUP, "%s (%s) was built "
					"without CONFIG_%s: it hands nothing over; fix: choose "
					"another kernel with --from", side->image, side->release,
					options[i]);
	return 0;
}

static int read_config(struct rehearsal *r, struct side *side, struct image *image, bool is_from)
{
	struct kconfig config = { .text = image->config };
	int ret = 0;

	image->config = NULL;
	if (!config.text && is_from && side->release[0])
		ret = kconfig_read(r->ctx, side->image, side->release, &config) ? vlu_nomem(r->ctx) : 0;
	if (!ret && is_from)
		ret = refuse_without(r, side, &config);
	kconfig_free(&config);
	return ret;
}

static int read_side(struct rehearsal *r, struct side *side, const char *modules, bool is_from)
{
	_cleanup_free_ char *data = NULL;
	struct image image = { .wrap = WRAP_NONE };
	bool is_bzimage;
	size_t size;
	int ret;

	ret = file_read_named(r->ctx, side->image, IMAGE_LARGEST, &data, &size);
	if (ret)
		return ret;
	ret = image_parse(data, size, &image);
	if (ret == -ENOMEM)
		return vlu_nomem(r->ctx);
	/* QEMU boots only this, and kexec takes it */
	is_bzimage = ret == 0 && image.kind == IMAGE_BZIMAGE && image.wrap == WRAP_NONE;
	side->is_kernel = is_bzimage;
	snprintf(side->why, sizeof(side->why), "%s", !is_bzimage ? "it is not a kernel image for x86" :
		 image.why);
	snprintf(side->release, sizeof(side->release), "%s", ret ? "" : image.release);
	ret = ret ? 0 : read_config(r, side, &image, is_from);
	image_free(&image);
	/* messages need a release to print, and the path of the modules needs one as a component */
	if (!side->release[0])
		snprintf(side->release, sizeof(side->release), "unknown");
	return ret || !side->is_kernel ? ret : find_modules(r, side, modules);
}

/* Keeps the highest version in /boot. */
static int later(void *arg, const char *name)
{
	char *newest = arg;

	if (strncmp(name, "vmlinuz-", 8) == 0 && strlen(name) < 128 &&
	    strverscmp(name + 8, newest) > 0)
		strcpy(newest, name + 8);
	return 0;
}

static int newest_installed(struct rehearsal *r)
{
	static const char *const names[] = { "/boot/initrd.img-", "/boot/initramfs-" };
	char newest[128] = "", path[256];
	size_t i;

	sys_list(&r->ctx->sys, "/boot", later, newest);
	if (!newest[0])
		return vlu_fail(r->ctx, VLU_USAGE, -ENOENT, "there is no kernel in /boot; fix: name "
				"the next one with --next-kernel");
	r->next.image = pool_print(&r->pool, "/boot/vmlinuz-%s", newest);
	for (i = 0; i < ARRAY_SIZE(names) && !r->initrd; i++) {
		snprintf(path, sizeof(path), "%s%s%s", names[i], newest, i ? ".img" : "");
		if (sys_exists(&r->ctx->sys, path))
			r->initrd = keep(r, path);
	}
	return r->next.image ? 0 : vlu_nomem(r->ctx);
}

static int choose_next(struct rehearsal *r, const struct vlu_rehearse *what)
{
	struct kexec_image loaded = { .kernel = NULL };

	r->cmdline = what->next_cmdline ? what->next_cmdline : DEFAULT_CMDLINE;
	r->next.image = what->next;
	r->initrd = what->next_initrd;
	if (what->next)
		return 0;
	/* only root sees the loaded kernel, and perhaps none is loaded */
	if (kexec_image_read(r->ctx, &loaded))
		return newest_installed(r);
	r->next.image = keep(r, loaded.kernel);
	if (loaded.initrd && !r->initrd)
		r->initrd = keep(r, loaded.initrd);
	if (!what->next_cmdline)
		r->cmdline = keep(r, loaded.cmdline);
	kexec_image_free(&loaded);
	return r->next.image && r->cmdline ? 0 : vlu_nomem(r->ctx);
}

static int choose_from(struct rehearsal *r, const struct vlu_rehearse *what)
{
	char release[128], path[256];
	int ret;

	r->from_cmdline = what->from_cmdline ? what->from_cmdline : "";
	r->from.image = what->from;
	if (what->from)
		return 0;
	ret = attr_read(r->ctx, release, sizeof(release), "/proc/sys/kernel/osrelease");
	if (ret < 0)
		return vlu_failed(r->ctx, ret, "cannot read which kernel runs");
	if (installed_image(r->ctx, release, path, sizeof(path)))
		return vlu_fail(r->ctx, VLU_UNSUPPORTED, -ENOENT, "the image of the running kernel "
				"%s is not in /boot; fix: name it with --from", release);
	r->from.image = keep(r, path);
	return r->from.image ? 0 : vlu_nomem(r->ctx);
}

static int choose_devices(struct rehearsal *r, const struct vlu_rehearse *what)
{
	static const char *const usual[] = { "nvme", "e1000e" };
	const char *const *kinds = what->n_devices ? what->devices : usual;
	size_t n = what->n_devices ? what->n_devices : ARRAY_SIZE(usual), i;

	if (n > REHEARSAL_DEVICES)
		return vlu_fail(r->ctx, VLU_USAGE, -E2BIG, "a rehearsal takes at most %d devices",
				REHEARSAL_DEVICES);
	for (i = 0; i < n; i++) {
		if (!qemu_kind(kinds[i]))
			return vlu_fail(r->ctx, VLU_USAGE, -EINVAL, "there is no kind of device "
					"'%s'; the kinds are nvme, e1000e, igb, virtio-net, "
					"virtio-blk, edu and pci-testdev", kinds[i]);
		r->devices[r->n_devices++] = kinds[i];
	}
	return 0;
}

int rehearsal_choose(struct rehearsal *r, const struct vlu_rehearse *what)
{
	int ret;

	ret = choose_devices(r, what);
	ret = ret ? ret : choose_from(r, what);
	ret = ret ? ret : choose_next(r, what);
	ret = ret || !r->initrd ? ret : file_need(r->ctx, r->initrd);
	ret = ret ? ret : read_side(r, &r->from, what->from_modules, true);
	return ret ? ret : read_side(r, &r->next, what->next_modules, false);
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/cache.h"
#include "machine/kernel.h"
#include "formats/bytes.h"
#include "formats/cmdline.h"
#include "formats/unpack.h"

int host_release(struct vlu_ctx *ctx, char *buf, size_t size)
{
	int ret = attr_read(ctx, buf, size, "/proc/sys/kernel/osrelease");

	if (ret < 0)
		return vlu_failed(ctx, ret, "cannot read /proc/sys/kernel/osrelease");
	return 0;
}

int host_config(struct vlu_ctx *ctx, struct kconfig *ret_config)
{
	char release[128], *data;
	struct blob text;
	size_t size;
	int ret;

	*ret_config = (struct kconfig){ .text = NULL };
	ret = attr_read_all(ctx, "/proc/config.gz", KCONFIG_MAX, &data, &size);
	if (!ret) {
		ret = unpack(data, size, KCONFIG_MAX, &text);
		free(data);
	}
	if (!ret) {
		strcpy(ret_config->source, "/proc/config.gz");
		ret_config->text = (char *)text.data;
	}
	if (!ret || ret == -ENOMEM)
		return ret;
	return host_release(ctx, release, sizeof(release)) ? 0 :
	       kconfig_read(ctx, NULL, release, ret_config);
}

struct setup_data {
	struct vlu_ctx *ctx;
	bool kho;
};

static int look_at_setup_data(void *arg, const char *name)
{
	struct setup_data *look = arg;
	int64_t type;

	if (attr_number(look->ctx, &type, HOST_SETUP_DATA "/%s/type",
			name) < 0)
		return 0;
	look->kho = type == HOST_SETUP_KHO;
	return look->kho;
}

static enum vlu_known find_kho_boot(struct vlu_ctx *ctx)
{
	struct setup_data look = { .ctx = ctx };
	int ret;

	ret = sys_list(&ctx->sys, HOST_SETUP_DATA, look_at_setup_data, &look);
	if (look.kho || sys_exists(&ctx->sys, "/sys/kernel/debug/kho/in") ||
	    sys_exists(&ctx->sys, HOST_CHOSEN "/linux,kho-fdt"))
		return VLU_YES;
	/* on x86 the directory is missing when there is no setup_data */
	if (ret == 0 || (ret == -ENOENT &&
			 sys_exists(&ctx->sys, "/sys/kernel/boot_params")))
		return VLU_NO;
	return VLU_DONT_KNOW;
}

/* Caches the answer, since the rules ask once for each device. */
enum vlu_known host_is_kho_boot(struct vlu_ctx *ctx)
{
	static const enum vlu_known answers[] = { VLU_NO, VLU_YES, VLU_DONT_KNOW };
	static const struct cache cache = { .free = NULL };
	const enum vlu_known *known = cache_get(ctx, &cache);
	enum vlu_known found;

	if (known)
		return *known;
	found = find_kho_boot(ctx);
	cache_put(ctx, &cache, (void *)&answers[found]);
	return found;
}

bool host_has_acs_override(struct vlu_ctx *ctx)
{
	static const bool answers[] = { false, true };
	static const struct cache cache = { .free = NULL };
	const bool *known = cache_get(ctx, &cache);
	char cmdline[8192], value[64];
	bool found;

	if (known)
		return *known;
	found = attr_read(ctx, cmdline, sizeof(cmdline), "/proc/cmdline") > 0 &&
		cmdline_get(cmdline, "pcie_acs_override", value, sizeof(value));
	cache_put(ctx, &cache, (void *)&answers[found]);
	return found;
}

bool initrd_of(struct vlu_ctx *ctx, const char *dir, const char *release, char *buf, size_t size)
{
	/* Debian, Fedora and Arch, SUSE, Alpine, booster */
	static const struct { const char *before, *after; } names[] = {
		{ "initrd.img-", "" }, { "initramfs-", ".img" }, { "initrd-", "" },
		{ "initramfs-", "" }, { "booster-", ".img" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(buf, size, "%s%s%s%s", dir, names[i].before, release, names[i].after);
		if (sys_exists(&ctx->sys, buf))
			return true;
	}
	buf[0] = '\0';
	return false;
}

#define BOOT_PARAMS	"/sys/kernel/boot_params/data"
/* ramdisk_size and ext_ramdisk_size of struct boot_params, Documentation/arch/x86/zero-page.rst */
#define RAMDISK_SIZE	0x21c
#define RAMDISK_SIZE_HIGH	0xc4

static enum vlu_known has_boot_params_initrd(struct vlu_ctx *ctx)
{
	const uint8_t *data;
	size_t size;
	char *text;
	bool has;

	if (attr_read_all(ctx, BOOT_PARAMS, 65536, &text, &size))
		return VLU_DONT_KNOW;
	data = (const uint8_t *)text;
	has = size >= RAMDISK_SIZE + 4 && (le32(data + RAMDISK_SIZE) || le32(data + RAMDISK_SIZE_HIGH));
	free(text);
	return has ? VLU_YES : VLU_NO;
}

enum vlu_known host_has_initrd(struct vlu_ctx *ctx, char *how, size_t size)
{
	enum vlu_known known = has_boot_params_initrd(ctx);
	char cmdline[8192], release[128];

	snprintf(how, size, "%s", known == VLU_YES ? BOOT_PARAMS : "");
	if (known != VLU_DONT_KNOW)
		return known;
	snprintf(how, size, HOST_CHOSEN "/linux,initrd-start");
	if (sys_exists(&ctx->sys, how))
		return VLU_YES;
	snprintf(how, size, "initrd= on its command line");
	if (attr_read(ctx, cmdline, sizeof(cmdline), "/proc/cmdline") > 0 &&
	    cmdline_get(cmdline, "initrd", release, sizeof(release)))
		return VLU_YES;
	return attr_read(ctx, release, sizeof(release), "/proc/sys/kernel/osrelease") > 0 &&
	       initrd_of(ctx, "/boot/", release, how, size) ? VLU_YES : VLU_DONT_KNOW;
}

int boot_id(struct vlu_ctx *ctx, char buf[40])
{
	int ret = attr_read(ctx, buf, 40, "/proc/sys/kernel/random/boot_id");

	return ret < 0 ? vlu_failed(ctx, ret, "cannot read /proc/sys/kernel/random/boot_id") : 0;
}

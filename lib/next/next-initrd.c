/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks that the next kernel gets the initrd that it needs to boot. */
#include "next/next-kernel.h"

/* kernel-install (ESP/MACHINE-ID/RELEASE/linux) and unraid give fixed names. */
static bool find_fixed(const struct next *next, const char *dir, const char *name, char *buf,
		       size_t size)
{
	static const struct { const char *image, *initrd; } pairs[] = {
		{ "linux", "initrd" }, { "bzimage", "bzroot" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (strcmp(name, pairs[i].image) != 0)
			continue;
		snprintf(buf, size, "%s%s", dir, pairs[i].initrd);
		if (sys_exists(&next->ctx->sys, buf))
			return true;
	}
	buf[0] = '\0';
	return false;
}

/* Looks beside the image, by the release or by the rest of the image's name (vmlinuz-linux). */
static bool find_beside(const struct next *next, char *buf, size_t size)
{
	const char *kernel = next->asked->kernel, *slash = strrchr(kernel, '/');
	const char *name = slash ? slash + 1 : kernel, *dash = strchr(name, '-');
	char dir[200];

	snprintf(dir, sizeof(dir), "%.*s", (int)(name - kernel), kernel);
	return (next->image.release[0] &&
		initrd_of(next->ctx, dir, next->image.release, buf, size)) ||
	       (dash && dash[1] && initrd_of(next->ctx, dir, dash + 1, buf, size)) ||
	       find_fixed(next, dir, name, buf, size);
}

/* CONFIG_INITRAMFS_SOURCE: usr/Kconfig */
static bool has_own(const struct next *next)
{
	return kconfig_get(&next->config, "INITRAMFS_SOURCE") &&
	       !strstr(next->config.text, "CONFIG_INITRAMFS_SOURCE=\"\"");
}

static void look_missing(const struct next *next, struct verdict *v)
{
	char beside[300] = "", how[300];
	enum vlu_known had;

	if (!next->is_image) {
		verdict_set(v, VLU_UNKNOWN, "it is not an image that can be read");
		return;
	}
	if (next->image.wrap == WRAP_UKI && next->image.damaged) {
		verdict_set(v, VLU_UNKNOWN, "vfio-lu cannot see whether it contains one: %s", next->image.why);
		return;
	}
	if (has_own(next)) {
		verdict_set(v, VLU_PASS, "no initrd but the one inside the image");
		return;
	}
	had = host_has_initrd(next->ctx, how, sizeof(how));
	if (had != VLU_NO && find_beside(next, beside, sizeof(beside)))
		verdict_fix(v, "name %s as its initrd", beside);
	else if (had == VLU_YES)
		verdict_fix(v, "make an initrd for that kernel, and name it");
	if (had == VLU_YES)
		verdict_set(v, VLU_FAIL, "no initrd is named for it, and the running kernel had one "
			    "(%s)", how);
	else if (beside[0])
		verdict_set(v, VLU_FAIL, "no initrd is named for it, and there is %s", beside);
	else
		verdict_set(v, VLU_PASS, "none, %s", had == VLU_NO ? "as the running kernel had none" :
			    "and nothing shows that it needs one");
}

void look_next_initrd(const struct next *next, struct verdict *v)
{
	const char *initrd = next->asked->initrd;

	if (!initrd) {
		look_missing(next, v);
	} else if (next->initrd.foreign) {
		verdict_set(v, VLU_FAIL, "%s is not an initrd: %s", initrd, next->initrd.why);
		verdict_fix(v, "name the one that was made for that kernel");
	} else if (!next->initrd.read) {
		verdict_set(v, VLU_UNKNOWN, "%s: %s", initrd, next->initrd.why);
		verdict_fix(v, next->initrd.packed ? "make it again with dracut --omit squash" :
			    "make it again");
	} else {
		verdict_set(v, VLU_PASS, "%s can be read", initrd);
	}
}

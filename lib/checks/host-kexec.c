/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules on loading the next kernel and on the way to the kexec. */
#include "base/attr.h"
#include "checks/host-rules.h"
#include "machine/vfio-handler.h"
#include "machine/kexec-state.h"
#include "machine/kho-scratch.h"
#include "machine/systemd.h"

#define SECURITYFS	"/sys/kernel/security"

static bool has_kexec_program(struct sys *sys)
{
	static const char *const places[] = {
		"/usr/sbin/kexec", "/sbin/kexec", "/usr/bin/kexec", "/bin/kexec",
		"/usr/local/sbin/kexec", "/run/current-system/sw/bin/kexec",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (sys_exists(sys, places[i]))
			return true;
	return false;
}

/* kho_fill_kimage() is only called from kernel/kexec_file.c */
void look_kexec_file(const struct host *host, struct verdict *v)
{
	enum vlu_known built = kconfig_has(host_kconfig(host), "KEXEC_FILE");

	/* KEXEC_HANDOVER selects KEXEC_FILE: kernel/liveupdate/Kconfig */
	if (host->luo_device)
		built = VLU_YES;
	if (built == VLU_DONT_KNOW) {
		look_without_config(v, "CONFIG_KEXEC_FILE");
	} else if (built == VLU_NO) {
		verdict_set(v, VLU_FAIL, "this kernel cannot load another with kexec_file_load() "
			    "(CONFIG_KEXEC_FILE is not set in %s)", host_kconfig(host)->source);
		verdict_fix(v, "boot a kernel with CONFIG_KEXEC_FILE=y");
	} else if (!has_kexec_program(&host->ctx->sys)) {
		verdict_set(v, VLU_WARN, "the kernel has kexec_file_load(), but no kexec program "
			    "was found in the usual places");
		verdict_fix(v, "install kexec-tools");
	} else {
		verdict_set(v, VLU_PASS, "the kernel has kexec_file_load(), and the kexec program "
			    "is there");
	}
}

/* kexec_load_permitted(), kernel/kexec_core.c: neither switch can be undone */
void look_kexec_not_disabled(const struct host *host, struct verdict *v)
{
	int64_t disabled, limit = -1;
	const char *how = NULL;
	int ret;

	ret = attr_number(host->ctx, &disabled, "/proc/sys/kernel/kexec_load_disabled");
	if (ret < 0) {
		verdict_set(v, VLU_UNKNOWN, "/proc/sys/kernel/kexec_load_disabled: %s",
			    strerror(-ret));
		return;
	}
	/* the limit exists since 6.3; -1 is no limit */
	if (disabled)
		how = "kernel.kexec_load_disabled is 1";
	else if (attr_number(host->ctx, &limit, "/proc/sys/kernel/kexec_load_limit_reboot") == 0 &&
		 limit == 0)
		how = "kernel.kexec_load_limit_reboot is 0";
	if (!how) {
		verdict_set(v, VLU_PASS, "kernels may be loaded");
	} else {
		/* this stops kexec, too, which loads the kernel again with its final command line */
		verdict_set(v, VLU_FAIL, "no kernel can be loaded any more: %s", how);
		verdict_fix(v, "remove it from /etc/sysctl.d and reboot; a running kernel cannot "
			    "undo this");
	}
}

/*
 * lockdown_secfs_init(), security/lockdown/lockdown.c: a kernel with lockdown always has the file
 * "lockdown" in securityfs.
 */
static void look_without_file(const struct host *host, struct verdict *v)
{
	int entries;

	if (kconfig_has(host_kconfig(host), "SECURITY_LOCKDOWN_LSM") == VLU_NO) {
		verdict_set(v, VLU_PASS, "this kernel has no lockdown");
		return;
	}
	entries = sys_list(&host->ctx->sys, SECURITYFS, any_name, NULL);
	if (entries < 0) {
		verdict_set(v, VLU_UNKNOWN, SECURITYFS " does not exist, so vfio-lu cannot see "
			    "whether the kernel is locked down");
	} else if (entries) {
		verdict_set(v, VLU_PASS, "this kernel has no lockdown, according to " SECURITYFS);
	} else {
		verdict_set(v, VLU_UNKNOWN, "securityfs is not mounted, so vfio-lu cannot see "
			    "whether the kernel is locked down");
		verdict_run(v, "mount -t securityfs securityfs " SECURITYFS);
	}
}

/*
 * security_locked_down(LOCKDOWN_KEXEC) refuses kexec_load() in kernel/kexec.c. It refuses
 * kexec_file_load() in kimage_validate_signature(), kernel/kexec_file.c, only if CONFIG_KEXEC_SIG
 * is set and the image has no valid signature.
 */
void look_lockdown(const struct host *host, struct verdict *v)
{
	char modes[128], *mode, *end;
	int ret;

	if (kconfig_has(host_kconfig(host), "KEXEC_SIG_FORCE") == VLU_YES) {
		verdict_set(v, VLU_WARN, "the next kernel must be signed: CONFIG_KEXEC_SIG_FORCE=y "
			    "in %s", host_kconfig(host)->source);
		verdict_fix(v, "load a kernel that is signed with a key of this kernel");
		return;
	}
	ret = attr_read(host->ctx, modes, sizeof(modes), SECURITYFS "/lockdown");
	if (ret == -ENOENT) {
		look_without_file(host, v);
		return;
	}
	mode = ret < 0 ? NULL : strchr(modes, '[');
	end = mode ? strchr(mode, ']') : NULL;
	if (!end) {
		verdict_set(v, VLU_UNKNOWN, SECURITYFS "/lockdown: %s",
			    ret < 0 ? strerror(-ret) : "names no mode");
		return;
	}
	mode++;
	*end = '\0';
	if (strcmp(mode, "none") == 0) {
		verdict_set(v, VLU_PASS, "the kernel is not locked down");
	} else if (kconfig_has(host_kconfig(host), "KEXEC_SIG") == VLU_NO) {
		verdict_set(v, VLU_PASS, "locked down (%s), which does not concern "
			    "kexec_file_load() here (CONFIG_KEXEC_SIG is not set)", mode);
	} else {
		verdict_set(v, VLU_WARN, "the kernel is locked down (%s): it loads only signed "
			    "kernels", mode);
		verdict_fix(v, "load a kernel that is signed with a key of this kernel");
	}
}

/*
 * /sys/kernel/kexec_loaded, kernel/kexec_core.c. Before load, it is normal that no image is loaded.
 */
void look_image_loaded(const struct host *host, struct verdict *v)
{
	enum vlu_known ours = kexec_is_loaded_by_us(host->ctx);

	switch (kexec_is_loaded(host->ctx)) {
	case VLU_YES:
		verdict_set(v, VLU_PASS, "a kernel is loaded");
		break;
	case VLU_NO:
		verdict_set(v, VLU_PASS, "no kernel is loaded yet");
		if (ours != VLU_YES)
			break;
		verdict_set(v, VLU_WARN, "vfio-lu load has loaded a kernel, but that kernel is not "
			    "loaded any more");
		verdict_fix(v, "vfio-lu load KERNEL");
		break;
	default:
		verdict_set(v, VLU_UNKNOWN, "this kernel does not say whether a kernel is loaded");
	}
}

/*
 * kernel_kexec() starts an image that kexec_load() or kexec_file_load() loaded, but only
 * kexec_file_load() attaches the KHO data. The kernel does not say which of the two loaded it.
 */
void look_image_hands_over(const struct host *host, struct verdict *v)
{
	enum vlu_known loaded = kexec_is_loaded(host->ctx);
	enum vlu_known ours = kexec_is_loaded_by_us(host->ctx);

	if (loaded == VLU_NO) {
		verdict_set(v, VLU_PASS, "no kernel is loaded yet; vfio-lu load loads one for a handover");
	} else if (loaded == VLU_YES && ours == VLU_YES) {
		/* vfio-lu cannot notice another program that has loaded an image since then */
		verdict_set(v, VLU_PASS, "a kernel is loaded, and kexec_file_load() "
			    "loaded the last one of vfio-lu load");
	} else if (loaded == VLU_YES && ours == VLU_NO) {
		verdict_set(v, VLU_FAIL, "the loaded kernel was not loaded by vfio-lu, and nothing "
			    "is handed over to a kernel that kexec_load() loaded");
		verdict_fix(v, "vfio-lu load KERNEL, or kexec -u");
	} else {
		verdict_set(v, VLU_UNKNOWN, "%s", loaded == VLU_YES ?
			    "only root can see which program loaded the next kernel" :
			    "this kernel does not say whether a kernel is loaded");
	}
}

static unsigned long long mib(uint64_t bytes)
{
	return bytes >> 20;
}

/* kho_locate_mem_hole(), kexec_handover.c: each part must fit into one scratch area */
void look_scratch_fits(const struct host *host, struct verdict *v)
{
	struct scratch scratch;
	struct scratch_need need;
	int ret;

	if (kexec_is_loaded(host->ctx) == VLU_YES) {
		verdict_set(v, VLU_PASS, "a kernel is loaded, so it fitted");
		return;
	}
	if (!host->luo_device) {
		verdict_set(v, VLU_PASS, "without a live update nothing has to fit");
		return;
	}
	ret = scratch_read(host->ctx, &scratch);
	if (ret) {
		verdict_set(v, VLU_UNKNOWN, "the size of the scratch memory cannot be read "
			    "(debugfs, %s): %s", SCRATCH_LEN, strerror(-ret));
		return;
	}
	ret = scratch_need_read(host->ctx, &need);
	if (ret) {
		verdict_set(v, VLU_UNKNOWN, "the largest scratch area has %llu MiB; there is no "
			    "image of this kernel in /boot to compare it with",
			    mib(scratch.largest));
	} else if (!scratch_has_room(&scratch, &need)) {
		verdict_set(v, VLU_WARN, "scratch memory (%llu MiB, the largest area %llu MiB) "
			    "cannot take this kernel (%llu MiB) and its initrd (%llu MiB): they "
			    "could not be loaded", mib(scratch.total), mib(scratch.largest),
			    mib(need.kernel), mib(need.initrd));
		verdict_fix(v, "boot with a larger kho_scratch=, or make a smaller initrd");
	} else {
		verdict_set(v, VLU_PASS, "this kernel (%llu MiB) and its initrd (%llu MiB) fit "
			    "into scratch memory (%llu MiB)", mib(need.kernel),
			    mib(need.initrd), mib(scratch.total));
	}
}

void look_systemd_luo(const struct host *host, struct verdict *v)
{
	if (host->systemd == 0) {
		verdict_set(v, VLU_PASS, "process 1 is not systemd; nothing but SIGKILL ends the "
			    "holder");
	} else if (host->systemd < 0) {
		verdict_set(v, VLU_UNKNOWN, "vfio-lu cannot see the version of systemd");
	} else if (!systemd_has_luo(host->systemd)) {
		verdict_set(v, VLU_PASS, "systemd %d does not support live updates; the holder "
			    "keeps the sessions open during its shutdown", host->systemd);
	} else if (vfio_pci_built(host->ctx, host_kconfig(host)) == 'y') {
		verdict_set(v, VLU_PASS, "systemd %d opens " DEV_LIVEUPDATE " at boot, and vfio-pci "
			    "is built in", host->systemd);
	} else {
		verdict_set(v, VLU_WARN, "systemd %d opens " DEV_LIVEUPDATE " at boot, and vfio-pci "
			    "must be registered by then", host->systemd);
		verdict_fix(v, "load vfio-pci in the initrd of the next kernel, or build it in");
	}
}

/* systemd-shutdown, src/shutdown/shutdown.c: switches to this file if it is executable */
void look_exitrd(const struct host *host, struct verdict *v)
{
	int mode = sys_mode(&host->ctx->sys, "/run/initramfs/shutdown");

	if (mode == -ENOENT || (mode >= 0 && !(mode & 0111))) {
		verdict_set(v, VLU_PASS, "there is no exitrd");
	} else if (mode < 0) {
		verdict_set(v, VLU_UNKNOWN, "/run/initramfs/shutdown: %s", strerror(-mode));
	} else {
		verdict_set(v, VLU_WARN, "the shutdown runs /run/initramfs/shutdown, so systemd "
			    "does not hand over its fd stores");
		verdict_fix(v, "rm /run/initramfs/shutdown before the kexec (dracut: systemctl "
			    "mask dracut-shutdown.service)");
	}
}

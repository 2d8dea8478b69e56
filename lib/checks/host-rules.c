/* SPDX-License-Identifier: GPL-2.0-only */
/* The list of the rules that a host must meet. The function of a rule names the kernel code. */
#include "base/attr.h"
#include "base/cache.h"
#include "checks/host-rules.h"
#include "machine/processes.h"
#include "machine/systemd.h"

struct host_rule {
	const char *id;
	host_look *look;
	unsigned int stops;	/* enum host_use: commands that its failure stops */
	bool advisory;		/* unknown does not change the verdict */
};

static const struct host_rule rules[] = {
	{ "kho-built", look_kho_built, HOST_ALL, false },
	{ "kho-enabled", look_kho_enabled, HOST_ALL, false },
	{ "luo-built", look_luo_built, HOST_ALL, false },
	{ "luo-enabled", look_luo_enabled, HOST_ALL, false },
	{ "luo-device", look_luo_device, HOST_ALL, false },
	/* commands that open /dev/liveupdate wait until it is free, see --timeout */
	{ "luo-opener", look_luo_opener, 0, true },
	{ "vfio-cdev", look_vfio_cdev, HOST_PRESERVE | HOST_RESTORE, false },
	{ "iommufd", look_iommufd, HOST_PRESERVE | HOST_RESTORE, false },
	{ "iommu-on", look_iommu_on, HOST_PRESERVE, false },
	{ "vfio-handler", look_vfio_handler, HOST_PRESERVE, false },
	{ "no-zdev-kvm", look_no_zdev_kvm, HOST_PRESERVE, true },
	{ "vfio-handler-early", look_vfio_handler_early, HOST_PRESERVE, true },
	{ "kexec-file", look_kexec_file, HOST_LOAD, false },
	{ "kexec-not-disabled", look_kexec_not_disabled, HOST_LOAD | HOST_JUMP, true },
	{ "lockdown", look_lockdown, 0, true },
	{ "image-loaded", look_image_loaded, 0, true },
	/* stops no command: load replaces an image that hands nothing over, and kexec itself refuses it */
	{ "image-hands-over", look_image_hands_over, 0, true },
	{ "scratch-fits", look_scratch_fits, 0, true },
	{ "no-pending-unbind", look_no_pending_unbind, HOST_JUMP, true },
	{ "systemd-luo", look_systemd_luo, 0, true },
	{ "exitrd", look_exitrd, 0, true },
	{ "debugfs", look_debugfs, 0, true },
};

const char *host_rule_id(size_t i)
{
	return i < ARRAY_SIZE(rules) ? rules[i].id : NULL;
}

int check_host_for(struct vlu_ctx *ctx, unsigned int use,
		   struct vlu_report **ret_report)
{
	struct host_kconfig kconfig = { .read = false };
	struct host host = { .ctx = ctx, .kconfig = &kconfig, .only_failures = use };
	struct vlu_report *report;
	struct verdict v;
	size_t i;
	int ret;

	ret = report_new(ctx, &report);
	if (ret)
		return ret;
	host.cmdline_known = attr_read(ctx, host.cmdline, sizeof(host.cmdline),
				       "/proc/cmdline") >= 0;
	if (!host.cmdline_known)
		host.cmdline[0] = '\0';
	host.luo_device = sys_exists(&ctx->sys, DEV_LIVEUPDATE);
	host.systemd = systemd_version(ctx);
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if (use && !(rules[i].stops & use))
			continue;
		memset(&v, 0, sizeof(v));
		rules[i].look(&host, &v);
		v.advisory = rules[i].advisory;
		report_add(report, rules[i].id, &v);
	}
	kconfig_free(&kconfig.config);
	if (kconfig.failed) {
		vlu_report_free(report);
		return vlu_nomem(ctx);
	}
	return report_give(ctx, report, ret_report);
}

int vlu_check_host(struct vlu_ctx *ctx, struct vlu_report **ret_report)
{
	const struct procs *procs;
	int ret;

	cache_drop(ctx);
	procs = procs_get(ctx);
	if (!procs)
		return vlu_nomem(ctx);
	ret = check_host_for(ctx, 0, ret_report);
	if (!ret)
		(*ret_report)->unseen = !procs->complete;
	return ret;
}

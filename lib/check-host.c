/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules a host must meet; what they look at is with each, beside the kernel code it comes from. */
#include "attr.h"
#include "check-host.h"

struct host_rule {
	const char *id;
	host_look *look;
	unsigned int stops;	/* enum host_use: commands that it can stop */
	bool advisory;		/* not to know it leaves the verdict alone */
};

static const struct host_rule rules[] = {
	{ "kho-built", look_kho_built, HOST_ALL, false },
	{ "kho-enabled", look_kho_enabled, HOST_ALL, false },
	{ "luo-built", look_luo_built, HOST_ALL, false },
	{ "luo-enabled", look_luo_enabled, HOST_ALL, false },
	{ "luo-device", look_luo_device, HOST_ALL, false },
	/* waiting for its opener is up to those who open it: --timeout */
	{ "luo-opener", look_luo_opener, 0, true },
	{ "vfio-cdev", look_vfio_cdev, HOST_PRESERVE | HOST_RESTORE, false },
	{ "iommufd", look_iommufd, HOST_PRESERVE | HOST_RESTORE, false },
	{ "iommu-on", look_iommu_on, HOST_PRESERVE, false },
	{ "vfio-handler", look_vfio_handler, HOST_PRESERVE, false },
	{ "vfio-handler-early", look_vfio_handler_early, HOST_PRESERVE, true },
	{ "kexec-file", look_kexec_file, HOST_LOAD, false },
	{ "kexec-not-disabled", look_kexec_not_disabled, HOST_LOAD, true },
	{ "lockdown", look_lockdown, 0, true },
	{ "image-loaded", look_image_loaded, 0, true },
	/* load cures it, and kexec refuses by itself */
	{ "image-hands-over", look_image_hands_over, 0, true },
	{ "scratch-fits", look_scratch_fits, 0, true },
	{ "no-pending-unbind", look_no_pending_unbind, HOST_JUMP, true },
	{ "systemd-luo", look_systemd_luo, 0, true },
	{ "exitrd", look_exitrd, 0, true },
	{ "debugfs", look_debugfs, 0, true },
};

enum vlu_known host_option(const struct host *host, const char *option)
{
	if (!host->config.text)
		return VLU_DONT_KNOW;
	return kconfig_get(&host->config, option) ? VLU_YES : VLU_NO;
}

void look_without_config(struct verdict *v, const char *option)
{
	verdict_set(v, VLU_UNKNOWN, "no configuration of this kernel was found, so "
		    "whether it has %s cannot be told", option);
	verdict_fix(v, "look for %s in the kernel's build", option);
}

int check_host_for(struct vlu_ctx *ctx, unsigned int use,
		   struct vlu_report **ret_report)
{
	struct host host = { .ctx = ctx };
	struct vlu_report *report;
	struct verdict v;
	size_t i;
	int ret;

	ret = report_new(ctx, &report);
	if (ret)
		return ret;
	if (host_config(ctx, &host.config)) {
		vlu_report_free(report);
		return vlu_nomem(ctx);
	}
	host.cmdline_known = attr_read(ctx, host.cmdline, sizeof(host.cmdline),
				       "/proc/cmdline") >= 0;
	host.luo_device = sys_exists(&ctx->sys, DEV_LIVEUPDATE);
	host.systemd = host_systemd(ctx);
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if (use && !(rules[i].stops & use))
			continue;
		memset(&v, 0, sizeof(v));
		rules[i].look(&host, &v);
		v.advisory = rules[i].advisory;
		report_add(report, rules[i].id, &v);
	}
	host_config_free(&host.config);
	if (report->short_of_memory) {
		vlu_report_free(report);
		return vlu_nomem(ctx);
	}
	*ret_report = report;
	return 0;
}

int vlu_check_host(struct vlu_ctx *ctx, struct vlu_report **ret_report)
{
	return check_host_for(ctx, 0, ret_report);
}

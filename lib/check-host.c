/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules a host must meet, each with the kernel code it comes from. */
#include "attr.h"
#include "host.h"
#include "report.h"

/* What the rules look at, read once. */
struct host {
	struct vlu_ctx *ctx;
	struct kconfig config;
	char cmdline[4096];
	bool cmdline_known;
	bool luo_device;
};

struct host_rule {
	const char *id;
	void (*look)(const struct host *host, struct verdict *v);
};

#define DEV_LIVEUPDATE	"/dev/liveupdate"
#define DEV_IOMMU	"/dev/iommu"

static void no_config(struct verdict *v, const char *option)
{
	verdict_set(v, VLU_UNKNOWN, "no configuration of this kernel was found, so "
		    "whether it has %s cannot be told", option);
	verdict_fix(v, "look for %s in the kernel's build", option);
}

static void look_built(const struct host *host, struct verdict *v,
		       const char *option, const char *what)
{
	if (host->config.text && kconfig_get(&host->config, option + 7)) {
		verdict_set(v, VLU_PASS, "%s=y in %s", option, host->config.source);
	} else if (host->luo_device) {
		/* Only a kernel with both can have registered it. */
		verdict_set(v, VLU_PASS, DEV_LIVEUPDATE " is there");
	} else if (!host->config.text) {
		no_config(v, option);
	} else {
		verdict_set(v, VLU_FAIL, "this kernel was built without %s (%s is not set in %s)",
			    what, option, host->config.source);
		verdict_fix(v, "boot a kernel with %s=y", option);
	}
}

/* kernel/liveupdate/Kconfig: KEXEC_HANDOVER, x86_64 and arm64 only */
static void look_kho_built(const struct host *host, struct verdict *v)
{
	look_built(host, v, "CONFIG_KEXEC_HANDOVER", "Kexec Handover");
}

static void look_luo_built(const struct host *host, struct verdict *v)
{
	look_built(host, v, "CONFIG_LIVEUPDATE", "the Live Update Orchestrator");
}

/* A boolean parameter: found on the command line, by default, or not at all. */
static void look_enabled(const struct host *host, struct verdict *v,
			 const char *parameter, bool by_default,
			 const char *default_source)
{
	enum vlu_known on;
	char value[64];

	if (!host->cmdline_known) {
		verdict_set(v, VLU_UNKNOWN, "/proc/cmdline cannot be read");
		return;
	}
	if (cmdline_get(host->cmdline, parameter, value, sizeof(value))) {
		on = kernel_bool(value);
		if (on == VLU_YES) {
			verdict_set(v, VLU_PASS, "%s=%s on the command line",
				    parameter, value);
			return;
		}
		if (on == VLU_NO)
			verdict_set(v, VLU_FAIL, "%s=%s on the command line turns it off",
				    parameter, value);
		else
			verdict_set(v, VLU_FAIL, "%s=%s on the command line is not "
				    "something the kernel understands", parameter, value);
	} else if (by_default) {
		verdict_set(v, VLU_PASS, "on by default (%s)", default_source);
		return;
	} else {
		verdict_set(v, VLU_FAIL, "not enabled: no %s=on on the command line",
			    parameter);
	}
	verdict_fix(v, "boot with kho=on liveupdate=on");
}

/* kho_parse_enable(), kernel/liveupdate/kexec_handover.c */
static void look_kho_enabled(const struct host *host, struct verdict *v)
{
	bool by_default = host->config.text &&
			  kconfig_get(&host->config, "KEXEC_HANDOVER_ENABLE_DEFAULT");

	if (!by_default && !host->config.text && host->luo_device) {
		/* luo_early_startup() turns LUO off when KHO is off */
		verdict_set(v, VLU_PASS, DEV_LIVEUPDATE " is there");
		return;
	}
	look_enabled(host, v, "kho", by_default,
		     "CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y");
}

/* early_liveupdate_param(), kernel/liveupdate/luo_core.c: off by default */
static void look_luo_enabled(const struct host *host, struct verdict *v)
{
	look_enabled(host, v, "liveupdate", false, NULL);
}

/* liveupdate_ioctl_init(), luo_core.c: registered only when both are on */
static void look_luo_device(const struct host *host, struct verdict *v)
{
	if (host->luo_device) {
		verdict_set(v, VLU_PASS, DEV_LIVEUPDATE " is there");
	} else if (sys_exists(&host->ctx->sys, "/sys/class/misc/liveupdate")) {
		verdict_set(v, VLU_FAIL, "the kernel has it, but " DEV_LIVEUPDATE
			    " does not exist");
		verdict_fix(v, "see why devtmpfs or udev did not make the node");
	} else {
		verdict_set(v, VLU_FAIL, DEV_LIVEUPDATE " does not exist");
		verdict_fix(v, "boot a kernel with CONFIG_LIVEUPDATE=y and "
			    "kho=on liveupdate=on");
	}
}

static int has_cdev(void *arg, const char *name)
{
	const struct host *host = arg;
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/vfio-dev/%.32s/dev", name);
	return sys_exists(&host->ctx->sys, path);
}

/* drivers/vfio/Kconfig; vfio_init_device_cdev() gives each device its node */
static void look_vfio_cdev(const struct host *host, struct verdict *v)
{
	if (sys_list(&host->ctx->sys, "/sys/class/vfio-dev", has_cdev,
		     (void *)host) > 0) {
		verdict_set(v, VLU_PASS, "devices have one under /sys/class/vfio-dev");
	} else if (!host->config.text) {
		no_config(v, "CONFIG_VFIO_DEVICE_CDEV");
	} else if (kconfig_get(&host->config, "VFIO_DEVICE_CDEV")) {
		verdict_set(v, VLU_PASS, "CONFIG_VFIO_DEVICE_CDEV=y in %s",
			    host->config.source);
	} else {
		verdict_set(v, VLU_FAIL, "this kernel gives vfio devices no character "
			    "device (CONFIG_VFIO_DEVICE_CDEV is not set in %s)",
			    host->config.source);
		verdict_fix(v, "boot a kernel with CONFIG_VFIO_DEVICE_CDEV=y");
	}
}

/* iommufd_init(), drivers/iommu/iommufd/main.c: misc device "iommu" */
static void look_iommufd(const struct host *host, struct verdict *v)
{
	if (sys_exists(&host->ctx->sys, DEV_IOMMU)) {
		verdict_set(v, VLU_PASS, DEV_IOMMU " is there");
	} else if (host->config.text &&
		   kconfig_get(&host->config, "IOMMUFD") == 'm') {
		verdict_set(v, VLU_PASS, "CONFIG_IOMMUFD=m in %s: loaded when needed",
			    host->config.source);
	} else {
		verdict_set(v, VLU_FAIL, DEV_IOMMU " does not exist");
		verdict_fix(v, "boot a kernel with CONFIG_IOMMUFD, or modprobe iommufd");
	}
}

static const struct host_rule rules[] = {
	{ "kho-built", look_kho_built },
	{ "kho-enabled", look_kho_enabled },
	{ "luo-built", look_luo_built },
	{ "luo-enabled", look_luo_enabled },
	{ "luo-device", look_luo_device },
	{ "vfio-cdev", look_vfio_cdev },
	{ "iommufd", look_iommufd },
};

int vlu_check_host(struct vlu_ctx *ctx, struct vlu_report **ret_report)
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
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		memset(&v, 0, sizeof(v));
		rules[i].look(&host, &v);
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

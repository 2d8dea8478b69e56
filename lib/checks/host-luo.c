/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules on Kexec Handover and the Live Update Orchestrator. */
#include "base/attr.h"
#include "formats/cmdline.h"
#include "checks/host-rules.h"
#include "machine/processes.h"

#define DEBUGFS		"/sys/kernel/debug"

static void look_built(const struct host *host, struct verdict *v,
		       const char *option, const char *what)
{
	/*
	 * The configuration would be better evidence than the device, but reading it means unpacking
	 * /proc/config.gz. So skip it if only failures matter and the device is there.
	 */
	bool enough = host->luo_device && host->only_failures;

	if (!enough && host_kconfig(host)->text && kconfig_get(host_kconfig(host), option + 7)) {
		verdict_set(v, VLU_PASS, "%s=y in %s", option, host_kconfig(host)->source);
	} else if (host->luo_device) {
		/* Only a kernel with KHO and LUO registers /dev/liveupdate. */
		verdict_set(v, VLU_PASS, DEV_LIVEUPDATE " is there");
	} else if (!host_kconfig(host)->text) {
		look_without_config(v, option);
	} else {
		verdict_set(v, VLU_FAIL, "this kernel was built without %s (%s is not set in %s)",
			    what, option, host_kconfig(host)->source);
		verdict_fix(v, "boot a kernel with %s=y", option);
	}
}

/* kernel/liveupdate/Kconfig: KEXEC_HANDOVER, x86_64 and arm64 only */
void look_kho_built(const struct host *host, struct verdict *v)
{
	look_built(host, v, "CONFIG_KEXEC_HANDOVER", "Kexec Handover");
}

void look_luo_built(const struct host *host, struct verdict *v)
{
	look_built(host, v, "CONFIG_LIVEUPDATE", "the Live Update Orchestrator");
}

/* Judges a boolean parameter: on the command line, by default, or not known. */
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
			verdict_set(v, VLU_PASS, "%s=%s on the command line", parameter, value);
			return;
		}
		if (on == VLU_NO)
			verdict_set(v, VLU_FAIL, "%s=%s on the command line turns it off",
				    parameter, value);
		else
			verdict_set(v, VLU_FAIL, "%s=%s on the command line is not a value that "
				    "the kernel understands", parameter, value);
	} else if (by_default) {
		verdict_set(v, VLU_PASS, "on by default (%s)", default_source);
		return;
	} else {
		verdict_set(v, VLU_FAIL, "not enabled: no %s=on on the command line",
			    parameter);
	}
	verdict_fix(v, "boot with kho=on liveupdate=on");
}

static bool is_switched_on(const struct host *host, const char *parameter)
{
	char value[64];

	return cmdline_get(host->cmdline, parameter, value, sizeof(value)) &&
	       kernel_bool(value) == VLU_YES;
}

/* kho_parse_enable(), kernel/liveupdate/kexec_handover.c */
void look_kho_enabled(const struct host *host, struct verdict *v)
{
	bool by_default;

	/* both the command line and the device say yes, so the default has no say */
	if (host->only_failures && host->luo_device && is_switched_on(host, "kho")) {
		verdict_set(v, VLU_PASS, DEV_LIVEUPDATE " is there");
		return;
	}
	by_default = host_kconfig(host)->text &&
		     kconfig_get(host_kconfig(host), "KEXEC_HANDOVER_ENABLE_DEFAULT");
	if (!by_default && !host_kconfig(host)->text && host->luo_device) {
		/* luo_early_startup() disables LUO when KHO is disabled */
		verdict_set(v, VLU_PASS, DEV_LIVEUPDATE " is there");
		return;
	}
	look_enabled(host, v, "kho", by_default, "CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y");
}

/* early_liveupdate_param(), kernel/liveupdate/luo_core.c: disabled by default */
void look_luo_enabled(const struct host *host, struct verdict *v)
{
	look_enabled(host, v, "liveupdate", false, NULL);
}

/* liveupdate_ioctl_init(), luo_core.c: registered when KHO and LUO are enabled */
void look_luo_device(const struct host *host, struct verdict *v)
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

/* ------------------------------------------------------------ its opener */

/* luo_open(), luo_core.c: one process at a time, others get EBUSY */
void look_luo_opener(const struct host *host, struct verdict *v)
{
	const struct procs *procs = procs_get(host->ctx);
	const struct proc_file *file;
	size_t n;

	if (!host->luo_device) {
		verdict_set(v, VLU_PASS, DEV_LIVEUPDATE " does not exist");
		return;
	}
	file = procs ? procs_kind(procs, PROC_LIVEUPDATE, &n) : NULL;
	if (file) {
		verdict_set(v, VLU_WARN, "process %d (%s) has " DEV_LIVEUPDATE
			    " open, and only one process at a time can open it", (int)file->pid, file->comm);
		verdict_fix(v, "wait until process %d closes it, or end that process",
			    (int)file->pid);
	} else if (!procs || !procs->complete) {
		verdict_set(v, VLU_UNKNOWN, "this user cannot see the open files of all processes");
		verdict_fix(v, "run it as root");
	} else {
		verdict_set(v, VLU_PASS, "no process has " DEV_LIVEUPDATE " open");
	}
}

/* --------------------------------------------------------------- debugfs */

/* kho_out_debugfs_init(), kexec_handover_debugfs.c: exists when KHO is enabled, root reads it */
void look_debugfs(const struct host *host, struct verdict *v)
{
	struct sys *sys = &host->ctx->sys;
	int ret;

	ret = sys_list(sys, DEBUGFS "/kho/out", any_name, NULL);
	if (ret >= 0) {
		verdict_set(v, VLU_PASS, DEBUGFS "/kho can be read");
	} else if (ret == -EACCES || ret == -EPERM) {
		verdict_set(v, VLU_UNKNOWN, DEBUGFS " is for root only");
		verdict_fix(v, "run it as root");
	} else if (!host->luo_device) {
		verdict_set(v, VLU_PASS, "without a live update there is nothing to see in "
			    DEBUGFS);
	} else if (sys_list(sys, DEBUGFS, any_name, NULL) <= 0) {
		verdict_set(v, VLU_WARN, "debugfs is not mounted: vfio-lu cannot see what will be "
			    "handed over");
		verdict_run(v, "mount -t debugfs debugfs " DEBUGFS);
	} else {
		verdict_set(v, VLU_WARN, "debugfs has no kho: vfio-lu cannot see what will be "
			    "handed over%s", kconfig_has(host_kconfig(host),
			    "KEXEC_HANDOVER_DEBUGFS") == VLU_NO ?
			    " (CONFIG_KEXEC_HANDOVER_DEBUGFS is not set)" : "");
	}
}

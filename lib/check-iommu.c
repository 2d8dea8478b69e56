/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules on the IOMMU and the file through which it is used. */
#include "attr.h"
#include "check-host.h"

#define DEV_IOMMU	"/dev/iommu"
#define GROUPS		"/sys/kernel/iommu_groups"
#define ACPI_TABLES	"/sys/firmware/acpi/tables"

struct groups {
	struct vlu_ctx *ctx;
	size_t noiommu;
	bool real;
};

/* vfio_noiommu_group_alloc(), drivers/vfio/group.c, names the groups it makes */
static int look_at_group(void *arg, const char *name)
{
	struct groups *groups = arg;
	char text[64];

	if (attr_read(groups->ctx, text, sizeof(text), GROUPS "/%s/name", name) >= 0 &&
	    strcmp(text, "vfio-noiommu") == 0)
		groups->noiommu++;
	else
		groups->real = true;
	return groups->real;
}

static int take_name(void *arg, const char *name)
{
	snprintf(arg, 32, "%.31s", name);
	return 1;
}

/*
 * iommu_setup(), arch/x86/kernel/pci-dma.c; intel_iommu_setup(),
 * drivers/iommu/intel/iommu.c; parse_amd_iommu_options(), drivers/iommu/amd/init.c
 */
static const char *switched_off(const struct host *host)
{
	static const char *const names[] = { "iommu", "intel_iommu", "amd_iommu" };
	static const char *const texts[] = { "iommu=off", "intel_iommu=off", "amd_iommu=off" };
	char value[128];
	size_t i;

	for (i = 0; host->cmdline_known && i < ARRAY_SIZE(names); i++)
		if (cmdline_get(host->cmdline, names[i], value, sizeof(value)) &&
		    cmdline_has(value, "off"))
			return texts[i];
	return NULL;
}

/* detect_intel_iommu(), drivers/iommu/intel/dmar.c: DMAR and a kernel told to use it */
static void look_at_intel(const struct host *host, struct verdict *v)
{
	char value[128];
	bool on = host->cmdline_known &&
		  cmdline_get(host->cmdline, "intel_iommu", value, sizeof(value)) &&
		  cmdline_has(value, "on");

	if (host_option(host, "INTEL_IOMMU") == VLU_NO) {
		verdict_set(v, VLU_FAIL, "this kernel was built without the driver of the IOMMU "
			    "(CONFIG_INTEL_IOMMU is not set in %s)", host->config.source);
		verdict_fix(v, "boot a kernel with CONFIG_INTEL_IOMMU=y");
	} else if (!on && host_option(host, "INTEL_IOMMU_DEFAULT_ON") != VLU_YES) {
		verdict_set(v, VLU_FAIL, "the IOMMU is there and not switched on: no intel_iommu=on "
			    "on the command line");
		verdict_fix(v, "boot with intel_iommu=on");
	} else {
		verdict_set(v, VLU_FAIL, "the firmware reports an IOMMU (DMAR), but the kernel "
			    "uses none");
		verdict_fix(v, "dmesg | grep -i -e dmar -e iommu");
	}
}

/* acpi_table_attr_init(), drivers/acpi/sysfs.c, shows what the firmware has */
static void look_at_firmware(const struct host *host, struct verdict *v)
{
	struct sys *sys = &host->ctx->sys;
	const char *off = switched_off(host);

	if (off) {
		verdict_set(v, VLU_FAIL, "the IOMMU is off: %s on the command line", off);
		verdict_fix(v, "boot without %s", off);
	} else if (sys_exists(sys, ACPI_TABLES "/DMAR")) {
		look_at_intel(host, v);
	} else if (sys_exists(sys, ACPI_TABLES "/IVRS")) {
		verdict_set(v, VLU_FAIL, "the firmware reports an IOMMU (IVRS), but the kernel "
			    "uses none");
		verdict_fix(v, host_option(host, "AMD_IOMMU") == VLU_NO ?
			    "boot a kernel with CONFIG_AMD_IOMMU=y" :
			    "dmesg | grep -i -e amd-vi -e iommu");
	} else if (sys_exists(sys, ACPI_TABLES)) {
		verdict_set(v, VLU_FAIL, "the firmware reports no IOMMU (no DMAR, no IVRS): there "
			    "is none, or it is off in the firmware's setup");
		verdict_fix(v, "switch on VT-d or AMD-Vi in the firmware's setup");
	} else {
		verdict_set(v, VLU_FAIL, "the kernel uses no IOMMU");
		verdict_fix(v, "switch the IOMMU on in the firmware's setup and on the "
			    "command line");
	}
}

/* vfio_device_set_group(), drivers/vfio/group.c: no group, no vfio device */
void look_iommu_on(const struct host *host, struct verdict *v)
{
	struct groups groups = { .ctx = host->ctx };
	struct sys *sys = &host->ctx->sys;
	char unit[32] = "";
	int ret;

	ret = sys_list(sys, GROUPS, look_at_group, &groups);
	if (groups.real) {
		sys_list(sys, "/sys/class/iommu", take_name, unit);
		verdict_set(v, VLU_PASS, "the kernel uses an IOMMU%s%s%s", unit[0] ? " (" : "",
			    unit, unit[0] ? ")" : "");
	} else if (groups.noiommu) {
		verdict_set(v, VLU_FAIL, "vfio works without an IOMMU here (noiommu): the kernel "
			    "preserves no such device");
		verdict_fix(v, "switch the IOMMU on, and set vfio's "
			    "enable_unsafe_noiommu_mode to 0");
	} else if (ret < 0 && ret != -ENOENT) {
		verdict_set(v, VLU_UNKNOWN, GROUPS ": %s", strerror(-ret));
	} else {
		look_at_firmware(host, v);
	}
}

/* iommufd_init(), drivers/iommu/iommufd/main.c: misc device "iommu" */
void look_iommufd(const struct host *host, struct verdict *v)
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

/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules on the IOMMU and on /dev/iommu. */
#include "base/attr.h"
#include "formats/cmdline.h"
#include "checks/host-rules.h"

#define DEV_IOMMU	"/dev/iommu"
#define GROUPS		"/sys/kernel/iommu_groups"
#define ACPI_TABLES	"/sys/firmware/acpi/tables"
#define GIVE_IOMMU	"give this virtual machine an IOMMU"

struct groups {
	struct vlu_ctx *ctx;
	size_t noiommu;
	bool real;
};

/* vfio_noiommu_group_alloc(), drivers/vfio/group.c, gives its groups this name */
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
 * detect_intel_iommu(), drivers/iommu/intel/dmar.c: needs a DMAR table, and the IOMMU must be
 * enabled by intel_iommu=on or by default.
 */
static void look_at_intel(const struct host *host, struct verdict *v)
{
	char value[128];
	bool on = host->cmdline_known &&
		  cmdline_get(host->cmdline, "intel_iommu", value, sizeof(value)) &&
		  cmdline_has(value, "on");

	if (kconfig_has(host_kconfig(host), "INTEL_IOMMU") == VLU_NO) {
		verdict_set(v, VLU_FAIL, "this kernel was built without the driver of the IOMMU "
			    "(CONFIG_INTEL_IOMMU is not set in %s)", host_kconfig(host)->source);
		verdict_fix(v, "boot a kernel with CONFIG_INTEL_IOMMU=y");
	} else if (!on && kconfig_has(host_kconfig(host), "INTEL_IOMMU_DEFAULT_ON") != VLU_YES) {
		verdict_set(v, VLU_FAIL, "there is an IOMMU, but it is not switched on: no intel_iommu=on "
			    "on the command line");
		verdict_fix(v, "boot with intel_iommu=on");
	} else {
		verdict_set(v, VLU_FAIL, "the firmware reports an IOMMU (DMAR), but the kernel "
			    "uses none");
		verdict_fix(v, "dmesg | grep -i -e dmar -e iommu");
	}
}

/* The IOMMUs of each maker: the firmware's table, and what a kernel needs. */
static const struct make {
	const char *table;	/* in ACPI */
	const char *cpus;	/* "vendor_id" in /proc/cpuinfo; NULL: of several makers */
	const char *option;	/* of the kernel configuration, for the driver */
	/* for cmdline_iommu_off(): equals .option if the driver has a parameter (amd_iommu=), else "" */
	const char *switch_of;
	const char *words;	/* to search for in the kernel log */
	const char *on;
} makes[] = {
	{ "DMAR", "GenuineIntel", "INTEL_IOMMU", "INTEL_IOMMU", "-e dmar",
	  "switch VT-d on in the firmware's setup, and boot with intel_iommu=on" },
	{ "IVRS", "AuthenticAMD", "AMD_IOMMU", "AMD_IOMMU", "-e amd-vi",
	  "switch AMD-Vi on in the firmware's setup" },
	{ "IVRS", "HygonGenuine", "AMD_IOMMU", "AMD_IOMMU", "-e amd-vi",
	  "switch AMD-Vi on in the firmware's setup" },
	{ "IORT", NULL, "ARM_SMMU_V3", "", "-e smmu", "switch the SMMU on in the firmware's setup" },
	{ "RIMT", NULL, "RISCV_IOMMU", "", "-e riscv",
	  "switch the IOMMU on in the firmware's setup" },
	{ "VIOT", NULL, "VIRTIO_IOMMU", "", "-e viot",
	  GIVE_IOMMU },
};

static const struct make other = {
	.switch_of = "", .on = "switch the IOMMU on in the firmware's setup",
};

/* acpi_table_attr_init(), drivers/acpi/sysfs.c, lists the firmware's tables */
static const struct make *by_table(struct vlu_ctx *ctx)
{
	char path[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(makes); i++) {
		snprintf(path, sizeof(path), ACPI_TABLES "/%s", makes[i].table);
		if (sys_exists(&ctx->sys, path))
			return &makes[i];
	}
	return NULL;
}

/* The firmware hides the table of an IOMMU that is disabled in its setup. */
static const struct make *by_cpu(struct vlu_ctx *ctx)
{
	_cleanup_free_ char *text = NULL;
	size_t size, i;

	if (attr_read_all(ctx, "/proc/cpuinfo", 16u << 20, &text, &size))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(makes); i++)
		if (makes[i].cpus && strstr(text, makes[i].cpus))
			return &makes[i];
	/* every x86 processor has a vendor_id; without it, this is another architecture */
	return strstr(text, "vendor_id") ? NULL : &other;
}

static const struct make *make_of(struct vlu_ctx *ctx)
{
	const struct make *make = by_table(ctx);

	return make ? make : by_cpu(ctx);
}

/* In a virtual machine, /proc/cpuinfo of x86 says "hypervisor". Advice on firmware does not help there. */
static bool is_guest(struct vlu_ctx *ctx)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	return attr_read_all(ctx, "/proc/cpuinfo", 16u << 20, &text, &size) == 0 &&
	       strstr(text, " hypervisor");
}

const char *iommu_switch(struct vlu_ctx *ctx)
{
	const struct make *make = by_cpu(ctx);

	if (by_table(ctx))
		return "do what the check iommu-on of this host says";
	if (is_guest(ctx))
		return GIVE_IOMMU;
	if (make == &other && !sys_exists(&ctx->sys, ACPI_TABLES))
		return "boot a kernel with the driver of this machine's IOMMU, if it has one";
	return make ? make->on : other.on;
}

static void look_at_firmware(const struct host *host, struct verdict *v)
{
	const struct make *make = by_table(host->ctx), *maker = make_of(host->ctx);
	char value[128];
	const char *off;

	off = cmdline_iommu_off(host->cmdline, maker ? maker->switch_of : NULL, value,
				sizeof(value));
	if (off) {
		verdict_set(v, VLU_FAIL, "the IOMMU is off: %s=off on the command line", off);
		verdict_fix(v, "boot without %s=off", off);
	} else if (make == makes) {
		look_at_intel(host, v);
	} else if (make) {
		verdict_set(v, VLU_FAIL, "the firmware reports an IOMMU (%s), but the kernel "
			    "uses none", make->table);
		if (kconfig_has(host_kconfig(host), make->option) == VLU_NO)
			verdict_fix(v, "boot a kernel with CONFIG_%s=y", make->option);
		else
			verdict_fix(v, "dmesg | grep -i %s -e iommu", make->words);
	} else if (sys_exists(&host->ctx->sys, ACPI_TABLES)) {
		verdict_set(v, VLU_FAIL, "the firmware reports no IOMMU (no DMAR, IVRS or IORT): "
			    "there is none, or it is off in the firmware's setup");
		verdict_fix(v, "%s", iommu_switch(host->ctx));
	} else {
		verdict_set(v, VLU_FAIL, "the kernel uses no IOMMU");
		verdict_fix(v, "%s", iommu_switch(host->ctx));
	}
}

/* vfio_device_set_group(), drivers/vfio/group.c: no group, no vfio device */
void look_iommu_on(const struct host *host, struct verdict *v)
{
	struct groups groups = { .ctx = host->ctx };
	struct sys *sys = &host->ctx->sys;
	struct verdict off = { .mute = v->mute };
	char unit[32] = "";
	int ret;

	ret = sys_list(sys, GROUPS, look_at_group, &groups);
	if (groups.real) {
		sys_list(sys, "/sys/class/iommu", take_name, unit);
		verdict_set(v, VLU_PASS, "the kernel uses an IOMMU%s%s%s", unit[0] ? " (" : "",
			    unit, unit[0] ? ")" : "");
	} else if (groups.noiommu) {
		verdict_set(v, VLU_FAIL, "vfio works without an IOMMU here (noiommu), and the "
			    "kernel does not preserve devices in this mode");
		look_at_firmware(host, &off);
		verdict_fix(v, "%s; then set vfio's enable_unsafe_noiommu_mode to 0", off.fix);
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
	} else if (host_kconfig(host)->text &&
		   kconfig_get(host_kconfig(host), "IOMMUFD") == 'm') {
		verdict_set(v, VLU_PASS, "CONFIG_IOMMUFD=m in %s: loaded when needed",
			    host_kconfig(host)->source);
	} else {
		verdict_set(v, VLU_FAIL, DEV_IOMMU " does not exist");
		verdict_fix(v, "boot a kernel with CONFIG_IOMMUFD, or modprobe iommufd");
	}
}

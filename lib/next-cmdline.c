/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether the next kernel's command line leaves on what a live update needs. */
#include "next.h"

/* Options joined by commas: is there one that begins with word, and which is last? */
static bool option_in(const char *value, const char *word)
{
	const char *p;

	for (p = value; *p; p += strcspn(p, ","), p += *p == ',')
		if (strncmp(p, word, strlen(word)) == 0)
			return true;
	return false;
}

static bool has(const struct next *next, const char *name, char *value, size_t size)
{
	return cmdline_get(next->cmdline, name, value, size);
}

/* A boolean that must be on; by_default: it is so when nobody says. */
static bool switch_on(const struct next *next, const char *name, enum vlu_known by_default,
		      struct verdict *v)
{
	char value[64];
	enum vlu_known on;

	if (has(next, name, value, sizeof(value))) {
		on = kernel_bool(value);
		if (on == VLU_YES)
			return true;
		verdict_set(v, VLU_FAIL, on == VLU_NO ? "%s=%s turns it off" :
			    "%s=%s is nothing that the kernel understands", name, value);
	} else if (by_default == VLU_YES) {
		return true;
	} else {
		verdict_set(v, by_default == VLU_NO ? VLU_FAIL : VLU_UNKNOWN,
			    "there is no %s=on%s", name, by_default == VLU_NO ? "" :
			    ", and whether it is on by default is not known");
	}
	verdict_fix(v, "give it kho=on liveupdate=on, as vfio-lu load does by itself");
	return false;
}

/* kho_parse_scratch_size(), kernel/liveupdate/kexec_handover.c */
static bool scratch_makes_sense(const char *value)
{
	size_t len = strlen(value), digits = strspn(value, "0123456789");
	const char *p = value;
	unsigned long long size, total = 0;
	char *end;
	int i;

	if (len && value[len - 1] == '%')
		return digits && digits == len - 1 && len <= 11;
	for (i = 0; i < 3; i++) {
		if (i && *p++ != ',')
			return false;
		size = strtoull(p, &end, 0);
		if (end == p || *p == '-' || *p == '+' || *p == ' ')
			return false;
		total += size;
		p = end + (*end && strchr("kKmMgGtTpPeE", *end));
	}
	return !*p && total;
}

/*
 * iommu_setup(), arch/x86/kernel/pci-dma.c; intel_iommu_setup(),
 * drivers/iommu/intel/iommu.c; parse_amd_iommu_options(), drivers/iommu/amd/init.c
 */
static bool iommu_stays(const struct next *next, struct verdict *v)
{
	static const char *const names[] = { "iommu", "intel_iommu", "amd_iommu" };
	bool intel = next->iommu && strcmp(next->iommu, "INTEL_IOMMU") == 0;
	char value[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (!has(next, names[i], value, sizeof(value)) || !option_in(value, "off"))
			continue;
		/* the other maker's switch does nothing here */
		if (i && next->iommu && (i == 1) != intel)
			continue;
		verdict_set(v, VLU_FAIL, "%s=%s turns the IOMMU off, and vfio-pci cannot "
			    "work without", names[i], value);
		verdict_fix(v, "leave %s=%s out", names[i], value);
		return false;
	}
	if (!intel || (has(next, "intel_iommu", value, sizeof(value)) &&
		       option_in(value, "on")))
		return true;
	if (next->config.text && (kconfig_get(&next->config, "INTEL_IOMMU_DEFAULT_ON") ||
	    kconfig_get(&next->config, "INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF")))
		return true;
	verdict_set(v, next->config.text ? VLU_FAIL : VLU_UNKNOWN,
		    "there is no intel_iommu=on%s", next->config.text ?
		    ", and it is off by default in this kernel" :
		    ", and whether it is on by default is not known");
	verdict_fix(v, "add intel_iommu=on");
	return false;
}

void look_next_cmdline(const struct next *next, struct verdict *v)
{
	enum vlu_known kho = VLU_DONT_KNOW;
	char value[64];

	if (!next->cmdline_known) {
		verdict_set(v, VLU_UNKNOWN, "/proc/cmdline cannot be read");
		return;
	}
	if (next->config.text)
		kho = kconfig_get(&next->config, "KEXEC_HANDOVER_ENABLE_DEFAULT") ?
		      VLU_YES : VLU_NO;
	if (!switch_on(next, "kho", kho, v) ||
	    !switch_on(next, "liveupdate", VLU_NO, v) || !iommu_stays(next, v))
		return;
	if (has(next, "kho_scratch", value, sizeof(value)) && !scratch_makes_sense(value)) {
		verdict_set(v, VLU_WARN, "kho_scratch=%s is nothing that the kernel "
			    "understands; it would use its default", value);
		verdict_fix(v, "write it as 200%% or as 512M,512M,256M");
		return;
	}
	verdict_set(v, VLU_PASS, "%s", next->asked->cmdline ?
		    "KHO, LUO and the IOMMU are on" :
		    "this kernel's own, with KHO, LUO and the IOMMU on");
}

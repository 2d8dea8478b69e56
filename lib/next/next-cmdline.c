/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks that the next kernel's command line disables nothing that a live update needs. */
#include "base/attr.h"
#include "formats/cmdline.h"
#include "machine/kernel.h"
#include "next/modprobe-conf.h"
#include "next/next-kernel.h"

static bool has(const struct next *next, const char *name, char *value, size_t size)
{
	return cmdline_get(next->cmdline, name, value, size);
}

/* vfio-lu load adds a missing word, but does not override an existing word. */
static bool is_left_on(const struct next *next, const char *name, struct verdict *v)
{
	char value[64];

	if (!has(next, name, value, sizeof(value)) || kernel_bool(value) == VLU_YES)
		return true;
	verdict_set(v, VLU_FAIL, kernel_bool(value) == VLU_NO ? "%s=%s turns it off" :
		    "%s=%s is not a value that the kernel understands", name, value);
	verdict_fix(v, "leave %s=%s out; vfio-lu load adds %s=on by itself", name, value, name);
	return false;
}

/* A kernel that accepts only its built-in command line gets no words from vfio-lu load. */
static bool is_enough(const struct next *next, struct verdict *v)
{
	const char *lacks = kexec_cmdline_lacks(next->cmdline, NULL);

	if (!next->cmdline_fixed || !lacks[0])
		return true;
	verdict_set(v, VLU_FAIL, "its command line is built in without%s, and it ignores any other",
		    lacks);
	verdict_fix(v, "build it without CONFIG_CMDLINE_OVERRIDE and CONFIG_CMDLINE_FORCE");
	return false;
}

/* kho_parse_scratch_size(), kernel/liveupdate/kexec_handover.c */
static bool is_scratch_size(const char *value)
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
 * The IOMMU is on now. Has firmware for Thunderbolt switched it on (platform_optin_force_iommu(),
 * drivers/iommu/intel/iommu.c)? Yes, if neither the command line nor the configuration of the
 * running kernel has done so.
 */
static bool is_forced_on(const struct next *next)
{
	char cmdline[8192], value[128];
	struct kconfig running;
	bool forced;

	if (attr_read(next->ctx, cmdline, sizeof(cmdline), "/proc/cmdline") < 0 ||
	    (cmdline_get(cmdline, "intel_iommu", value, sizeof(value)) && cmdline_has(value, "on")) ||
	    host_config(next->ctx, &running))
		return false;
	forced = kconfig_has(&running, "INTEL_IOMMU_DEFAULT_ON") == VLU_NO &&
		 kconfig_has(&running, "INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF") == VLU_NO;
	kconfig_free(&running);
	return forced;
}

static bool is_iommu_left_on(const struct next *next, struct verdict *v)
{
	bool intel = next->iommu && strcmp(next->iommu, "INTEL_IOMMU") == 0;
	char value[128];
	const char *off;

	off = cmdline_iommu_off(next->cmdline, next->iommu, value, sizeof(value));
	if (off) {
		verdict_set(v, VLU_FAIL, "%s=%s turns the IOMMU off, and vfio-pci cannot "
			    "work without it", off, value);
		verdict_fix(v, "leave %s=%s out", off, value);
		return false;
	}
	if (!intel || (has(next, "intel_iommu", value, sizeof(value)) &&
		       cmdline_has(value, "on")))
		return true;
	if (next->config.text && (kconfig_get(&next->config, "INTEL_IOMMU_DEFAULT_ON") ||
	    kconfig_get(&next->config, "INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF")))
		return true;
	if (is_forced_on(next))
		return true;
	verdict_set(v, next->config.text ? VLU_FAIL : VLU_UNKNOWN,
		    "there is no intel_iommu=on%s", next->config.text ?
		    ", and the IOMMU is off by default in this kernel" :
		    ", and vfio-lu cannot see whether the IOMMU is on by default");
	verdict_fix(v, "add intel_iommu=on");
	return false;
}

static bool has_word(const char *cmdline, const char *text)
{
	struct cmdline_word word;

	while (cmdline_next(&cmdline, &word))
		if (word.len == strlen(text) && memcmp(word.text, text, word.len) == 0)
			return true;
	return false;
}

/* iommufd_device_bind(): EPERM for every device whose interrupts the IOMMU does not isolate. */
static bool is_remapping_left_on(const struct next *next, struct verdict *v)
{
	static const char param[] = "allow_unsafe_interrupts";
	char value[128];
	bool off = has(next, "nointremap", value, sizeof(value));

	/* setup_irqremap(), drivers/iommu/irq_remapping.c */
	if (has(next, "intremap", value, sizeof(value)) && (cmdline_has(value, "off") || cmdline_has(value, "on")))
		off = cmdline_has(value, "off");
	if (!off || (next->iommu && strcmp(next->iommu, "ARM_SMMU_V3") == 0) ||
	    ((has(next, "iommufd.allow_unsafe_interrupts", value, sizeof(value)) ||
	      modconf_option(&next->initrd, "iommufd", param, value, sizeof(value)) ||
	      modconf_option(&next->root, "iommufd", param, value, sizeof(value))) &&
	     kernel_bool(value) == VLU_YES))
		return true;
	verdict_set(v, VLU_FAIL, "it turns interrupt remapping off, and so iommufd refuses all devices");
	verdict_fix(v, "leave intremap=off and nointremap out");
	return false;
}

/*
 * Does the next kernel see all memory that the running kernel sees? parse_memopt(),
 * arch/x86/kernel/e820.c
 */
static bool is_memory_left(const struct next *next, struct verdict *v)
{
	const char *at = next->cmdline;
	struct cmdline_word word;
	char running[8192], text[128];

	if (attr_read(next->ctx, running, sizeof(running), "/proc/cmdline") < 0)
		return true;
	while (cmdline_next(&at, &word)) {
		if ((!cmdline_is_same(word.name, word.name_len, "mem") &&
		     !cmdline_is_same(word.name, word.name_len, "memmap")) ||
		    !take_text(text, sizeof(text), word.text, word.len) || has_word(running, text))
			continue;
		verdict_set(v, VLU_FAIL, "%s, which the running kernel does not have, may hide memory "
			    "that is handed over", text);
		verdict_fix(v, "leave %s out", text);
		return false;
	}
	return true;
}

/*
 * Returns the directory that lists disks by the kind of name in root=, and sets *ret_name to that
 * name. NULL: root= has none of the forms in kinds[].
 */
static const char *names_of(const char *root, const char **ret_name)
{
	static const struct { const char *word, *dir; } kinds[] = {
		{ "UUID=", "/dev/disk/by-uuid" }, { "LABEL=", "/dev/disk/by-label" },
		{ "PARTUUID=", "/dev/disk/by-partuuid" }, { "PARTLABEL=", "/dev/disk/by-partlabel" },
		{ "/dev/disk/by-uuid/", "/dev/disk/by-uuid" }, { "/dev/mapper/", "/dev/mapper" },
		{ "/dev/", "/sys/class/block" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(root, kinds[i].word, strlen(kinds[i].word)) == 0) {
			*ret_name = root + strlen(kinds[i].word);
			return kinds[i].dir;
		}
	return NULL;
}

static int is_same_name(void *arg, const char *name)
{
	return strcasecmp(arg, name) == 0;
}

/* Does this host have the disk that the next kernel's root= names? */
static enum vlu_known has_root(const struct next *next, const char *root)
{
	struct sys *sys = &next->ctx->sys;
	char cmdline[8192], here[256];
	const char *name, *dir = names_of(root, &name);
	int ret;

	if (attr_read(next->ctx, cmdline, sizeof(cmdline), "/proc/cmdline") > 0 &&
	    cmdline_get(cmdline, "root", here, sizeof(here)) && strcmp(here, root) == 0)
		return VLU_YES;
	/* nfs, cifs and ram0 are not disks; udev escapes unusual characters in a label */
	if (!dir || strcmp(root, "/dev/nfs") == 0 || strcmp(root, "/dev/cifs") == 0 ||
	    strncmp(root, "/dev/ram", 8) == 0 || strpbrk(name, " \\/%&'()<>?*!$"))
		return sys_exists(sys, root) ? VLU_YES : VLU_DONT_KNOW;
	if (root[0] == '/' && sys_exists(sys, root))
		return VLU_YES;
	ret = sys_list(sys, dir, is_same_name, (void *)name);
	return ret > 0 ? VLU_YES : ret == 0 ? VLU_NO : VLU_DONT_KNOW;
}

/* Is the command line short enough, without the words vfio-lu.* that load and kexec add? */
static bool is_short_enough(const struct next *next, struct verdict *v)
{
	_cleanup_free_ char *line = next->cmdline_fixed ? NULL :
				    kexec_cmdline(next->cmdline + next->cmdline_builtin, NULL, NULL);
	size_t takes = next->image.kind == IMAGE_BZIMAGE && !next->image.wrap ?
		       bzimage_cmdline_size((const unsigned char *)next->file) : 0;

	if (!line || !takes || strlen(line) <= takes)
		return true;
	verdict_set(v, VLU_FAIL, "it would have %zu bytes, and %s accepts %zu",
		    strlen(line), next->asked->kernel, takes);
	verdict_fix(v, "shorten it");
	return false;
}

/* Warns of oddities that do not prevent a live update. */
static bool look_odd(const struct next *next, struct verdict *v)
{
	const char *lacks = kexec_cmdline_lacks(next->cmdline, NULL);
	char value[256];

	if (has(next, "kho_scratch", value, sizeof(value)) && !is_scratch_size(value)) {
		verdict_set(v, VLU_WARN, "kho_scratch=%s is not a value that the kernel "
			    "understands; it would use its default", value);
		verdict_fix(v, "write it as 200%% or as 512M,512M,256M");
	} else if (has(next, "root", value, sizeof(value)) && has_root(next, value) != VLU_YES) {
		verdict_set(v, VLU_WARN, "vfio-lu cannot see whether this host has root=%s", value);
	} else if (next->cmdline_fixed) {
		verdict_set(v, VLU_WARN, "its command line is built in, and it ignores any other: "
			    "it will not be told the names of the sessions");
	} else if (lacks[0]) {
		verdict_set(v, VLU_WARN, "there is no%s; vfio-lu load adds it", lacks);
	} else {
		return false;
	}
	return true;
}

static bool is_root_here(const struct next *next, struct verdict *v)
{
	char root[256], cmdline[8192], here[256];

	if (!has(next, "root", root, sizeof(root)) || has_root(next, root) != VLU_NO)
		return true;
	verdict_set(v, VLU_FAIL, "root=%s is not a disk of this host", root);
	if (attr_read(next->ctx, cmdline, sizeof(cmdline), "/proc/cmdline") > 0 &&
	    cmdline_get(cmdline, "root", here, sizeof(here)))
		verdict_fix(v, "give it root=%s, as the running kernel has", here);
	else
		verdict_fix(v, "name the disk with its root file system");
	return false;
}

void look_next_cmdline(const struct next *next, struct verdict *v)
{
	if (!next->cmdline_known)
		verdict_set(v, VLU_UNKNOWN, "/proc/cmdline cannot be read");
	else if (is_enough(next, v) && is_left_on(next, "kho", v) && is_left_on(next, "liveupdate", v) &&
		 is_iommu_left_on(next, v) && is_remapping_left_on(next, v) &&
		 is_memory_left(next, v) && is_root_here(next, v) && is_short_enough(next, v) &&
		 !look_odd(next, v))
		verdict_set(v, VLU_PASS, "%s", next->asked->cmdline ?
			    "KHO, LUO and the IOMMU are on" :
			    "this kernel's own, with KHO, LUO and the IOMMU on");
}

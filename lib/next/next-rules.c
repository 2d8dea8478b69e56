/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules that the next kernel must meet. */
#include "base/attr.h"
#include "base/cache.h"
#include "checks/device-rules.h"
#include "checks/host-rules.h"
#include "next/next-kernel.h"
#include "next/rehearsed.h"

struct next_rule {
	const char *id;
	void (*look)(const struct next *next, struct verdict *v);
	bool curable;	/* restore repairs this, so it does not prevent a kexec */
};

/*
 * If the configuration does not mention CONFIG_VFIO_PCI_LIVEUPDATE, the content of the image and of
 * the vfio-pci modules decides.
 */
static void look_handler(const struct next *next, struct verdict *v)
{
	struct abi abi = { 0 };
	const char *source;

	if (next->image.inside)
		abi_scan(&abi, next->image.inside, next->image.size, "its image");
	if (abi.word[ABI_VFIO].text[0] || next->initrd.abi.word[ABI_VFIO].text[0] ||
	    next->root.abi.word[ABI_VFIO].text[0]) {
		verdict_set(v, VLU_PASS, "%s has every option that is needed, and its vfio-pci "
			    "has a handler", next->config.source);
		return;
	}
	verdict_fix(v, "choose a kernel that preserves vfio-pci files");
	if (next->initrd.vfio_read || next->root.vfio_read ||
	    (next->image.inside && next_vfio_pci(next, &source) == 'y'))
		verdict_set(v, VLU_FAIL, "its vfio-pci has no handler that preserves files, and %s "
			    "has no CONFIG_VFIO_PCI_LIVEUPDATE", next->config.source);
	else
		verdict_set(v, VLU_UNKNOWN, "%s has no CONFIG_VFIO_PCI_LIVEUPDATE, and its "
			    "vfio-pci, which may have a handler, was not found",
			    next->config.source);
}

/* Looks for CONFIG_ names. Out-of-tree series may have other names. */
static void look_config(const struct next *next, struct verdict *v)
{
	static const char *const needed[] = {
		"KEXEC_HANDOVER", "LIVEUPDATE", "KEXEC_FILE", "IOMMUFD",
		"VFIO_DEVICE_CDEV", "VFIO_PCI",
	};
	const char *option = NULL;
	size_t i;

	if (!next->is_image) {
		verdict_set(v, VLU_UNKNOWN, "it is not an image that can be read");
		return;
	}
	if (!next->image.release[0] && !next->config.text) {
		verdict_set(v, VLU_UNKNOWN, "its release is not known, so its configuration is "
			    "unknown too");
		return;
	}
	if (!next->config.text) {
		verdict_set(v, VLU_UNKNOWN, "the image does not contain its configuration, and there is "
			    "none at /boot/config-%s or /lib/modules/%s/config",
			    next->image.release, next->image.release);
		verdict_fix(v, "put its configuration beside it, as config-RELEASE");
		return;
	}
	for (i = 0; !option && i < ARRAY_SIZE(needed); i++)
		if (!kconfig_get(&next->config, needed[i]))
			option = needed[i];
	if (!option && next->iommu && !kconfig_get(&next->config, next->iommu))
		option = next->iommu;
	if (option) {
		verdict_set(v, VLU_FAIL, "it was built without CONFIG_%s (not set in %s)",
			    option, next->config.source);
		verdict_fix(v, "choose a kernel with CONFIG_%s", option);
		return;
	}
	if (kconfig_get(&next->config, "VFIO_PCI_ZDEV_KVM")) {
		verdict_set(v, VLU_FAIL, "it was built with CONFIG_VFIO_PCI_ZDEV_KVM (in %s), and "
			    "so preserves no file of vfio-pci", next->config.source);
		verdict_fix(v, "choose a kernel without CONFIG_VFIO_PCI_ZDEV_KVM");
		return;
	}
	/* PCI and VFIO series, not in mainline up to 7.3 */
	if (kconfig_get(&next->config, "VFIO_PCI_LIVEUPDATE")) {
		verdict_set(v, VLU_PASS, "%s has every option that is needed", next->config.source);
	} else if (strstr(next->config.text, "CONFIG_VFIO_PCI_LIVEUPDATE is not set")) {
		verdict_set(v, VLU_FAIL, "it was built without CONFIG_VFIO_PCI_LIVEUPDATE (not "
			    "set in %s)", next->config.source);
		verdict_fix(v, "choose a kernel with CONFIG_VFIO_PCI_LIVEUPDATE");
	} else {
		look_handler(next, v);
	}
}

static void look_unreadable(int ret, const char *path, struct verdict *v)
{
	const char *why = ret == -ENOENT ? "" : ret == -EBADMSG ? " is no result of a rehearsal" :
			  ret == -EPROTONOSUPPORT ? " was made by a newer vfio-lu" :
			  strerror(-ret);

	verdict_set(v, VLU_UNKNOWN, "vfio-lu cannot see whether this pair of kernels was "
		    "rehearsed%s%s%s", why[0] ? ": " : "", path, why);
}

/*
 * A rehearsal shows facts that no check can see. A pair that was never rehearsed gets a warning.
 * A captured machine gets "unknown", because it does not have its rehearsals.
 */
static void look_rehearsed(const struct next *next, struct verdict *v)
{
	const struct vlu_next *asked = next->asked;
	char release[128], from[256];
	struct outcome outcome;
	int ret;

	if (attr_read(next->ctx, release, sizeof(release), "/proc/sys/kernel/osrelease") < 0 ||
	    installed_image(next->ctx, release, from, sizeof(from))) {
		v->advisory = true;
		verdict_set(v, VLU_UNKNOWN, "the image of the running kernel was not found, so "
			    "vfio-lu cannot see which rehearsal was of this pair");
		return;
	}
	ret = rehearsed_find(next->ctx, asked->rehearsal, next->rehearsal, from, asked->kernel,
			     asked->initrd, &outcome);
	if (!ret && outcome.verdict == VLU_PASS) {
		verdict_set(v, VLU_PASS, "this pair of kernels was rehearsed at %s, and passed (%s)",
			    outcome.date, outcome.path);
		return;
	}
	/* rehearse accepts the images that kexec_file_load() accepts */
	if (!next->image.wrap)
		verdict_run(v, "vfio-lu rehearse --next-kernel %s%s%s", asked->kernel,
			    asked->initrd ? " --next-initrd " : "",
			    asked->initrd ? asked->initrd : "");
	if (!ret) {
		verdict_set(v, outcome.verdict == VLU_FAIL ? VLU_FAIL : VLU_WARN, "this pair of "
			    "kernels was rehearsed at %s, and %s: %s (%s)", outcome.date,
			    outcome.verdict == VLU_FAIL ? "failed" : "came to no result",
			    outcome.failed, outcome.path);
	} else if (ret == -ENOENT && !(next->ctx->sys.read_only && !next->ctx->sys.root_is_slash)) {
		verdict_set(v, VLU_WARN, "%s%sthis pair of kernels was not rehearsed",
			    asked->rehearsal ? asked->rehearsal : "",
			    asked->rehearsal ? " is of another pair, and " : "");
	} else {
		v->advisory = !asked->rehearsal;
		look_unreadable(ret, outcome.path, v);
	}
}

static const struct next_rule rules[] = {
	{ "next-image", look_next_image, false },
	{ "next-config", look_config, false },
	{ "next-cmdline", look_next_cmdline, false },
	{ "next-initrd", look_next_initrd, false },
	{ "next-initrd-vfio", look_initrd_vfio, false },
	{ "next-abi", look_next_abi, false },
	{ "next-driver-match", look_next_driver, true },
	{ "rehearsed", look_rehearsed, false },
};

static const char *next_rule_id(size_t i)
{
	return i < ARRAY_SIZE(rules) ? rules[i].id : NULL;
}

const char *vlu_check_id(size_t i, const char **ret_kind)
{
	static const struct { const char *kind; const char *(*id)(size_t i); } tables[] = {
		{ "device", device_rule_id }, { "host", host_rule_id }, { "next-kernel", next_rule_id },
		{ "rehearsal", rehearsal_id },
	};
	size_t table, n;

	for (table = 0; table < ARRAY_SIZE(tables); table++, i -= n) {
		*ret_kind = tables[table].kind;
		for (n = 0; tables[table].id(n); n++)
			if (n == i)
				return tables[table].id(n);
	}
	return NULL;
}

int vlu_check_next(struct vlu_ctx *ctx, const struct vlu_next *asked,
		   const struct vlu_bdf *bdfs, size_t n, struct vlu_report **ret_report)
{
	struct next next = { .ctx = ctx, .asked = asked };
	struct vlu_report *report = NULL;
	struct verdict v;
	size_t i;
	int ret;

	cache_drop(ctx);
	ret = next_read(&next, bdfs, n);
	if (!ret) {
		next.loads_vfio = initrd_loads_vfio(&next);
		ret = report_new(ctx, &report);
	}
	for (i = 0; !ret && i < ARRAY_SIZE(rules); i++) {
		memset(&v, 0, sizeof(v));
		v.curable = rules[i].curable;
		rules[i].look(&next, &v);
		v.advisory |= rules[i].curable;
		report_add(report, rules[i].id, &v);
	}
	next_free(&next);
	return ret ? ret : report_give(ctx, report, ret_report);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The compatible strings of the running kernel, and whether the next kernel reads them. */
#include "base/attr.h"
#include "base/disk-file.h"
#include "next/next-kernel.h"

#define BLOB_MAX	(1u << 20)
#define IMAGE_MAX	(256u << 20)
#define KHO_OUT		"/sys/kernel/debug/kho/out/"

/* The consequences for a live update if a compatible string differs between the two kernels. */
struct consequence {
	const char *of;		/* the part of the handover with this string */
	const char *mismatch;
};

static const struct consequence consequences[ABI_KINDS] = {
	/* kho_populate(), kernel/liveupdate/kexec_handover.c */
	[ABI_KHO] = { "Kexec Handover",
		"it would boot as if nothing had been handed over, and all that is "
		"preserved would be lost" },
	/* luo_early_startup(), luo_core.c; luo_restore_fail() is panic() */
	[ABI_LUO] = { "the Live Update Orchestrator", "it would panic while it boots" },
	[ABI_SESSION] = { "sessions", "it would panic while it boots" },
	[ABI_FLB] = { "global live update data", "it would panic while it boots" },
	/* luo_file_deserialize_one(), luo_file.c: returns -ENOENT, and the session fails with it */
	[ABI_MEMFD] = { "memory files",
		"it could not read the session, whose manifest is a memory file, and every "
		"open of /dev/liveupdate would fail" },
	[ABI_VFIO] = { "vfio-pci files",
		"it could not read the session, and every open of /dev/liveupdate would "
		"fail" },
	[ABI_PCI] = { "preserved PCI devices",
		"it would not find the devices that this kernel preserved" },
};

static void scan_blob(struct vlu_ctx *ctx, struct abi *abi, const char *path,
		      const char *source)
{
	size_t size;
	char *data;

	if (attr_read_all(ctx, path, BLOB_MAX, &data, &size))
		return;
	abi_scan(abi, data, size, source);
	free(data);
}

/* Searches the image of the running kernel, if the file is unchanged. */
static void scan_running_image(struct vlu_ctx *ctx, struct abi *abi,
			       const char *release)
{
	static const struct { const char *path, *source; } places[] = {
		{ "/boot/vmlinuz-", "its image in /boot" },
		{ "/lib/modules/%/vmlinuz", "its image in /lib/modules" },
		{ "/usr/lib/modules/%/vmlinuz", "its image in /usr/lib/modules" },
	};
	const char *place;
	char path[300], build[128], *data;
	struct image image;
	size_t size, i;
	int len;

	if (attr_read(ctx, build, sizeof(build), "/proc/sys/kernel/version") < 0)
		return;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		place = places[i].path;
		len = (int)strcspn(place, "%");
		snprintf(path, sizeof(path), "%.*s%.100s%s", len, place, release,
			 place[len] ? place + len + 1 : "");
		if (file_read(ctx, path, IMAGE_MAX, &data, &size))
			continue;
		if (!image_parse(data, size, &image)) {
			if (image.inside && strcmp(image.release, release) == 0 &&
			    strcmp(image.build, build) == 0)
				abi_scan(abi, image.inside, image.size, places[i].source);
			image_free(&image);
		}
		free(data);
	}
}

/* Collects the strings of the running kernel, the most reliable source first. */
static void abi_here(struct vlu_ctx *ctx, struct abi *abi)
{
	struct userland root;
	char release[128];

	scan_blob(ctx, abi, KHO_OUT "fdt", "debugfs");
	scan_blob(ctx, abi, KHO_OUT "sub_fdts/LUO", "debugfs");
	if (host_release(ctx, release, sizeof(release)))
		return;
	scan_running_image(ctx, abi, release);
	if (!abi->word[ABI_VFIO].text[0] && !userland_root(ctx, &root, release)) {
		abi->word[ABI_VFIO] = root.abi.word[ABI_VFIO];
		userland_free(&root);
	}
	abi_of_release(abi, release, "its release");
}

/* Collects the strings of the next kernel from its image and its vfio-pci modules. */
static void abi_next(const struct next *next, struct abi *abi)
{
	const struct userland *from = &next->initrd;

	if (next->image.inside)
		abi_scan(abi, next->image.inside, next->image.size, "its image");
	if (abi->word[ABI_VFIO].text[0])
		return;
	if (!from->vfio_read)
		from = &next->root;
	if (from->vfio_read)
		abi->word[ABI_VFIO] = from->abi.word[ABI_VFIO];
}

/* Did vfio-lu search the file that would contain this string of the next kernel? */
static bool is_searched(const struct next *next, enum abi_kind kind)
{
	const char *source;

	if (!next->image.inside)
		return false;
	switch (kind) {
	case ABI_VFIO:
		if (next->initrd.vfio_read || next->root.vfio_read)
			return true;
		return next_vfio_pci(next, &source) == 'y';
	case ABI_PCI:
		return false;	/* the image may have "pci" in a form that the search misses */
	default:
		return true;
	}
}

/* Compares a compatible string of both kernels. Returns false if that decides the verdict. */
static bool compare(const struct next *next, const struct abi *abi_here_,
		    const struct abi *abi_there, enum abi_kind kind,
		    struct verdict *v, char *same, char *open, size_t size)
{
	const struct abi_word *here = &abi_here_->word[kind];
	const struct abi_word *there = &abi_there->word[kind];
	const struct consequence *what = &consequences[kind];
	char text[200];

	/*
	 * The next kernel need not read a part that this kernel does not write, but 7.0 requires the
	 * node of ABI_FLB: see here->none below.
	 */
	if (here->none && (kind != ABI_FLB || !there->text[0]))
		return true;
	if (!here->text[0] && !there->text[0] && (kind == ABI_SESSION || kind == ABI_FLB))
		return true;
	if (here->several || there->several) {
		snprintf(text, sizeof(text), "%s has more than one name for %s, %s among them",
			 there->several ? "its image" : "this kernel", what->of,
			 there->several ? there->text : here->text);
		text_add(open, size, "%s%s", open[0] ? "; " : "", text);
		return true;
	}
	if (here->text[0] && there->text[0] && strcmp(here->text, there->text) == 0) {
		text_add(same, size, "%s%s", same[0] ? ", " : "", here->text);
		return true;
	}
	if (here->text[0] && there->text[0]) {
		verdict_set(v, VLU_FAIL, "it reads %s as %s, and this kernel writes %s (%s): %s",
			    what->of, there->text, here->text, here->source, what->mismatch);
		return false;
	}
	if (here->none) {
		/* 7.0: luo_flb_setup_incoming() requires a node that 6.19 lacks */
		verdict_set(v, VLU_FAIL, "it needs %s (%s), which this kernel does not write: %s",
			    what->of, there->text, what->mismatch);
		return false;
	}
	if (here->text[0] && is_searched(next, kind)) {
		verdict_set(v, VLU_FAIL, "nothing in it reads %s, which this kernel writes as "
			    "%s (%s): %s", what->of, here->text, here->source,
			    kind == ABI_FLB ? consequences[ABI_PCI].mismatch : what->mismatch);
		return false;
	}
	if (here->text[0] || there->text[0])
		snprintf(text, sizeof(text), "vfio-lu does not know how %s kernel names %s (%s: %s)",
			 here->text[0] ? "the next" : "this", what->of,
			 here->text[0] ? "this kernel" : "the next kernel",
			 here->text[0] ? here->text : there->text);
	else
		snprintf(text, sizeof(text), "vfio-lu does not know how the two kernels name %s",
			 what->of);
	text_add(open, size, "%s%s", open[0] ? "; " : "", text);
	return true;
}

void look_next_abi(const struct next *next, struct verdict *v)
{
	struct abi here = { 0 }, there = { 0 };
	char same[400] = "", open[400] = "";
	struct kconfig config;
	bool hands_over;
	int i;

	if (next->running) {
		verdict_set(v, VLU_PASS, "it is the kernel that runs now");
		return;
	}
	if (!next->is_image) {
		verdict_set(v, VLU_UNKNOWN, "it is not an image that can be read");
		return;
	}
	if (host_config(next->ctx, &config))
		config.text = NULL;
	hands_over = !config.text || kconfig_get(&config, "LIVEUPDATE") ||
		     sys_exists(&next->ctx->sys, KHO_OUT);
	kconfig_free(&config);
	if (!hands_over) {
		verdict_set(v, VLU_UNKNOWN, "this kernel hands nothing over, so there is "
			    "nothing to compare it with");
		return;
	}
	abi_here(next->ctx, &here);
	abi_next(next, &there);
	for (i = 0; i < ABI_KINDS; i++) {
		if (compare(next, &here, &there, (enum abi_kind)i, v, same, open, sizeof(same)))
			continue;
		verdict_fix(v, "choose a kernel that is made for live updates from this kernel");
		return;
	}
	if (open[0] && !next->image.inside) {
		verdict_set(v, VLU_UNKNOWN, "its formats are not known: %s", next->image.why);
	} else if (open[0]) {
		verdict_set(v, VLU_UNKNOWN, "%s%s%s", open, same[0] ? "; equal in both kernels: " : "", same);
		/* a string is not known on one side or both, or a side has several names for it */
		if (!here.word[ABI_VFIO].text[0] || !here.word[ABI_PCI].text[0])
			verdict_fix(v, "put the image and the modules of this kernel into /boot "
				    "and /lib/modules");
		else if (!there.word[ABI_VFIO].text[0] && !next->asked->initrd)
			verdict_fix(v, "name its initrd by --next-initrd");
		else if (!there.word[ABI_VFIO].text[0])
			verdict_fix(v, "add vfio-pci to its initrd, or install its modules here");
		else
			verdict_fix(v, "try it: vfio-lu rehearse");
	} else if (strcmp(here.word[ABI_PCI].text, "pci") == 0) {
		/* struct pci_ser has its own version, in the PCI series from v8 on */
		verdict_set(v, VLU_WARN, "its formats have the same names as this kernel's (%s), but an "
			    "image does not show the version of \"pci\": with another version it "
			    "would panic", same);
		verdict_fix(v, "try it: vfio-lu rehearse");
	} else {
		verdict_set(v, VLU_PASS, "its formats have the names of this kernel's: %s", same);
	}
}

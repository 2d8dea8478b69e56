/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks that kexec_file_load() accepts the image. If not, tells how to extract the kernel. */
#include "base/text.h"
#include "next/next-kernel.h"

static bool is_arm64_here(const struct next *next)
{
	return strcmp(next->machine, "aarch64") == 0;
}

/* kexec_file_loaders[], machine_kexec_64.c (x86), machine_kexec_file.c (arm64) */
static const char *accepted_here(const struct next *next)
{
	return is_arm64_here(next) ? "an Image" : "a bzImage";
}

static const char *kind_name(const struct next *next)
{
	switch (next->image.kind) {
	case IMAGE_BZIMAGE:
		return "a bzImage";
	case IMAGE_ARM64:
		return "an arm64 Image";
	case IMAGE_VMLINUX:
		return "a vmlinux";
	default:
		return "a kernel";
	}
}

/* Adds commands to the fix that unpack a part of the file into another file. */
static void cut_out(const struct next *next, struct verdict *v, struct part part,
		    const char *unpack, const char *to)
{
	const char *file = next->asked->kernel;

	if (!part.size)
		return;
	text_add(v->fix, sizeof(v->fix), "%s", v->fix[0] ? "; " : "");
	if (!part.at)
		text_add(v->fix, sizeof(v->fix), "%s %s >%s", unpack, file, to);
	else
		text_add(v->fix, sizeof(v->fix), "tail -c +%zu %s | head -c %zu%s%s >%s",
			 part.at + 1, file, part.size, unpack ? " | " : "", unpack ? unpack : "", to);
}

static void look_wrapped(const struct next *next, struct verdict *v)
{
	const char *release = next->image.release, *file = next->asked->kernel;
	const struct image *image = &next->image;
	char said[300] = "";

	if (release[0])
		text_add(said, sizeof(said), " of %s", release);
	if (image->why[0])
		text_add(said, sizeof(said), ": %s", image->why);
	else if (image->wrap != WRAP_UKI)
		text_add(said, sizeof(said), ", compressed %sby %s", image->wrap == WRAP_PACKED ?
			 "as a whole " : "", codec_name(image->codec));
	switch (image->wrap) {
	case WRAP_UKI:
		verdict_set(v, VLU_FAIL, "%s is a unified kernel image (UKI)%s; kexec_file_load() "
			    "accepts only its parts: the kernel in section .linux%s%s", file, said,
			    image->initrd.size ? ", the initrd in .initrd" : "",
			    image->cmdline.size ? ", the command line in .cmdline" : "");
		cut_out(next, v, image->kernel, NULL, "vmlinuz");
		cut_out(next, v, image->initrd, NULL, "initrd");
		break;
	case WRAP_ZBOOT:
		verdict_set(v, VLU_FAIL, "%s is an EFI zboot image%s; kexec_file_load() accepts only "
			    "the Image in it", file, said);
		cut_out(next, v, image->kernel, codec_command(image->codec), "Image");
		break;
	default:
		verdict_set(v, VLU_FAIL, "%s is %s%s; kexec_file_load() accepts only %s that is not "
			    "compressed as a whole", file, kind_name(next), said, accepted_here(next));
		if (image->kind != IMAGE_VMLINUX)
			cut_out(next, v, image->kernel, codec_command(image->codec), "vmlinuz");
	}
	if (image->damaged)
		verdict_fix(v, "install that kernel again");
}

static bool is_for_another(const struct next *next)
{
	return next->image.machine && next->machine[0] &&
	       strcmp(next->image.machine, next->machine) != 0;
}

void look_next_image(const struct next *next, struct verdict *v)
{
	const char *release = next->image.release[0] ? next->image.release : "an unknown release";
	const struct image *image = &next->image;
	const char *file = next->asked->kernel;

	if (!next->is_image) {
		verdict_set(v, VLU_FAIL, "%s is not a kernel image", file);
		verdict_fix(v, "name the file that was installed as /boot/vmlinuz-RELEASE");
	} else if (is_for_another(next)) {
		verdict_set(v, VLU_FAIL, "%s is %s of %s for %s, and this machine is %s", file,
			    kind_name(next), release, image->machine, next->machine);
		verdict_fix(v, "choose a kernel for this machine");
	} else if (image->kind == IMAGE_HIDDEN && image->wrap == WRAP_PACKED && !image->damaged) {
		verdict_set(v, VLU_UNKNOWN, "vfio-lu cannot see whether %s is a kernel: %s", file, image->why);
		verdict_fix(v, "unpack it with %s, and name the result",
			    codec_command(image->codec));
	} else if (image->wrap) {
		look_wrapped(next, v);
	} else if (image->kind == IMAGE_VMLINUX) {
		verdict_set(v, VLU_FAIL, "%s is a vmlinux of %s; kexec_file_load() accepts only %s", file,
			    release, accepted_here(next));
		verdict_fix(v, "name its %s, installed as /boot/vmlinuz-RELEASE", is_arm64_here(next) ?
			    "Image" : "bzImage");
	} else if (!image->loads) {
		verdict_set(v, VLU_FAIL, "%s is a bzImage that kexec_file_load() refuses: the kernel is "
			    "not for 64 bits, or too old", file);
		verdict_fix(v, "choose a 64-bit kernel");
	} else if (image->damaged) {
		verdict_set(v, VLU_FAIL, "%s is an image of %s that would not boot: %s", file, release,
			    image->why);
		verdict_fix(v, "install that kernel again");
	} else if (!image->inside) {
		verdict_set(v, VLU_UNKNOWN, "%s, but its content is unknown: %s", release,
			    image->why);
	} else {
		verdict_set(v, VLU_PASS, "%s of %s", kind_name(next), release);
	}
}

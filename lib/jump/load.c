/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/cache.h"
#include "base/disk-file.h"
#include "base/program.h"
#include "formats/cmdline.h"
#include "jump/jump.h"
#include "machine/kexec-state.h"

static int run_load(struct step *step)
{
	struct jump *load = step->plan->data;

	load->another = kexec_is_loaded(load->ctx) == VLU_YES;
	return kexec_image_load(load->ctx, &load->image, NULL);
}

static int undo_load(struct step *step)
{
	static const char *const argv[] = { "kexec", "-s", "-u", NULL };
	const struct jump *load = step->plan->data;
	int ret;

	ret = program_run(load->ctx, argv, NULL, 0);
	if (ret)
		return vlu_fail(load->ctx, VLU_PARTIAL, -EIO,
				"the image could not be unloaded");
	/* the image of another tool must not be mistaken for this one */
	kexec_image_forget(load->ctx);
	return load->another ? vlu_fail(load->ctx, VLU_PARTIAL, -ENOENT, "no image is loaded "
					"now: the previous one is gone too") : 0;
}

static int run_remember(struct step *step)
{
	struct jump *load = step->plan->data;

	return kexec_image_remember(load->ctx, &load->image);
}

/* The note has one line per path, and vfio-lu kexec must load exactly these files. */
static int need_one_line(struct vlu_ctx *ctx, const char *what, const char *text)
{
	return !text || !strchr(text, '\n') ? 0 :
	       vlu_fail(ctx, FAIL_FILE, -EINVAL, "%s has a line break, so vfio-lu kexec could not load "
			"it again; use one without a line break", what);
}

static int fill_image(struct vlu_ctx *ctx, struct jump *load, const char *kernel,
		      const char *initrd, const char *cmdline, const char *append)
{
	struct kexec_image *image = &load->image;
	char running[8192];
	int ret;

	if (!cmdline) {
		ret = attr_read(ctx, running, sizeof(running), "/proc/cmdline");
		if (ret < 0)
			return vlu_failed(ctx, ret, "cannot read /proc/cmdline");
		cmdline = running;
	}
	load->added = kexec_cmdline_lacks(cmdline, append);
	/* vfio-lu kexec may run in another directory */
	image->kernel = file_absolute(ctx, kernel);
	image->initrd = initrd ? file_absolute(ctx, initrd) : NULL;
	image->cmdline = kexec_cmdline(cmdline, append, NULL);
	if (!image->kernel || !image->cmdline || (initrd && !image->initrd))
		return vlu_nomem(ctx);
	ret = need_one_line(ctx, "the path of the kernel", image->kernel);
	if (!ret)
		ret = need_one_line(ctx, "the path of the initrd", image->initrd);
	return ret ? ret : need_one_line(ctx, "the command line", image->cmdline);
}

static int add_load(struct jump *load)
{
	const struct kexec_image *image = &load->image;
	int ret;

	ret = kexec_image_judge(load->ledger, &load->image, load->force);
	if (ret)
		return ret;
	jump_step(load, run_load, undo_load, "load %p with kexec_file_load, command line: %v",
		  image->kernel, image->line);
	jump_step(load, run_remember, NULL, "record the loaded image", NULL, NULL);
	return plan_say(load->plan, "load", "loaded %s%s%s%s; command line: %s%s%s",
			image->kernel, image->initrd ? " and " : "",
			image->initrd ? image->initrd : "", image->forced ? "" : ", with handover", image->line,
			load->added[0] ? "; added:" : "", load->added);
}

int vlu_plan_load(struct vlu_ctx *ctx, const char *kernel,
		  const char *initrd, const char *cmdline,
		  const char *append, bool force, struct vlu_plan **ret_plan)
{
	struct jump *load;
	int ret;

	cache_drop(ctx);
	ret = file_need(ctx, kernel);
	if (!ret && initrd)
		ret = file_need(ctx, initrd);
	if (!ret)
		ret = jump_plan(ctx, HOST_LOAD, &load);
	if (ret)
		return ret;
	load->force = force;
	ret = fill_image(ctx, load, kernel, initrd, cmdline, append);
	if (!ret)
		ret = add_load(load);
	return plan_give(load->plan, ret, ret_plan);
}

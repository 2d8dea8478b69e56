/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "device.h"
#include "host.h"
#include "keeper.h"
#include "kexec.h"
#include "session.h"

/* What load loaded; in /run, so that it ends with this kernel. */
#define LOADED	RUN_DIR "/loaded"

enum vlu_known kexec_loaded(struct vlu_ctx *ctx)
{
	int64_t loaded;
	int ret;

	ret = attr_number(ctx, &loaded, "/sys/kernel/kexec_loaded");
	if (ret == -ENOENT)	/* moved in newer kernels */
		ret = attr_number(ctx, &loaded, "/sys/kernel/kexec/loaded");
	return ret < 0 ? VLU_DONT_KNOW : loaded ? VLU_YES : VLU_NO;
}

enum vlu_known kexec_loaded_by_us(struct vlu_ctx *ctx)
{
	int mode = sys_mode(&ctx->sys, LOADED);

	return mode >= 0 ? VLU_YES : mode == -ENOENT ? VLU_NO : VLU_DONT_KNOW;
}

static bool append_word(char **line, const char *word, size_t len)
{
	char *more;

	if (asprintf(&more, "%s%s%.*s", *line, **line && len ? " " : "",
		     (int)len, word) < 0)
		return false;
	free(*line);
	*line = more;
	return true;
}

char *kexec_cmdline(const char *base, const char *append)
{
	static const char *const switches[] = { "kho", "liveupdate" };
	char *line = strdup(""), value[64];
	const char *p, *end;
	size_t i;

	for (p = base; line && *p; p = end) {
		bool quoted = false;

		p += strspn(p, " \t\n");
		for (end = p; *end && (quoted || !strchr(" \t\n", *end)); end++)
			if (*end == '"')
				quoted = !quoted;
		/* GRUB names the image it booted; that will not be true */
		if (end > p && strncmp(p, "BOOT_IMAGE=", 11) != 0 &&
		    !append_word(&line, p, (size_t)(end - p)))
			return NULL;
	}
	if (line && append && !append_word(&line, append, strlen(append)))
		return NULL;
	for (i = 0; line && i < ARRAY_SIZE(switches); i++) {
		if (cmdline_get(line, switches[i], value, sizeof(value)) &&
		    kernel_bool(value) == VLU_YES)
			continue;
		snprintf(value, sizeof(value), "%s=on", switches[i]);
		if (!append_word(&line, value, strlen(value)))
			return NULL;
	}
	return line;
}

struct load {
	char *kernel, *initrd, *cmdline;
	bool another;	/* an image was loaded before this one */
};

static void load_free(void *data)
{
	struct load *load = data;

	free(load->kernel);
	free(load->initrd);
	free(load->cmdline);
	free(load);
}

static int run_load(struct vlu_plan *plan, struct step *step)
{
	struct load *load = plan->data;
	char initrd[4200], cmdline[8192], text[512] = "";
	/* -s: kexec_file_load() only, never the old system call */
	const char *argv[] = { "kexec", "-s", "-l", load->kernel, cmdline, NULL, NULL };
	int ret;

	(void)step;
	snprintf(cmdline, sizeof(cmdline), "--command-line=%s", load->cmdline);
	if (load->initrd) {
		snprintf(initrd, sizeof(initrd), "--initrd=%s", load->initrd);
		argv[5] = initrd;
	}
	load->another = kexec_loaded(plan->ctx) == VLU_YES;
	/* What fails leaves the image that there is (kexec_file_load(), kernel/kexec_file.c). */
	ret = sys_spawn(&plan->ctx->sys, "kexec", (char *const *)argv, SYS_SPAWN_WAIT,
			text, sizeof(text));
	if (ret == 127)
		return vlu_fail(plan->ctx, VLU_UNSUPPORTED, -ENOENT,
				"there is no kexec program; install kexec-tools");
	if (ret)
		return vlu_fail(plan->ctx, VLU_FAILED, ret < 0 ? ret : -EIO,
				"the next kernel was not loaded: %s", ret < 0 ?
				strerror(-ret) : *text ? text : "kexec failed silently");
	return 0;
}

static int undo_load(struct vlu_plan *plan, struct step *step)
{
	static const char *const argv[] = { "kexec", "-s", "-u", NULL };
	const struct load *load = plan->data;
	int ret;

	(void)step;
	ret = sys_spawn(&plan->ctx->sys, "kexec", (char *const *)argv, SYS_SPAWN_WAIT,
			NULL, 0);
	if (ret)
		return vlu_fail(plan->ctx, VLU_PARTIAL, -EIO,
				"the image could not be unloaded");
	/* It must not speak for an image that somebody else loads. */
	sys_unlink(&plan->ctx->sys, LOADED);
	return load->another ? vlu_fail(plan->ctx, VLU_PARTIAL, -ENOENT, "no image is loaded "
					"now: the one before this one is gone as well") : 0;
}

static const struct step_kind step_load = {
	.text = "load %p with kexec_file_load, command line: %v",
	.run = run_load,
	.undo = undo_load,
};

static int run_remember(struct vlu_plan *plan, struct step *step)
{
	struct load *load = plan->data;
	char text[9000];
	int ret;

	(void)step;
	if (kexec_loaded(plan->ctx) == VLU_NO)
		return vlu_fail(plan->ctx, VLU_FAILED, -EIO,
				"kexec reported success, but the kernel has no image loaded");
	snprintf(text, sizeof(text), "kernel=%s\ninitrd=%s\ncmdline=%s\n", load->kernel,
		 load->initrd ? load->initrd : "", load->cmdline);
	ret = sys_replace(&plan->ctx->sys, LOADED, text, strlen(text));
	if (ret)
		return vlu_fail(plan->ctx, VLU_FAILED, ret, "cannot write " LOADED ": %s",
				strerror(-ret));
	return 0;
}

static const struct step_kind step_remember = {
	.text = "remember in %p what was loaded",
	.run = run_remember,
};

/* Those that are to arrive: preserved, or if none is yet, bound to vfio-pci. */
static int find_devices(struct vlu_ctx *ctx, struct vlu_bdf **ret_bdfs, size_t *ret_n)
{
	const struct keeper *keeper;
	struct vlu_bdf *bdfs;
	size_t i, n = 0;
	int ret;

	ret = vlu_devices_read(ctx);
	if (ret)
		return ret;
	keeper = keeper_get(ctx);
	bdfs = keeper ? calloc(keeper->n + ctx->n_devices + 1, sizeof(*bdfs)) : NULL;
	if (!bdfs)
		return vlu_nomem(ctx);
	for (i = 0; i < keeper->n; i++)
		if (keeper->kept[i].preserved)
			bdfs[n++] = keeper->kept[i].bdf;
	for (i = 0; !keeper->n && i < ctx->n_devices; i++)
		if (strcmp(ctx->devices[i]->driver, "vfio-pci") == 0)
			bdfs[n++] = ctx->devices[i]->bdf;
	*ret_bdfs = bdfs;
	*ret_n = n;
	return 0;
}

/*
 * What would lose the devices over there is refused. A driver that takes one
 * first is only told: restore takes it back.
 */
static int check_next(struct vlu_ctx *ctx, const struct load *load)
{
	const struct vlu_next next = { load->kernel, load->initrd, load->cmdline };
	_cleanup_free_ struct vlu_bdf *bdfs = NULL;
	struct failures failures = { 0 };
	const struct vlu_check *row;
	struct vlu_report *report;
	char text[sizeof(failures.last)];
	size_t i, n = 0;
	int ret;

	ret = find_devices(ctx, &bdfs, &n);
	if (!ret)
		ret = vlu_check_next(ctx, &next, bdfs, n, &report);
	if (ret)
		return ret;
	for (i = 0; (row = vlu_report_at(report, i)); i++) {
		snprintf(text, sizeof(text), "the next kernel: %s (%s)%s%s", row->detail, row->id,
			 row->fix ? "; fix: " : "", row->fix ? row->fix : "");
		if (row->result == VLU_FAIL && strcmp(row->id, "next-driver-match") != 0)
			failures_add(ctx, &failures, -EINVAL, VLU_NOT_PRESERVABLE, text);
		else if (row->result == VLU_FAIL || row->result == VLU_WARN)
			vlu_log(ctx, VLU_LOG_WARNING, "%s", text);
	}
	vlu_report_free(report);
	return failures_end(ctx, &failures);
}

static int need_file(struct vlu_ctx *ctx, const char *path)
{
	int mode = sys_mode(&ctx->sys, path);

	if (mode < 0)
		return vlu_fail(ctx, VLU_FAILED, mode, "%s: %s", path, strerror(-mode));
	if ((mode & 0170000) != 0100000)
		return vlu_fail(ctx, VLU_FAILED, -EINVAL, "%s: not a file", path);
	return 0;
}

int vlu_plan_load(struct vlu_ctx *ctx, const char *kernel,
		  const char *initrd, const char *cmdline,
		  const char *append, struct vlu_plan **ret_plan)
{
	struct vlu_bdf none = { 0 };
	struct vlu_plan *plan;
	struct load *load;
	char running[4096];
	int ret;

	ret = need_file(ctx, kernel);
	if (!ret && initrd)
		ret = need_file(ctx, initrd);
	if (!ret)
		ret = session_check_host(ctx, HOST_LOAD);
	if (!ret && !cmdline) {
		ret = attr_read(ctx, running, sizeof(running), "/proc/cmdline");
		if (ret < 0)
			return vlu_fail(ctx, VLU_FAILED, ret, "cannot read /proc/cmdline: %s",
					strerror(-ret));
		cmdline = running;
		ret = 0;
	}
	if (!ret)
		ret = plan_new(ctx, PLAN_ALL, &plan);
	if (ret)
		return ret;
	load = calloc(1, sizeof(*load));
	if (load) {
		plan->data = load;
		plan->free_data = load_free;
		load->kernel = strdup(kernel);
		load->initrd = initrd ? strdup(initrd) : NULL;
		load->cmdline = kexec_cmdline(cmdline, append);
	}
	if (!load || !load->kernel || !load->cmdline || (initrd && !load->initrd))
		ret = vlu_nomem(ctx);
	if (!ret)
		ret = check_next(ctx, load);
	if (!ret)
		ret = plan_add(plan, &step_load, none, kernel, load->cmdline, NULL);
	if (!ret)
		ret = plan_add(plan, &step_remember, none, LOADED, NULL, NULL);
	if (!ret)
		ret = plan_say(plan, "loaded %s%s%s with hand-over; command line: %s", kernel,
			       initrd ? " and " : "", initrd ? initrd : "", load->cmdline);
	if (ret) {
		vlu_plan_free(plan);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}

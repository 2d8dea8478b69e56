/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "host.h"
#include "kexec.h"
#include "klog.h"
#include "manifest.h"
#include "session.h"
#include "vfio.h"

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

/* ------------------------------------------------------------------- load */

struct load {
	char *kernel, *initrd, *cmdline;
};

static void load_free(void *data)
{
	struct load *load = data;

	free(load->kernel);
	free(load->initrd);
	free(load->cmdline);
	free(load);
}

static void trim(char *text)
{
	size_t len = strlen(text);

	while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
		text[--len] = '\0';
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
	sys_unlink(&plan->ctx->sys, LOADED);
	ret = sys_spawn(&plan->ctx->sys, "kexec", (char *const *)argv, SYS_SPAWN_WAIT,
			text, sizeof(text));
	trim(text);
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
	int ret;

	(void)step;
	ret = sys_spawn(&plan->ctx->sys, "kexec", (char *const *)argv, SYS_SPAWN_WAIT,
			NULL, 0);
	return ret ? vlu_fail(plan->ctx, VLU_PARTIAL, -EIO,
			      "the image could not be unloaded") : 0;
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

/* ------------------------------------------------------------------- jump */

static int run_quiet(struct vlu_plan *plan, struct step *step)
{
	char key[HOLDER_KEY], name[VLU_BDF_SIZE];
	struct vlu_ctx *ctx = plan->ctx;
	int fd, ret;

	held_device_key(key, step->value, step->bdf);
	ret = held_get(ctx, key, &fd);
	if (ret)
		return ret;
	ret = vfio_irqs_off(ctx, vlu_bdf_format(step->bdf, name), fd);
	sys_close(&ctx->sys, fd);
	return ret;
}

static const struct step_kind step_quiet = {
	.text = "%d: turn its interrupts off through its file in session %v",
	.run = run_quiet,
};

static int run_sync(struct vlu_plan *plan, struct step *step)
{
	static const char *const argv[] = { "sync", NULL };
	int ret;

	(void)step;
	ret = sys_spawn(&plan->ctx->sys, "sync", (char *const *)argv, SYS_SPAWN_WAIT,
			NULL, 0);
	if (ret)
		vlu_log(plan->ctx, VLU_LOG_WARNING, "sync failed (%d)", ret);
	return 0;
}

static const struct step_kind step_sync = {
	.text = "sync the disks",
	.run = run_sync,
};

/* The kernel came back: say who refused, in its own words. */
static int jump_failed(struct vlu_plan *plan, int ret, const char *text,
		       unsigned int freezes_before)
{
	const struct klog *log;

	klog_drop(plan->ctx);
	log = klog_get(plan->ctx);
	if (log && log->n_freezes > freezes_before)
		return vlu_fail(plan->ctx, VLU_FAILED, -EIO, "the jump failed: \"%s\"; the "
				"sessions are still held. Devices preserved before this one were "
				"frozen and answer EIO until they are released and bound again",
				log->freeze);
	return vlu_fail(plan->ctx, VLU_FAILED, -EIO, "the jump failed: %s; the sessions "
			"are still held", ret < 0 ? strerror(-ret) :
			*text ? text : "kexec said nothing");
}

static int run_jump(struct vlu_plan *plan, struct step *step)
{
	static const char *const direct[] = { "kexec", "-e", NULL };
	static const char *const managed[] = { "systemctl", "kexec", NULL };
	bool systemd = strcmp(step->value, "systemctl kexec") == 0;
	const struct klog *log = klog_get(plan->ctx);
	unsigned int freezes = log ? log->n_freezes : 0;
	char text[512] = "";
	int ret;

	ret = sys_spawn(&plan->ctx->sys, systemd ? "systemctl" : "kexec",
			(char *const *)(systemd ? managed : direct), SYS_SPAWN_WAIT,
			text, sizeof(text));
	trim(text);
	/* systemctl only asks; the shutdown comes for us too. */
	if (systemd && ret == 0)
		return 0;
	return jump_failed(plan, ret, text, freezes);
}

static const struct step_kind step_jump = {
	.text = "jump: %v",
	.run = run_jump,
};

struct jump {
	struct vlu_ctx *ctx;
	struct vlu_plan *plan;
	struct held held;
	size_t sessions;
	int ret;
};

/* A manifest of this boot is a promise: its session must be held, whole. */
static int check_promise(void *arg, const char *name)
{
	struct jump *jump = arg;
	struct vlu_ctx *ctx = jump->ctx;
	char bdf[VLU_BDF_SIZE];
	struct manifest manifest;
	const char *value;
	size_t i;

	jump->ret = manifest_read(ctx, RUN_DIR, name, &manifest);
	if (jump->ret)
		return 1;
	value = held_find(&jump->held, "session/%s", name);
	if (!value)
		jump->ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT, "session %s is gone: "
				     "its holder was killed, and its devices would not "
				     "survive the jump; fix: vfio-lu preserve them again, or "
				     "vfio-lu release --session %s", name, name);
	for (i = 0; !jump->ret && i < manifest.n_devices; i++) {
		vlu_bdf_format(manifest.devices[i].bdf, bdf);
		value = held_find(&jump->held, "device/%s/%s", name, bdf);
		if (!value || !held_says(value, "state=preserved"))
			jump->ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT,
					     "%s: not preserved any more, though session %s "
					     "promises it; fix: vfio-lu preserve --session %s %s",
					     bdf, name, name, bdf);
		else
			jump->ret = plan_add(jump->plan, &step_quiet,
					     manifest.devices[i].bdf, NULL, name, NULL);
	}
	manifest_free(&manifest);
	jump->sessions++;
	return jump->ret != 0;
}

static int check_incoming(struct jump *jump)
{
	char session[64];
	size_t i;

	for (i = 0; i < jump->held.n; i++) {
		const struct held_item *item = &jump->held.items[i];

		if (strncmp(item->key, "session/", 8) != 0 ||
		    !held_says(item->value, "direction=incoming"))
			continue;
		snprintf(session, sizeof(session), "%.63s", item->key + 8);
		return vlu_fail(jump->ctx, VLU_NOT_PRESERVABLE, -EBUSY,
				"session %s of the previous kernel is not finished, and the "
				"jump would lose it; first: vfio-lu finish --session %s",
				session, session);
	}
	return 0;
}

static int check_image(struct vlu_ctx *ctx)
{
	switch (kexec_loaded(ctx)) {
	case VLU_NO:
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT,
				"no kernel is loaded; first: vfio-lu load KERNEL");
	case VLU_DONT_KNOW:
		return vlu_fail(ctx, VLU_UNSUPPORTED, -ENOENT,
				"this kernel does not say whether an image is loaded");
	default:
		break;
	}
	if (kexec_loaded_by_us(ctx) != VLU_YES)
		return vlu_fail(ctx, VLU_NOT_PRESERVABLE, -EPERM, "the loaded kernel was not "
				"loaded by vfio-lu, and an image loaded the old way hands "
				"nothing over; first: vfio-lu load KERNEL");
	return 0;
}

int vlu_plan_kexec(struct vlu_ctx *ctx, struct vlu_plan **ret_plan)
{
	struct vlu_bdf none = { 0 };
	struct jump jump = { .ctx = ctx };
	bool systemd;
	int ret;

	ret = session_check_host(ctx, HOST_JUMP);
	if (!ret)
		ret = session_held(ctx, &jump.held);
	if (ret)
		return ret;
	ret = plan_new(ctx, PLAN_ALL, &jump.plan);
	if (!ret) {
		ret = manifest_each(ctx, RUN_DIR, check_promise, &jump);
		ret = jump.ret ? jump.ret : ret == -ENOENT || ret > 0 ? 0 : ret;
	}
	if (!ret)
		ret = check_incoming(&jump);
	if (!ret && !jump.sessions)
		ret = vlu_fail(ctx, VLU_NOT_PRESERVABLE, -ENOENT, "nothing is preserved; "
			       "first: vfio-lu preserve BDF (or 'kexec -e' for a jump "
			       "that keeps nothing)");
	if (!ret)
		ret = check_image(ctx);
	systemd = sys_exists(&ctx->sys, "/run/systemd/system");
	if (!ret && !systemd)
		ret = plan_add(jump.plan, &step_sync, none, NULL, NULL, NULL);
	if (!ret)
		ret = plan_add(jump.plan, &step_jump, none, NULL,
			       systemd ? "systemctl kexec" : "kexec -e", NULL);
	held_free(&jump.held);
	if (ret) {
		vlu_plan_free(jump.plan);
		return ret;
	}
	*ret_plan = jump.plan;
	return 0;
}

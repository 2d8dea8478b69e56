/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli.h"
#include "cmd.h"

struct load_opts {
	const char *initrd;
	const char *cmdline;
	bool reuse_cmdline;
	const char *append;
	bool force;
};

#define IN(field) .offset = offsetof(struct load_opts, field)

static const struct opt load_opts[] = {
	{ .name = "initrd", .type = OPT_TEXT, IN(initrd), .arg = "FILE",
	  .hint = HINT_FILE, .help = "the initrd of the next kernel" },
	{ .name = "cmdline", .type = OPT_TEXT, IN(cmdline), .arg = "STRING",
	  .empty = true, .help = "the command line of the next kernel" },
	{ .name = "reuse-cmdline", .type = OPT_FLAG, IN(reuse_cmdline),
	  .help = "use the command line of the running kernel (default)" },
	{ .name = "append", .type = OPT_TEXT, IN(append), .arg = "STRING",
	  .empty = true, .help = "append STRING to that command line" },
	{ .name = "force", .type = OPT_FLAG, IN(force),
	  .help = "load the kernel whatever the checks say" },
	OPT_END
};

static int run_load(struct cli *cli, const void *opts)
{
	const struct load_opts *o = opts;
	struct vlu_plan *plan;

	if (o->cmdline && o->reuse_cmdline) {
		cli_usage("--cmdline and --reuse-cmdline exclude each other");
		return opt_usage(&cmd_load);
	}
	return cli_plan(cli, vlu_plan_load(cli->ctx, cli->argv[0], o->initrd, o->cmdline, o->append,
					   o->force, &plan), &plan);
}

struct kexec_opts {
	bool force;
};

static const struct opt kexec_opts[] = {
	{ .name = "force", .type = OPT_FLAG, .offset = offsetof(struct kexec_opts, force),
	  .help = "end VMs whose devices are in no session, lose unfinished sessions" },
	OPT_END
};

static int run_kexec(struct cli *cli, const void *opts)
{
	const struct kexec_opts *o = opts;
	struct vlu_plan *plan;

	return cli_plan(cli, vlu_plan_kexec(cli->ctx, o->force, &plan), &plan);
}

const struct command cmd_load = {
	.name = "load",
	.args = "KERNEL",
	.hint = HINT_FILE,
	.min_args = 1,
	.max_args = 1,
	.changes = true,
	.summary = "load the next kernel for a handover",
	.text = "Loads the image KERNEL with kexec_file_load(2), because nothing is handed "
		"over to an image that kexec_load(2) loaded. Checks the next kernel first, "
		"as check --next-kernel does, and refuses a kernel unless it is ready. The "
		"command line of the next kernel gets kho=on liveupdate=on and "
		"vfio-lu.session= with the names of the sessions, so that vfio-lu in the "
		"next kernel knows which sessions to restore.",
	.opts = load_opts,
	.size = sizeof(struct load_opts),
	.run = run_load,
};

const struct command cmd_kexec = {
	.name = "kexec",
	.max_args = 0,
	.changes = true,
	.summary = "check again, then start the next kernel",
	.text = "Checks the sessions, their devices and the image that vfio-lu load chose. "
		"Loads that image again, in place of any other, disables the interrupts of "
		"the devices, and starts the next kernel. Uses systemctl kexec if systemd "
		"runs and does not end the holder; otherwise kexec -e, which stops no "
		"service and unmounts no file system. --dry-run says which of the two, and "
		"why.\nThe command refuses while a VM uses a device that is in no session, "
		"and while a session of the previous kernel is not finished. With --force "
		"the kexec ends that VM and loses that session.",
	.opts = kexec_opts,
	.size = sizeof(struct kexec_opts),
	.run = run_kexec,
};

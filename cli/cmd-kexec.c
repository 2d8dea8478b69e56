/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli.h"
#include "cmd.h"

struct load_opts {
	const char *initrd;
	const char *cmdline;
	bool reuse_cmdline;
	const char *append;
};

#define IN(field) .offset = offsetof(struct load_opts, field)

static const struct opt load_opts[] = {
	{ .name = "initrd", .type = OPT_TEXT, IN(initrd), .arg = "FILE",
	  .hint = HINT_FILE, .help = "its initial RAM disk" },
	{ .name = "cmdline", .type = OPT_TEXT, IN(cmdline), .arg = "STRING",
	  .empty = true, .help = "its command line" },
	{ .name = "reuse-cmdline", .type = OPT_FLAG, IN(reuse_cmdline),
	  .help = "the command line of this kernel (the default)" },
	{ .name = "append", .type = OPT_TEXT, IN(append), .arg = "STRING",
	  .empty = true, .help = "add this to the command line" },
	OPT_END
};

static int run_load(struct cli *cli, const void *opts, int argc, char **argv)
{
	const struct load_opts *o = opts;
	struct vlu_plan *plan;

	(void)argc;
	if (o->cmdline && o->reuse_cmdline) {
		cli_error("--cmdline and --reuse-cmdline exclude each other");
		return opt_usage(&cmd_load);
	}
	if (vlu_plan_load(cli->ctx, argv[0], o->initrd, o->cmdline, o->append,
			  &plan) < 0)
		return cli_fail(cli);
	return cli_plan(cli, plan);
}

static int run_kexec(struct cli *cli, const void *opts, int argc, char **argv)
{
	struct vlu_plan *plan;

	(void)opts, (void)argc, (void)argv;
	if (vlu_plan_kexec(cli->ctx, &plan) < 0)
		return cli_fail(cli);
	return cli_plan(cli, plan);
}

const struct command cmd_load = {
	.name = "load",
	.args = "KERNEL",
	.hint = HINT_FILE,
	.min_args = 1,
	.max_args = 1,
	.changes = true,
	.summary = "load the next kernel so that state is handed over",
	.text = "Loads the image KERNEL with kexec_file_load(2). The older system "
		"call would hand nothing over, and say nothing. What is loaded is looked "
		"at first, as check --next-kernel does, and refused if it would lose the "
		"devices that are preserved.",
	.opts = load_opts,
	.size = sizeof(struct load_opts),
	.run = run_load,
};

const struct command cmd_kexec = {
	.name = "kexec",
	.max_args = 0,
	.changes = true,
	.summary = "check once more, then jump into the next kernel",
	.text = "Checks the sessions, their devices and the loaded image, turns the "
		"devices' interrupts off and jumps: by systemctl kexec where systemd "
		"runs and does not end the holder before, else by kexec -e, which stops "
		"no service and unmounts no file system. --dry-run says which and why.",
	.run = run_kexec,
};

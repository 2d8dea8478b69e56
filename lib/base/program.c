/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/program.h"

/* Returns Debian's name of the package, or the name of the program if it is not in the table. */
static const char *package_of(const char *program)
{
	static const struct {
		const char *program, *package;
	} packages[] = {
		{ "kexec", "kexec-tools" }, { "systemctl", "systemd" }, { "udevadm", "udev" },
		{ "qemu-system-x86_64", "qemu-system-x86" }, { "modprobe", "kmod" }, { "ldd", "libc-bin" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(packages); i++)
		if (strcmp(packages[i].program, program) == 0)
			return packages[i].package;
	return program;
}

static int no_program(struct vlu_ctx *ctx, const char *program)
{
	return vlu_fail(ctx, FAIL_NO_PROGRAM, -ENOENT, "there is no program %s; fix: install %s",
			program, package_of(program));
}

int program_find(struct vlu_ctx *ctx, const char *program, char *path, size_t size)
{
	static const char *const dirs[] = {
		SBINDIR, "/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/bin",
	};
	size_t i;
	int mode;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(path, size, "%s/%s", dirs[i], program);
		mode = sys_mode(&ctx->sys, path);
		if (mode >= 0 && (mode & 0170000) == 0100000 && (mode & 0111))
			return 0;
	}
	return no_program(ctx, program);
}

int program_run(struct vlu_ctx *ctx, const char *const argv[], char *text, size_t size)
{
	int ret = sys_spawn(&ctx->sys, argv[0], (char *const *)argv, SYS_SPAWN_WAIT, text, size);

	/* The child exits with 127 when it cannot find the program. */
	if (ret == 127 || ret == -ENOENT)
		return no_program(ctx, argv[0]);
	if (ret < 0)
		return vlu_failed(ctx, ret, "cannot run %s", argv[0]);
	return ret;
}

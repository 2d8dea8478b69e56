/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>

#include "base/program.h"
#include "machine/systemd.h"

bool systemd_is_running(struct vlu_ctx *ctx)
{
	/* the test of sd_booted() */
	return sys_exists(&ctx->sys, "/run/systemd/system");
}

bool systemd_is_stopping(struct vlu_ctx *ctx, int status)
{
	/*
	 * "systemctl is-system-running" says "starting" until the boot has ended, whatever comes
	 * next. The job says what comes next.
	 */
	static const char *const ask[] = {
		"systemctl", "show", "--property=Job", "--property=ActiveState", "kexec.target", NULL
	};
	struct failure first = ctx->failure;
	char text[256] = "";
	const char *job;

	/*
	 * The shutdown ends systemctl, its bus and this process. If SIGTERM ended systemctl and is
	 * pending here, systemd is stopping the unit of both: the shutdown has begun.
	 */
	if (status == 0 || (status == 128 + SIGTERM && ctx->stop && ctx->stop(ctx->stop_arg)))
		return true;
	if (program_run(ctx, ask, text, sizeof(text)) < 0)
		ctx->failure = first;
	job = strstr(text, "Job=");
	return (job && job[4] > '0' && job[4] <= '9') || strstr(text, "ActiveState=activ");
}

int systemd_of_library(const char *file)
{
	static const char *const names[] = { "libsystemd-shared-", "libsystemd-core-" };
	long version;
	size_t i, len;
	char *end;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		len = strlen(names[i]);
		if (strncmp(file, names[i], len) != 0)
			continue;
		version = strtol(file + len, &end, 10);
		/* also accepts -257.9-1.fc42.so and -261~rc2.so */
		if (end > file + len && version > 0 && version < 100000 && strstr(end, ".so"))
			return (int)version;
	}
	return -1;
}

struct looking {
	struct vlu_ctx *ctx;
	char dir[128];
	int version;
};

static int look_at_library(void *arg, const char *name)
{
	struct looking *look = arg;
	int version = systemd_of_library(name);
	char path[512];

	snprintf(path, sizeof(path), "%s/%.255s", look->dir, name);
	if (version > look->version && sys_exists(&look->ctx->sys, path))
		look->version = version;
	return 0;
}

/* Debian has the library of systemd in a directory of the architecture. */
static int look_at_directory(void *arg, const char *name)
{
	struct looking *look = arg;

	if (!strstr(name, "-linux-"))
		return 0;
	snprintf(look->dir, sizeof(look->dir), "/usr/lib/%.64s/systemd", name);
	sys_list(&look->ctx->sys, look->dir, look_at_library, look);
	return 0;
}

int systemd_installed(struct vlu_ctx *ctx)
{
	static const char *const dirs[] = {
		"/usr/lib/systemd", "/usr/lib64/systemd", "/lib/systemd",
		"/run/current-system/systemd/lib/systemd",	/* NixOS */
	};
	struct looking look = { .ctx = ctx, .version = -1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(look.dir, sizeof(look.dir), "%s", dirs[i]);
		sys_list(&ctx->sys, dirs[i], look_at_library, &look);
	}
	sys_list(&ctx->sys, "/usr/lib", look_at_directory, &look);
	return look.version;
}

int systemd_version(struct vlu_ctx *ctx)
{
	return systemd_is_running(ctx) ? systemd_installed(ctx) : 0;
}

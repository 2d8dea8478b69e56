/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "base/program.h"
#include "service.h"

bool service_is_installed(struct vlu_ctx *ctx)
{
	static const char *const places[] = {
		"/etc/systemd/system/" SERVICE_UNIT, "/run/systemd/system/" SERVICE_UNIT,
		"/usr/local/lib/systemd/system/" SERVICE_UNIT,
		"/usr/lib/systemd/system/" SERVICE_UNIT, "/lib/systemd/system/" SERVICE_UNIT,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		if (sys_exists(&ctx->sys, places[i]))
			return true;
	return false;
}

int service_start(struct vlu_ctx *ctx)
{
	static const char *const argv[] = { "systemctl", "start", SERVICE_UNIT, NULL };
	char text[512] = "";
	int ret;

	ret = program_run(ctx, argv, text, sizeof(text));
	if (ret <= 0)
		return ret;
	return vlu_fail(ctx, FAIL_HOLDER_ENDED, -EIO, "systemctl start " SERVICE_UNIT " failed: %s; see "
			"journalctl -u " SERVICE_UNIT, *text ? text : "it printed no reason");
}

enum service_place service_of(struct vlu_ctx *ctx, pid_t pid)
{
	_cleanup_free_ char *text = NULL;
	char path[64], *line, *group, *save = NULL;
	enum service_place place = SERVICE_UNKNOWN;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (attr_read_all(ctx, path, 65536, &text, &size))
		return SERVICE_UNKNOWN;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		/* systemd's own hierarchy: "0::/..." or "1:name=systemd:/..." */
		if (strncmp(line, "0::", 3) != 0 && !strstr(line, ":name=systemd:"))
			continue;
		group = strrchr(line, ':') + 1;
		if (strstr(group, "/" SERVICE_UNIT))
			return SERVICE_OURS;
		/* processes started before systemd, as in the initrd, are moved to init.scope */
		place = strcmp(group, "/") == 0 || strcmp(group, "/init.scope") == 0 ?
			SERVICE_NONE : SERVICE_OTHER;
	}
	return place;
}

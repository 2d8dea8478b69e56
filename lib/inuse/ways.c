/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/attr.h"
#include "inuse/ways.h"

#define FABRICS	"/virtual/nvme-fabrics/ctl/"
#define FC_HOSTS "/sys/class/fc_host"

struct ways {
	struct vlu_ctx *ctx;
	void (*fn)(void *arg, const char *way);
	void *arg;
};

struct port {
	const struct ways *ways;
	const char *name;	/* "0x10000090fae0ec61" */
};

static int find_port(void *arg, const char *host)
{
	const struct port *port = arg;
	struct vlu_ctx *ctx = port->ways->ctx;
	char path[512], name[32];

	snprintf(path, sizeof(path), FC_HOSTS "/%.32s", host);
	if (attr_read(ctx, name, sizeof(name), "%s/port_name", path) > 0 &&
	    strcmp(name, port->name) == 0 &&
	    sys_readlink(&ctx->sys, path, path, sizeof(path)) > 0)
		port->ways->fn(port->ways->arg, path);
	return 0;
}

void each_port(struct vlu_ctx *ctx, const char *name,
	       void (*fn)(void *arg, const char *way), void *arg)
{
	struct ways ways = { ctx, fn, arg };
	struct port port = { &ways, name };

	sys_list(&ctx->sys, FC_HOSTS, find_port, &port);
}

void fabrics_address(struct vlu_ctx *ctx, const char *sysfs, char address[512])
{
	const char *controller = strstr(sysfs, FABRICS);

	controller = controller ? controller + strlen(FABRICS) : "";
	if (!*controller || attr_read(ctx, address, 512, "/sys/devices" FABRICS "%.*s/address",
				      (int)strcspn(controller, "/"), controller) < 0)
		address[0] = '\0';
}

/*
 * Calls fn with a path or, for a controller of NVMe over Fibre Channel, with the path of the
 * adapter. Only the name of the adapter's port leads there: "host_traddr=nn-0x...:pn-0x..."
 * (nvmf_get_address()).
 */
static void pass_on(const struct ways *ways, const char *way)
{
	char address[512], name[32];
	const char *at;

	fabrics_address(ways->ctx, way, address);
	at = strstr(address, "host_traddr=nn-");
	at = at ? strstr(at, ":pn-") : NULL;
	if (!at)
		ways->fn(ways->arg, way);
	else if (take_text(name, sizeof(name), at + 4, strcspn(at + 4, ",")))
		each_port(ways->ctx, name, ways->fn, ways->arg);
}

/* Calls pass_on() for each controller of an NVMe subsystem, since the disk is below none of them. */
static int find_controller(void *arg, const char *name)
{
	const struct ways *ways = arg;
	char path[512];

	if (strncmp(name, "nvme", 4) != 0 || !name[4] ||
	    name[4 + strspn(name + 4, "0123456789")])
		return 0;
	snprintf(path, sizeof(path), "/sys/class/nvme/%.32s", name);
	if (sys_readlink(&ways->ctx->sys, path, path, sizeof(path)) > 0)
		pass_on(ways, path);
	return 0;
}

void each_way(struct vlu_ctx *ctx, const char *sysfs,
	      void (*fn)(void *arg, const char *way), void *arg)
{
	struct ways ways = { ctx, fn, arg };
	const char *subsystem = strstr(sysfs, SUBSYSTEM_PATH);
	char list[600];

	if (!strstr(sysfs, "/virtual/") || strstr(sysfs, FABRICS)) {
		pass_on(&ways, sysfs);
	} else if (subsystem) {
		snprintf(list, sizeof(list), "/sys/devices" SUBSYSTEM_PATH "%.*s",
			 (int)strcspn(subsystem + strlen(SUBSYSTEM_PATH), "/"),
			 subsystem + strlen(SUBSYSTEM_PATH));
		sys_list(&ctx->sys, list, find_controller, &ways);
	}
}

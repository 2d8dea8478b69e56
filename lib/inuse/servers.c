/* SPDX-License-Identifier: GPL-2.0-only */
/* The servers of disks and file systems of the network. */
#include <arpa/inet.h>

#include "base/attr.h"
#include "inuse/below.h"
#include "inuse/ways.h"

/* Reads "10.0.0.9:/srv", "[2001:db8::9]:6789/0", "//10.0.0.9/srv", "10.0.0.9@tcp:/srv". */
static void parse_address(struct server *server, const char *text)
{
	char address[INET6_ADDRSTRLEN];

	text += strspn(text, "/[");
	if (!take_text(address, sizeof(address), text, strcspn(text, "],/@%")))
		return;
	server->family = AF_INET6;
	if (inet_pton(AF_INET6, address, server->address) == 1)
		return;
	address[strcspn(address, ":")] = '\0';
	server->family = inet_pton(AF_INET, address, server->address) == 1 ? AF_INET : 0;
}

static void note(struct below *below, const char *address, const char *interface)
{
	struct inuse *inuse = below->inuse;
	struct server *server = pool_add(&inuse->pool, &inuse->servers, &inuse->n_servers);

	if (server) {
		server->weight = below->weight;
		server->what = pool_text(&inuse->pool, below->what, strlen(below->what));
		server->fix = pool_text(&inuse->pool, below->fix, strlen(below->fix));
		take_text(server->interface, sizeof(server->interface), interface, strlen(interface));
		parse_address(server, address);
	}
	if (!server || !server->what || !server->fix)
		inuse->short_of_memory = true;
}

/* Points to the value in a list such as "rw,addr=10.0.0.9", or returns NULL. */
static const char *value_of(const char *list, const char *key)
{
	const char *at = list;
	size_t len = strlen(key);

	while ((at = strstr(at, key)) && at != list && at[-1] != ',')
		at += len;
	return at ? at + len : NULL;
}

void use_mount_server(struct below *below, const struct mount *mount, const char *fix)
{
	static const char *const types[] = {
		"nfs", "nfs4", "cifs", "smb3", "ceph", "lustre", "afs", "fuse.glusterfs",
	};
	const char *address = value_of(mount->options, "mon_addr=");
	size_t i;

	address = address ? address : value_of(mount->options, "addr=");
	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(mount->type, types[i]) == 0) {
			snprintf(below->what, sizeof(below->what), "%.100s is mounted on %.200s",
				 mount->source, mount->point);
			below->fix = fix;
			note(below, address ? address : mount->source, "");
		}
}

/* iscsi_tcp, drivers/scsi. An adapter that does iSCSI itself is a PCI function on the path. */
static void use_iscsi(struct below *below, unsigned int host, unsigned int session)
{
	char interface[16], address[64];

	/* the file has "<NULL>" or "default" if the session is tied to no interface */
	if (attr_read(below->ctx, interface, sizeof(interface), "/sys/class/iscsi_host/host%u/netdev",
		      host) <= 0 || strpbrk(interface, "<(") || strcmp(interface, "default") == 0)
		interface[0] = '\0';
	if (attr_read(below->ctx, address, sizeof(address),
		      "/sys/class/iscsi_connection/connection%u:0/address", session) <= 0)
		address[0] = '\0';
	note(below, address, interface);
}

/* nvmf_get_address(), drivers/nvme/host/fabrics.c: "traddr=10.0.0.9,trsvcid=4420,host_iface=eth1" */
static void use_fabrics(struct below *below, const char *list)
{
	const char *address = value_of(list, "traddr="), *at = value_of(list, "host_iface=");
	char interface[16] = "";

	if (at)
		take_text(interface, sizeof(interface), at, strcspn(at, ","));
	/* nvme-loop has none */
	if (address)
		note(below, address, interface);
}

/* aoedisk_show_netif(), drivers/block/aoe/aoeblk.c: "eth1,eth2" */
static void use_aoe(struct below *below, const char *name)
{
	char list[256], *interface, *save = NULL;

	if (attr_read(below->ctx, list, sizeof(list), "/sys/class/block/%.63s/netif", name) <= 0)
		list[0] = '\0';
	for (interface = strtok_r(list, ", ", &save); interface;
	     interface = strtok_r(NULL, ", ", &save))
		note(below, "", interface);
}

/*
 * Only a connected disk has a pid (pid_show(), drivers/block/nbd.c). If that process is qemu-nbd, the
 * server is this host itself, and none is noted.
 */
static void use_nbd(struct below *below, const char *name)
{
	char comm[16] = "";
	int64_t pid;

	if (attr_number(below->ctx, &pid, "/sys/class/block/%.63s/pid", name))
		return;
	if (attr_read(below->ctx, comm, sizeof(comm), "/proc/%d/comm", (int)pid) <= 0 ||
	    strcmp(comm, "qemu-nbd") != 0)
		note(below, "", "");
}

void use_disk_server(struct below *below, const char *sysfs)
{
	const char *at = strstr(sysfs, "/platform/host"), *name = strrchr(sysfs, '/');
	unsigned int a, b;
	char address[512];

	if (below->is_layer)
		return;
	name = name ? name + 1 : sysfs;
	fabrics_address(below->ctx, sysfs, address);
	if (address[0])
		use_fabrics(below, address);
	else if (at && sscanf(at, "/platform/host%u/session%u/", &a, &b) == 2)
		use_iscsi(below, a, b);
	else if (strncmp(name, "etherd!", 7) == 0)
		use_aoe(below, name);
	else if (sscanf(name, "nbd%u", &a) == 1 && !strchr(name, 'p'))
		use_nbd(below, name);
	else if (sscanf(name, "rbd%u", &a) == 1 && strstr(sysfs, "/devices/rbd/") &&
		 attr_read(below->ctx, address, sizeof(address), "/sys/bus/rbd/devices/%u/client_addr",
			   a) > 0)
		/* our own address is in the network through which the server is reached */
		note(below, address, "");
}

static bool is_within(const struct server *server, const struct route *route)
{
	unsigned int bytes = route->prefix / 8, bits = route->prefix % 8;

	return server->family == route->family &&
	       memcmp(server->address, route->address, bytes) == 0 &&
	       (!bits || !((server->address[bytes] ^ route->address[bytes]) >> (8 - bits)));
}

void inuse_route(struct inuse *inuse, const struct route *route)
{
	struct server *server;

	for (server = inuse->servers; server < inuse->servers + inuse->n_servers; server++)
		if (is_within(server, route) &&
		    (!server->interface[0] || (server->prefix && route->prefix >= server->prefix))) {
			strcpy(server->interface, route->interface);
			server->prefix = route->prefix + 1;
		}
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses of network interfaces: addresses, routes, being part of another interface. */
#include <net/if.h>

#include "base/array.h"
#include "base/attr.h"
#include "inuse/uses.h"

struct nets {
	struct vlu_ctx *ctx;
	struct inuse *inuse;
	char tunnel[16];	/* a virtual interface with the default route and no known interface below; "": none */
	bool carried;		/* an interface that is in use, and not vital itself, can carry the tunnel */
	size_t n;
	struct net {
		char name[16];
		char path[256];
		bool is_virtual, used, vital;
	} *nets;
};

static struct net *find_net(struct nets *nets, const char *name)
{
	size_t i;

	for (i = 0; i < nets->n; i++)
		if (strcmp(nets->nets[i].name, name) == 0)
			return &nets->nets[i];
	return NULL;
}

static int note_net(void *arg, const char *name)
{
	char path[256], target[256];
	struct nets *nets = arg;
	struct net *more;

	if (strlen(name) >= sizeof(more->name))
		return 0;
	snprintf(path, sizeof(path), "/sys/class/net/%.15s", name);
	if (sys_readlink(&nets->ctx->sys, path, target, sizeof(target)) < 0)
		return 0;
	more = array_add(&nets->nets, &nets->n);
	if (!more)
		return -ENOMEM;
	strcpy(more->name, name);
	strcpy(more->path, target);
	more->is_virtual = strstr(target, "/virtual/");
	return 0;
}

typedef bool (*parse_fn)(const char *line, const char *end, struct route *ret);

static void add_route(struct nets *nets, const struct route *route, const char *what)
{
	struct net *net = find_net(nets, route->interface);
	/* A host that loses other routes can still be reached over the default route. */
	bool vital = strcmp(route->to, "default") == 0;
	char fix[96];

	inuse_route(nets->inuse, route);
	if (net && net->is_virtual && vital)
		strcpy(nets->tunnel, net->name);
	if (!net || net->is_virtual || (net->used && !vital))
		return;
	net->used = true;
	net->vital |= vital;
	snprintf(fix, sizeof(fix), "move the traffic of %s to another interface first", net->name);
	if (vital)
		inuse_add(nets->inuse, net->path, USE_VITAL, fix,
			  "its interface %s has the default route", net->name);
	else
		inuse_add(nets->inuse, net->path, USE_BEARABLE, fix,
			  "its interface %s has %s %s", net->name, what, route->to);
}

static void read_routes(struct nets *nets, const char *path, parse_fn parse,
			const char *what)
{
	_cleanup_free_ char *text = NULL;
	const char *p, *end, *next;
	struct route route;
	size_t size;
	int ret;

	ret = attr_read_all(nets->ctx, path, 256u << 20, &text, &size);
	if (ret == -ENOENT)	/* a kernel without this protocol */
		return;
	if (ret) {
		inuse_cannot(nets->inuse->unseen_nets, path, ret);
		return;
	}
	for (p = text, end = text + size; p < end; p = next) {
		next = next_line(p, end);
		if (parse(p, next, &route))
			add_route(nets, &route, what);
	}
}

/* If the interface to the server is not known, it may be any with an address or a route. */
static void look_at_server(struct nets *nets, const struct server *server)
{
	struct net *net;

	for (net = nets->nets; net < nets->nets + nets->n; net++) {
		if (net->is_virtual || (server->interface[0] ?
					strcmp(server->interface, net->name) != 0 : !net->used))
			continue;
		net->used = true;
		net->vital |= server->weight == USE_VITAL;
		inuse_add(nets->inuse, net->path, server->weight, server->fix, "%s, %sover its "
			  "interface %s", server->what, server->interface[0] ? "" : "perhaps ", net->name);
	}
}

/* ------------------------------------------------------------------ layers */

/*
 * An internal port of Open vSwitch ("br0") has no link to the other ports, which are part of
 * ovs-system (ovs_netdev_link(), net/openvswitch/vport-netdev.c). Its type is ARPHRD_ETHER, unlike
 * that of WireGuard, and it has no tun_flags, unlike a tap device.
 */
static bool is_switch_port(const struct nets *nets, const char *name)
{
	char flags[16];
	int64_t type;

	return attr_number(nets->ctx, &type, "/sys/class/net/%s/type", name) == 0 && type == 1 &&
	       attr_read(nets->ctx, flags, sizeof(flags), "/sys/class/net/%s/tun_flags", name) < 0;
}

static void add_part(struct nets *nets, struct net *net, const char *upper)
{
	char fix[128];

	if (!net || net->is_virtual)
		return;
	/* the tunnel has a visible interface below it */
	if (strcmp(nets->tunnel, upper) == 0 ||
	    (strcmp(upper, "ovs-system") == 0 && is_switch_port(nets, nets->tunnel)))
		nets->tunnel[0] = '\0';
	if (net->vital)
		return;
	/* vital, since the interface above may have the default route */
	net->used = net->vital = true;
	snprintf(fix, sizeof(fix), "remove %s from %s first", net->name, upper);
	inuse_add(nets->inuse, net->path, USE_VITAL, fix,
		  "its interface %s is part of %s", net->name, upper);
}

struct layer {
	struct nets *nets;
	struct net *net;
};

/* "master", "upper_NAME", "lower_NAME": net/core/dev.c netdev_adjacent_sysfs_add() */
static int look_at_layer(void *arg, const char *name)
{
	const struct layer *layer = arg;
	struct nets *nets = layer->nets;
	char master[32];

	if (strcmp(name, "master") == 0 &&
	    attr_link(nets->ctx, master, sizeof(master), "/sys/class/net/%s/master",
		      layer->net->name) >= 0)
		add_part(nets, layer->net, master);
	else if (strncmp(name, "upper_", 6) == 0)
		add_part(nets, layer->net, name + 6);
	else if (strncmp(name, "lower_", 6) == 0) {
		add_part(nets, find_net(nets, name + 6), layer->net->name);
		if (strcmp(nets->tunnel, layer->net->name) == 0)
			nets->tunnel[0] = '\0';
	}
	return 0;
}

static void look_at_layers(struct nets *nets, struct net *net)
{
	struct layer layer = { nets, net };
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s", net->name);
	inuse_list(&nets->ctx->sys, nets->inuse->unseen_nets, path, look_at_layer, &layer);
}

/* No interface's directory in sysfs shows PPPoE. */
static void find_pppoe(struct nets *nets)
{
	_cleanup_free_ char *text = NULL;
	const char *p, *end, *next;
	char name[16];
	size_t size = 0;
	int ret;

	ret = attr_read_all(nets->ctx, "/proc/net/pppoe", 1u << 20, &text, &size);
	if (ret && ret != -ENOENT)
		inuse_cannot(nets->inuse->unseen_nets, "/proc/net/pppoe", ret);
	for (p = text, end = text + size; !ret && p < end; p = next) {
		next = next_line(p, end);
		if (!pppoe_parse(p, next, name))
			continue;
		add_part(nets, find_net(nets, name), "a PPPoE link");
		if (strncmp(nets->tunnel, "ppp", 3) == 0)
			nets->tunnel[0] = '\0';
	}
}

/* WireGuard, OpenVPN, GRE and the like run over any interface with a route to their other end. */
static void look_at_carrier(struct nets *nets, const struct net *net)
{
	char fix[96];

	if (!nets->tunnel[0] || net->is_virtual || !net->used || net->vital)
		return;
	nets->carried = true;
	snprintf(fix, sizeof(fix), "move the traffic of %s to another interface first", net->name);
	inuse_add(nets->inuse, net->path, USE_VITAL, fix, "%s, which has the default route, may "
		  "use its interface %s", nets->tunnel, net->name);
}

/* -------------------------------------------------------------- namespaces */

struct spaces {
	struct vlu_ctx *ctx;
	char own[32], seen[32];
};

/* net/core/net-procfs.c: a heading of two lines, then "  eth0: 0 0 ..." */
static bool has_interface(struct vlu_ctx *ctx, const char *pid)
{
	char path[64];
	_cleanup_free_ char *text = NULL;
	const char *p, *end;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%.12s/net/dev", pid);
	if (attr_read_all(ctx, path, 1u << 20, &text, &size))
		return false;
	for (p = text, end = text + size; p < end; p = next_line(p, end)) {
		const char *name = p + strspn(p, " "), *colon = strpbrk(name, ":\n");

		if (colon && *colon == ':' && strncmp(name, "lo:", 3) != 0)
			return true;
	}
	return false;
}

static int look_at_space(void *arg, const char *name)
{
	struct spaces *spaces = arg;
	char path[64], id[32];
	ssize_t n;

	if (*name < '1' || *name > '9')
		return 0;
	snprintf(path, sizeof(path), "/proc/%.12s/ns/net", name);
	n = sys_readlink(&spaces->ctx->sys, path, id, sizeof(id));
	if (n == -EACCES || n == -EPERM)
		return 1;
	if (n < 0 || strcmp(id, spaces->own) == 0 || strcmp(id, spaces->seen) == 0)
		return 0;
	strcpy(spaces->seen, id);
	return has_interface(spaces->ctx, name);
}

/*
 * An interface above ours may be in another namespace, such as a container's macvlan. Our sysfs does
 * not show it then (netdev_adjacent_is_neigh_list() and net_eq(), net/core/dev.c).
 */
static bool has_other_space(struct vlu_ctx *ctx)
{
	struct spaces spaces = { .ctx = ctx };

	if (sys_readlink(&ctx->sys, "/proc/self/ns/net", spaces.own, sizeof(spaces.own)) < 0)
		spaces.own[0] = '\0';
	return sys_list(&ctx->sys, "/proc", look_at_space, &spaces) > 0;
}

/* Can an interface without an address or a route carry the tunnel? PPPoE needs no address on it. */
static bool can_carry_tunnel(const struct nets *nets)
{
	return nets->tunnel[0] && (!nets->carried || strncmp(nets->tunnel, "ppp", 3) == 0);
}

/* Does the interface have a neighbour? Even an interface without an address can have a next hop. */
static bool has_neighbour(const struct nets *nets, const char *name)
{
	_cleanup_free_ char *text = NULL;
	const char *p, *end, *next;
	char interface[16];
	size_t size;

	if (attr_read_all(nets->ctx, "/proc/net/arp", 64u << 20, &text, &size))
		return false;
	for (p = text, end = text + size; p < end; p = next) {
		next = next_line(p, end);
		if (arp_parse(p, next, interface) && strcmp(interface, name) == 0)
			return true;
	}
	return false;
}

/*
 * /proc/net/route shows only the main table. If the routes of an interface are in another table, vfio-lu
 * sees none of them. fib_table_print(), net/ipv4/fib_trie.c: "Main:", "Local:", "Id 100:"
 */
static bool has_other_table(struct vlu_ctx *ctx)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	return attr_read_all(ctx, "/proc/net/fib_triestat", 16u << 20, &text, &size) == 0 &&
	       strstr(text, "\nId ");
}

static void look_if_up(struct nets *nets, const struct net *net)
{
	enum use_weight weight = USE_UNSURE;
	char fix[96], why[96] = "";
	int64_t flags, carrier;

	/* IFF_UP: an administrator has enabled it, perhaps to capture packets */
	if (net->is_virtual || net->used ||
	    attr_number(nets->ctx, &flags, "/sys/class/net/%s/flags", net->name) < 0 ||
	    !(flags & IFF_UP))
		return;
	snprintf(fix, sizeof(fix), "ip link set %s down, if it is not needed", net->name);
	if (attr_number(nets->ctx, &carrier, "/sys/class/net/%s/carrier", net->name) == 0 && !carrier) {
		strcpy(why, ", and has no link");
		weight = USE_IDLE;
	} else if (flags & IFF_PROMISC) {
		strcpy(why, "; it is promiscuous, so something reads all its packets");
		snprintf(fix, sizeof(fix), "stop the program that captures packets on %s first", net->name);
	} else if (can_carry_tunnel(nets)) {
		snprintf(why, sizeof(why), "; %s, which has the default route, may use it",
			 nets->tunnel);
		snprintf(fix, sizeof(fix), "first find out which interface %s uses", nets->tunnel);
	} else if (has_neighbour(nets, net->name)) {
		strcpy(why, "; it has neighbours, so a program uses it");
	} else if (has_other_table(nets->ctx)) {
		strcpy(why, "; a routing table other than the main one may use it");
	} else if (has_other_space(nets->ctx)) {
		strcpy(why, "; a container may have an interface on top of it");
	} else {
		weight = USE_IDLE;
	}
	inuse_add(nets->inuse, net->path, weight, fix, "its interface %s "
		  "is up, though without an address or a route%s", net->name, why);
}

void inuse_nets(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct nets nets = { .ctx = ctx, .inuse = inuse };
	size_t i;

	if (inuse_list(&ctx->sys, inuse->unseen_nets, "/sys/class/net", note_net, &nets) == -ENOMEM)
		inuse->short_of_memory = true;
	if (nets.n) {
		read_routes(&nets, "/proc/net/route", route4_parse, "the route");
		read_routes(&nets, "/proc/net/ipv6_route", route6_parse, "the route");
		read_routes(&nets, "/proc/net/if_inet6", address6_parse, "the address");
		for (i = 0; i < inuse->n_servers; i++)
			look_at_server(&nets, &inuse->servers[i]);
		find_pppoe(&nets);
	}
	for (i = 0; i < nets.n; i++)
		look_at_layers(&nets, &nets.nets[i]);
	for (i = 0; i < nets.n; i++)
		look_at_carrier(&nets, &nets.nets[i]);
	for (i = 0; i < nets.n; i++)
		look_if_up(&nets, &nets.nets[i]);
	free(nets.nets);
}

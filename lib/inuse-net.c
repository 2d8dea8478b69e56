/* SPDX-License-Identifier: GPL-2.0-only */
/* Uses of network interfaces: part of another, with an address or a route. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "attr.h"
#include "inuse.h"

struct nets {
	struct vlu_ctx *ctx;
	struct inuse *inuse;
	size_t n;
	struct net {
		char name[16];
		char path[256];
		bool used, vital;
	} *nets;
};

/* ---------------------------------------------------------------- parsers */

static const char *next_line(const char *p, const char *end)
{
	p = memchr(p, '\n', (size_t)(end - p));
	return p ? p + 1 : end;
}

/* The line as a string: no line of these files is as long. */
static bool take_line(const char *line, const char *next, char buf[256])
{
	size_t n = (size_t)(next - line);

	if (!n || n >= 256 || memchr(line, '\0', n))
		return false;
	memcpy(buf, line, n);
	buf[n] = '\0';
	return true;
}

/* net/ipv4/fib_trie.c fib_route_seq_show(): addresses in the host's byte order */
const char *route4_parse(const char *line, const char *end, bool *ret_ok,
			 struct route *ret)
{
	const char *next = next_line(line, end);
	char text[256], name[INET_ADDRSTRLEN];
	unsigned int to, mask;
	struct in_addr address;

	*ret_ok = take_line(line, next, text) &&
		  sscanf(text, "%15s %8x %*8x %*x %*u %*u %*u %8x", ret->interface, &to,
			 &mask) == 3;
	if (!*ret_ok)
		return next;
	address.s_addr = to;
	if (!mask)
		strcpy(ret->to, "default");
	else
		snprintf(ret->to, sizeof(ret->to), "%s/%d",
			 inet_ntop(AF_INET, &address, name, sizeof(name)),
			 __builtin_popcount(mask));
	return next;
}

static bool parse_address6(const char *hex, unsigned int prefix, struct route *ret)
{
	char name[INET6_ADDRSTRLEN];
	struct in6_addr address;
	unsigned int byte;
	size_t i;

	if (strlen(hex) != 32)
		return false;
	for (i = 0; i < 16; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		address.s6_addr[i] = (uint8_t)byte;
	}
	/* every interface that is up has these of itself */
	if ((address.s6_addr[0] == 0xfe && (address.s6_addr[1] & 0xc0) == 0x80) ||
	    address.s6_addr[0] == 0xff)
		return false;
	if (!prefix)
		strcpy(ret->to, "default");
	else
		snprintf(ret->to, sizeof(ret->to), "%s/%u",
			 inet_ntop(AF_INET6, &address, name, sizeof(name)),
			 prefix & 0xff);
	return true;
}

/* net/ipv6/route.c rt6_info_route(), ip6_fib.c ipv6_route_native_seq_show() */
const char *route6_parse(const char *line, const char *end, bool *ret_ok,
			 struct route *ret)
{
	const char *next = next_line(line, end);
	char text[256], to[33];
	unsigned int prefix;

	*ret_ok = take_line(line, next, text) &&
		  sscanf(text, "%32s %2x %*32s %*x %*32s %*x %*x %*x %*x %15s", to,
			 &prefix, ret->interface) == 3 &&
		  parse_address6(to, prefix, ret);
	return next;
}

/* net/ipv6/addrconf.c if6_seq_show() */
const char *address6_parse(const char *line, const char *end, bool *ret_ok,
			   struct route *ret)
{
	const char *next = next_line(line, end);
	char text[256], address[33];
	unsigned int prefix;

	*ret_ok = take_line(line, next, text) &&
		  sscanf(text, "%32s %*x %2x %*x %*x %15s", address, &prefix,
			 ret->interface) == 3 &&
		  prefix && parse_address6(address, prefix, ret);
	return next;
}

/* ------------------------------------------------------------------- uses */

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
	if (sys_readlink(&nets->ctx->sys, path, target, sizeof(target)) < 0 ||
	    strstr(target, "/virtual/"))
		return 0;
	more = reallocarray(nets->nets, nets->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	nets->nets = more;
	more = &nets->nets[nets->n++];
	strcpy(more->name, name);
	strcpy(more->path, target);
	more->used = more->vital = false;
	return 0;
}

typedef const char *(*parse_fn)(const char *line, const char *end, bool *ret_ok,
				struct route *ret);

static void read_routes(struct nets *nets, const char *path, parse_fn parse,
			const char *what)
{
	_cleanup_free_ char *text = NULL;
	const char *p, *end;
	struct route route;
	char fix[96];
	struct net *net;
	bool ok, vital;
	size_t size;
	int ret;

	ret = attr_read_all(nets->ctx, path, 256u << 20, &text, &size);
	if (ret == -ENOENT)	/* a kernel without this protocol */
		return;
	if (ret) {
		inuse_cannot(nets->inuse, path, ret);
		return;
	}
	for (p = text, end = text + size; p < end; ) {
		p = parse(p, end, &ok, &route);
		net = ok ? find_net(nets, route.interface) : NULL;
		/* Without any but the default route the host can still be told so. */
		vital = ok && strcmp(route.to, "default") == 0;
		if (!net || (net->used && !vital))
			continue;
		net->used = true;
		net->vital |= vital;
		snprintf(fix, sizeof(fix), "move what %s is for to another interface first",
			 net->name);
		if (vital)
			inuse_add(nets->inuse, net->path, USE_VITAL, fix,
				  "its interface %s has the default route", net->name);
		else
			inuse_add(nets->inuse, net->path, USE_BEARABLE, fix,
				  "its interface %s has %s %s", net->name, what, route.to);
	}
}

struct above {
	struct nets *nets;
	struct net *net;
};

/* "master" and "upper_NAME": net/core/dev.c netdev_adjacent_sysfs_add() */
static int look_above(void *arg, const char *name)
{
	const struct above *above = arg;
	char upper[32], fix[96];
	int ret;

	if (strcmp(name, "master") == 0) {
		ret = attr_link(above->nets->ctx, upper, sizeof(upper),
				"/sys/class/net/%s/master", above->net->name);
		if (ret < 0)
			return 0;
	} else if (strncmp(name, "upper_", 6) == 0) {
		snprintf(upper, sizeof(upper), "%.15s", name + 6);
	} else {
		return 0;
	}
	/* What is above may have the default route. */
	if (above->net->vital)
		return 0;
	above->net->used = above->net->vital = true;
	snprintf(fix, sizeof(fix), "take %s away from %s first", above->net->name, upper);
	inuse_add(above->nets->inuse, above->net->path, USE_VITAL, fix,
		  "its interface %s is part of %s", above->net->name, upper);
	return 0;
}

static void look_at_net(struct nets *nets, struct net *net)
{
	struct above above = { nets, net };
	char path[64], fix[96];
	int64_t flags;

	snprintf(path, sizeof(path), "/sys/class/net/%s", net->name);
	sys_list(&nets->ctx->sys, path, look_above, &above);
	/* IFF_UP: somebody wanted it, perhaps to look at what passes */
	if (net->used || attr_number(nets->ctx, &flags, "/sys/class/net/%s/flags",
				     net->name) < 0 || !(flags & 1))
		return;
	snprintf(fix, sizeof(fix), "ip link set %s down, if nobody needs it", net->name);
	inuse_add(nets->inuse, net->path, USE_IDLE, fix, "its interface %s is up, though "
		  "without an address or a route", net->name);
}

void inuse_nets(struct vlu_ctx *ctx, struct inuse *inuse)
{
	struct nets nets = { .ctx = ctx, .inuse = inuse };
	size_t i;

	if (sys_list(&ctx->sys, "/sys/class/net", note_net, &nets) == -ENOMEM)
		inuse->short_of_memory = true;
	if (nets.n) {
		read_routes(&nets, "/proc/net/route", route4_parse, "the route");
		read_routes(&nets, "/proc/net/ipv6_route", route6_parse, "the route");
		read_routes(&nets, "/proc/net/if_inet6", address6_parse, "the address");
	}
	for (i = 0; i < nets.n; i++)
		look_at_net(&nets, &nets.nets[i]);
	free(nets.nets);
}

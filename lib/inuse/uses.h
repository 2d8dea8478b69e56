/* SPDX-License-Identifier: GPL-2.0-only */
/* A use that this host makes of a function; see inuse.h. */
#ifndef VLU_INUSE_USES_H
#define VLU_INUSE_USES_H

#include "base/pool.h"

enum use_weight {
	USE_VITAL,	/* the host or its data is lost without the function */
	USE_BEARABLE,	/* the use ends, and can be started again */
	USE_UNSURE,	/* a possible use that cannot be proved */
	USE_IDLE,	/* ready for use, without a sign of a use */
};

struct use {
	struct vlu_bdf bdf;
	enum use_weight weight;
	size_t order;		/* in which it was found; sorts uses of equal weight */
	char *what;		/* use and user: "/dev/sda is mounted on /" */
	char *fix;		/* one sentence */
};

/* The server of a file system or disk that this host uses. */
struct server {
	char interface[16];	/* that leads to the server; "": not known */
	int family;		/* of its address; 0: the address is not known */
	unsigned char address[16];
	unsigned int prefix;	/* the prefix length of the route to it, plus 1; 0: no route */
	enum use_weight weight;
	char *what, *fix;
};

/* A block device directly on a function. */
struct disk {
	struct vlu_bdf bdf;
	char name[64];		/* in /sys/class/block */
};

struct inuse {
	struct pool pool;	/* owns all strings and arrays */
	size_t n;
	struct use *uses;	/* sorted by address */
	size_t n_disks;
	struct disk *disks;	/* sorted by address */
	size_t n_servers;
	struct server *servers;
	bool short_of_memory;
	/* The reason why disks or interfaces could not be read; "": all were read */
	char unseen_disks[128], unseen_nets[128];
	char unseen_ports[128];	/* why the ports of the console are not known; "": they are */
};

/* Notes a use of each function on a sysfs path. */
void inuse_add(struct inuse *inuse, const char *path, enum use_weight weight,
	       const char *fix, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void inuse_cannot(char unseen[128], const char *path, int err);
/*
 * Calls fn for each entry of a directory, as sys_list() does. A directory that cannot be read may
 * hide uses, so unseen gets the reason. A directory that does not exist hides none.
 */
int inuse_list(struct sys *sys, char unseen[128], const char *path,
	       int (*fn)(void *arg, const char *name), void *arg);

/* The searches, in the files disks.c, exports.c, open-nodes.c, interfaces.c and so on. */
void inuse_blocks(struct vlu_ctx *ctx, struct inuse *inuse);
void inuse_exports(struct vlu_ctx *ctx, struct inuse *inuse);
void inuse_nodes(struct vlu_ctx *ctx, struct inuse *inuse);
void inuse_nets(struct vlu_ctx *ctx, struct inuse *inuse);
void inuse_screens(struct vlu_ctx *ctx, struct inuse *inuse);
void inuse_consoles(struct vlu_ctx *ctx, struct inuse *inuse);
void inuse_ciphers(struct vlu_ctx *ctx, struct inuse *inuse);
void inuse_engines(struct vlu_ctx *ctx, struct inuse *inuse);

/* servers.c: notes that this route leads to the servers in its network. */
struct route;
void inuse_route(struct inuse *inuse, const struct route *route);

/*
 * The parsers take one line of a file in /proc, up to the byte before "end". They return false for a
 * line of another form.
 */
struct mount {
	unsigned int major, minor;
	char point[256], type[32];
	char source[1024];	/* bcachefs lists its disks */
	char options[1024];	/* of the file system, truncated if longer */
};
bool mount_parse(const char *line, const char *end, struct mount *ret);
bool swap_parse(const char *line, const char *end, char path[256]);
struct route {
	char interface[16];
	char to[64];		/* "default", "10.0.0.0/8", "2001:db8::1/64" */
	int family;
	unsigned char address[16];
	unsigned int prefix;
};
bool route4_parse(const char *line, const char *end, struct route *ret);
/* The two parsers for IPv6 skip what every host has, such as link-local addresses. */
bool route6_parse(const char *line, const char *end, struct route *ret);
bool address6_parse(const char *line, const char *end, struct route *ret);
#define CONSOLE_NAME	32
bool console_parse(const char *line, const char *end, char name[CONSOLE_NAME]);
bool arp_parse(const char *line, const char *end, char interface[16]);
bool pppoe_parse(const char *line, const char *end, char interface[16]);

#endif

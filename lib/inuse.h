/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this host itself does with PCI functions: file systems and swap on
 * their disks, addresses and routes on their network interfaces, the console
 * on their screens. Taking such a function away harms the host.
 */
#ifndef VLU_INUSE_H
#define VLU_INUSE_H

#include "private.h"

enum use_weight {
	USE_VITAL,	/* without it the host or its data is lost */
	USE_BEARABLE,	/* something ends that can be had again */
	USE_IDLE,	/* ready to be used, but nothing shows that it is */
};

struct use {
	struct vlu_bdf bdf;
	enum use_weight weight;
	size_t order;		/* in which it was found: the worst come first */
	char *what;		/* "/dev/nvme0n1p2 is mounted on /" */
	char *fix;		/* a sentence */
};

struct inuse {
	size_t n;
	struct use *uses;	/* in address order */
	bool short_of_memory;
	char unknown[128];	/* what could not be read, "": all could */
};

/* Read once a context. NULL only when memory is short. */
const struct inuse *inuse_get(struct vlu_ctx *ctx);
/* Forget it, and all else that changes as processes come and go. */
void inuse_drop(struct vlu_ctx *ctx);
/* What a function is used for, and how many things; NULL: nothing. */
const struct use *inuse_find(const struct inuse *inuse, struct vlu_bdf bdf,
			     size_t *ret_n);

/* Does it use the function for anything that it would miss? */
bool inuse_uses(const struct inuse *inuse, struct vlu_bdf bdf);

/* For the files that find uses: one on each function on a path of sysfs. */
void inuse_add(struct inuse *inuse, const char *path, enum use_weight weight,
	       const char *fix, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void inuse_cannot(struct inuse *inuse, const char *path, int err);
void inuse_blocks(struct vlu_ctx *ctx, struct inuse *inuse);
void inuse_nets(struct vlu_ctx *ctx, struct inuse *inuse);

/* For tests: lines of /proc. Each returns where the next line begins. */
struct mount {
	unsigned int major, minor;
	char point[256], type[32], source[256];
};
const char *mount_parse(const char *line, const char *end, bool *ret_ok,
			struct mount *ret);
const char *swap_parse(const char *line, const char *end, bool *ret_ok,
		       char path[256]);
struct route {
	char interface[16];
	char to[64];		/* "default", "10.0.0.0/8", "2001:db8::1/64" */
};
const char *route4_parse(const char *line, const char *end, bool *ret_ok,
			 struct route *ret);
/* Only those that do not come with an interface's being up. */
const char *route6_parse(const char *line, const char *end, bool *ret_ok,
			 struct route *ret);
const char *address6_parse(const char *line, const char *end, bool *ret_ok,
			   struct route *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space brings to a kernel: its modules and the rules by which they
 * are loaded and take devices. Read from an initial RAM disk or from the root
 * file system, whose files have the same names.
 */
#ifndef VLU_USERLAND_H
#define VLU_USERLAND_H

#include "abi.h"

struct conf {
	char *name;		/* "etc/modprobe.d/vfio.conf" */
	char *text;
};

struct userland {
	char release[80];	/* of the kernel whose modules count */
	bool read;		/* it could be looked at */
	char why[160];		/* if not */
	bool tree;		/* it has lib/modules/RELEASE */
	char other[80];		/* a release for which it has modules instead */
	char **modules;		/* their names, with '_' */
	size_t n_modules;
	char *alias;		/* modules.alias */
	char *builtin;		/* modules.builtin */
	char *modinfo;		/* modules.builtin.modinfo, parted by NULs */
	size_t modinfo_size;
	struct abi abi;		/* what its vfio-pci modules say */
	bool vfio_read;		/* there are some */
	bool short_of_memory;
	struct conf *conf;	/* of modprobe, modules-load, udev and driverctl */
	size_t n_conf;
	unsigned int systemd;	/* its version, 0: none seen */
};

/* -ENOMEM is the only failure; what is wrong with the file is in why. */
int userland_initrd(struct userland *user, const char *release,
		    const uint8_t *data, size_t size) must_check;
int userland_root(struct vlu_ctx *ctx, struct userland *user,
		  const char *release) must_check;
void userland_free(struct userland *user);

bool userland_has(const struct userland *user, const char *module);
/* Its place in modules.builtin, which is the order of linking; -1: not there. */
long userland_builtin(const struct userland *user, const char *module);

#endif

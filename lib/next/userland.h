/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User space of a next kernel: its modules, and the rules by which modules are loaded and take
 * devices. It is read from an initrd or from the root file system. Both use the same file names.
 */
#ifndef VLU_NEXT_USERLAND_H
#define VLU_NEXT_USERLAND_H

#include "abi/compatible.h"
#include "next/files.h"

struct conf {
	char *name;		/* "etc/modprobe.d/vfio.conf" */
	char *text;
	bool script;		/* a script of an initrd that runs before udev */
};

struct userland {
	struct pool pool;	/* owns modules and conf */
	struct archive archive;	/* while an initrd is read */
	struct files files;
	char release[80];	/* the kernel release whose modules count */
	bool early;		/* an initrd, not the root file system */
	bool read;		/* the files could be read */
	char why[160];		/* if not: the reason */
	bool foreign;		/* the file is not an initrd */
	bool packed;		/* its files are in an image inside it */
	bool tree;		/* modules of the release were found */
	char other[80];		/* another release whose modules are there */
	char **modules;		/* names, with '_' for '-' */
	size_t n_modules;
	char *alias;		/* modules.alias */
	char *builtin;		/* modules.builtin */
	char *modinfo;		/* modules.builtin.modinfo, with NULs between entries */
	size_t modinfo_size;
	struct abi abi;		/* the compatible strings in its vfio-pci modules */
	bool vfio_read;		/* at least one vfio-pci module was searched for strings */
	struct conf *conf;	/* each name once: that of the highest precedence */
	size_t n_conf;
	const struct maker *maker;	/* NULL: not known, or the root file system */
	enum vlu_known starts_systemd;	/* init is systemd; only in initrds */
	bool has_vfio_lu;	/* the program vfio-lu is there */
	int systemd;		/* version; 0 or less: not found */
};

/*
 * Fails only with -ENOMEM. If the initrd cannot be read, leaves user->read false and writes the
 * reason to user->why.
 */
int userland_initrd(struct userland *user, const char *release,
		    const uint8_t *data, size_t size) must_check;
/*
 * Fails with -ENOMEM, or with the error of listing a directory of configuration files. Leaves
 * user->why empty.
 */
int userland_root(struct vlu_ctx *ctx, struct userland *user,
		  const char *release) must_check;
void userland_free(struct userland *user);

bool userland_has(const struct userland *user, const char *module);
/* Returns a module's position in modules.builtin, which is link order, or -1. */
long userland_builtin(const struct userland *user, const char *module);

/* conf-files.c: reads the files for user->conf. */
int conf_read_all(struct userland *user) must_check;

#endif

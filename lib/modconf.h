/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What makes a module load, keeps it away or tells it something: files of
 * modprobe and modules-load, and words of the kernel's command line.
 */
#ifndef VLU_MODCONF_H
#define VLU_MODCONF_H

#include "userland.h"

/*
 * Is module in the list "NAME=a,b,c" on a command line, at any of its places?
 * '-' and '_' are the same, in names too.
 */
bool cmdline_lists(const char *cmdline, const char *name, const char *module);

/* modprobe.d: "blacklist MODULE"; modprobe.blacklist=, module_blacklist= */
bool modconf_forbids(const struct userland *user, const char *cmdline,
		     const char *module);
/* Does something load it of its own accord, with no device to ask for it? */
bool modconf_loads(const struct userland *user, const char *cmdline,
		   const char *module);
/* modprobe.d: "softdep MODULE pre: FIRST" */
bool modconf_before(const struct userland *user, const char *module,
		    const char *first);
/* modprobe.d: "options MODULE NAME=VALUE"; cuts what does not fit */
bool modconf_option(const struct userland *user, const char *module,
		    const char *option, char *buf, size_t size);

#endif

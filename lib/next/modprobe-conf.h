/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of modprobe.d and words of the kernel's command line. They stop a module from being loaded
 * for a device, load another module first, or set the module's options.
 */
#ifndef VLU_NEXT_MODPROBE_CONF_H
#define VLU_NEXT_MODPROBE_CONF_H

#include "next/modalias.h"
#include "next/userland.h"

/*
 * Is the module forbidden by modprobe.d ("blacklist MODULE", "install MODULE /bin/false") or by the
 * command line (modprobe.blacklist=, module_blacklist=, words of initramfs-tools and dracut)?
 */
bool modconf_is_forbidden(const struct userland *user, const char *cmdline, const char *module);
/*
 * Returns the setting that prevents even a load by name ("install MODULE /bin/false" in modprobe.d,
 * or module_blacklist= of the kernel), or NULL if there is none.
 */
const char *modconf_never_loads(const struct userland *user, const char *cmdline,
				const char *module);
/* Does "install MODULE SCRIPT" in modprobe.d run a script, which may do more than load the module? */
bool modconf_has_script(const struct userland *user, const char *module);
/* Does "softdep MODULE pre: FIRST" or "install MODULE modprobe FIRST" load FIRST before MODULE? */
bool modconf_is_before(const struct userland *user, const char *module, const char *first);
/* Finds a module's NAME=VALUE in modprobe.d or booster's file. Truncates a long value. */
bool modconf_option(const struct userland *user, const char *module,
		    const char *option, char *buf, size_t size);
/*
 * Calls fn, as modalias_text() does, for each module that a modalias loads. Aliases in table, which
 * is modules.alias, count only if none in modprobe.d matches (kmod_module_new_from_lookup()).
 */
int modconf_modules(const struct userland *user, const char *table, const char *modalias,
		    modalias_fn fn, void *arg);

#endif

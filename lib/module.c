/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <libkmod.h>
#include <stddef.h>

#include "module.h"

static void say_nothing(void *data, int priority, const char *file, int line,
			const char *fn, const char *format, va_list args)
{
	(void)data; (void)priority; (void)file; (void)line; (void)fn;
	(void)format; (void)args;
}

static int insert(struct kmod_module *mod)
{
	/* As modprobe does: install rules and soft dependencies count. */
	int ret = kmod_module_probe_insert_module(mod, KMOD_PROBE_APPLY_BLACKLIST, NULL,
						  NULL, NULL, NULL);

	/* KMOD_PROBE_APPLY_BLACKLIST: a rule of modprobe.d forbids it */
	if (ret > 0)
		return -EACCES;
	/* else what the command of the rule ended with, as if it were an errno */
	if (ret < 0 && kmod_module_get_install_commands(mod))
		return -ECANCELED;
	return ret;
}

int module_load(const char *name)
{
	struct kmod_list *found = NULL, *item;
	struct kmod_module *mod;
	struct kmod_ctx *kmod;
	int ret;

	kmod = kmod_new(NULL, NULL);
	if (!kmod)
		return -ENOMEM;
	/* libkmod would print to stderr; our caller says what failed. */
	kmod_set_log_fn(kmod, say_nothing, NULL);
	ret = kmod_module_new_from_lookup(kmod, name, &found);
	if (!ret && !found)
		ret = -ENOENT;
	kmod_list_foreach(item, found) {
		mod = kmod_module_get_module(item);
		if (kmod_module_get_initstate(mod) < 0)
			ret = insert(mod);
		kmod_module_unref(mod);
		if (ret)
			break;
	}
	kmod_module_unref_list(found);
	kmod_unref(kmod);
	return ret;
}

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
	/* Like modprobe, honours install rules and soft dependencies. */
	int ret = kmod_module_probe_insert_module(mod, KMOD_PROBE_APPLY_BLACKLIST, NULL,
						  NULL, NULL, NULL);

	/* KMOD_PROBE_APPLY_BLACKLIST: modprobe.d blacklists it */
	if (ret > 0)
		return -EACCES;
	/* Otherwise ret is the exit status of the install command, negated. */
	if (ret < 0 && kmod_module_get_install_commands(mod))
		return -ECANCELED;
	return ret;
}

/* dir NULL: the modules of this kernel, with this host's rules. */
static int look_up(const char *dir, const char *name, struct kmod_ctx **ret_kmod,
		   struct kmod_list **ret_found)
{
	static const char *const no_rules[] = { NULL };
	int ret;

	*ret_found = NULL;
	*ret_kmod = kmod_new(dir, dir ? no_rules : NULL);
	if (!*ret_kmod)
		return -ENOMEM;
	/* libkmod would print to stderr; the caller reports the failure. */
	kmod_set_log_fn(*ret_kmod, say_nothing, NULL);
	ret = kmod_module_new_from_lookup(*ret_kmod, name, ret_found);
	return !ret && !*ret_found ? -ENOENT : ret;
}

int module_load(const char *name)
{
	struct kmod_list *found, *item;
	struct kmod_module *mod;
	struct kmod_ctx *kmod;
	int ret;

	ret = look_up(NULL, name, &kmod, &found);
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

static int tell(struct kmod_module *mod, int (*fn)(void *arg, const char *path), void *arg)
{
	const char *path = kmod_module_get_path(mod);
	int ret = path ? fn(arg, path) : 0;

	kmod_module_unref(mod);
	return ret;
}

int module_files(const char *dir, const char *name, int (*fn)(void *arg, const char *path),
		 void *arg)
{
	struct kmod_list *found, *needed, *item, *each;
	struct kmod_module *mod;
	struct kmod_ctx *kmod;
	int ret;

	ret = look_up(dir, name, &kmod, &found);
	kmod_list_foreach(item, found) {
		mod = kmod_module_get_module(item);
		needed = kmod_module_get_dependencies(mod);
		kmod_list_foreach(each, needed)
			ret = ret ? ret : tell(kmod_module_get_module(each), fn, arg);
		kmod_module_unref_list(needed);
		ret = ret ? ret : tell(mod, fn, arg);
	}
	kmod_module_unref_list(found);
	kmod_unref(kmod);
	return ret;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <libkmod.h>
#include <stddef.h>

#include "late.h"
#include "module.h"

#define CALLS(call) \
	call(kmod_list_next) call(kmod_module_get_dependencies) call(kmod_module_get_initstate) \
	call(kmod_module_get_install_commands) call(kmod_module_get_module) \
	call(kmod_module_get_path) call(kmod_module_new_from_lookup) \
	call(kmod_module_probe_insert_module) call(kmod_module_unref) \
	call(kmod_module_unref_list) call(kmod_new) call(kmod_set_log_fn) call(kmod_unref)
struct kmod { CALLS(LATE_FIELD) };
static const char *const names[] = { CALLS(LATE_NAME) };

/*
 * Replaces kmod_list_foreach(), which would call kmod_list_next() directly instead of through the
 * struct.
 */
#define each_of(kmod, item, list) \
	for ((item) = (list); (item); (item) = (kmod)->kmod_list_next((list), (item)))

static void say_nothing(void *data, int priority, const char *file, int line,
			const char *fn, const char *format, va_list args)
{
	(void)data; (void)priority; (void)file; (void)line; (void)fn;
	(void)format; (void)args;
}

static int insert(const struct kmod *kmod, struct kmod_module *mod)
{
	/* Like modprobe, honours install rules and soft dependencies. */
	int ret = kmod->kmod_module_probe_insert_module(mod, KMOD_PROBE_APPLY_BLACKLIST, NULL,
							NULL, NULL, NULL);

	/* KMOD_PROBE_APPLY_BLACKLIST: modprobe.d blacklists it */
	if (ret > 0)
		return -EACCES;
	/* With an install command, ret is the negated exit status of that command. */
	if (ret < 0 && kmod->kmod_module_get_install_commands(mod))
		return -ECANCELED;
	return ret;
}

/* What a look-up has found. */
struct found {
	struct kmod kmod;
	struct kmod_ctx *ctx;
	struct kmod_list *list;
};

/* dir NULL: the modules of this kernel, with this host's rules. Call found_free() always. */
static int look_up(const char *dir, const char *name, struct found *found)
{
	static const char *const no_rules[] = { NULL };
	const struct kmod *kmod = &found->kmod;
	int ret;

	*found = (struct found){ 0 };
	ret = late_load(LATE_LIBKMOD, names, &found->kmod, sizeof(found->kmod));
	if (ret)
		return ret;
	found->ctx = kmod->kmod_new(dir, dir ? no_rules : NULL);
	if (!found->ctx)
		return -ENOMEM;
	/* libkmod would print to stderr; the caller reports the failure. */
	kmod->kmod_set_log_fn(found->ctx, say_nothing, NULL);
	ret = kmod->kmod_module_new_from_lookup(found->ctx, name, &found->list);
	return !ret && !found->list ? -ENOENT : ret;
}

static void found_free(struct found *found)
{
	if (!found->ctx)
		return;
	found->kmod.kmod_module_unref_list(found->list);
	found->kmod.kmod_unref(found->ctx);
}

int module_load(const char *name)
{
	struct kmod_list *item;
	struct kmod_module *mod;
	struct found found;
	int ret;

	ret = look_up(NULL, name, &found);
	each_of(&found.kmod, item, found.list) {
		mod = found.kmod.kmod_module_get_module(item);
		if (found.kmod.kmod_module_get_initstate(mod) < 0)
			ret = insert(&found.kmod, mod);
		found.kmod.kmod_module_unref(mod);
		if (ret)
			break;
	}
	found_free(&found);
	return ret;
}

static int tell(const struct kmod *kmod, struct kmod_list *item,
		int (*fn)(void *arg, const char *path), void *arg)
{
	struct kmod_module *mod = kmod->kmod_module_get_module(item);
	const char *path = kmod->kmod_module_get_path(mod);
	int ret = path ? fn(arg, path) : 0;

	kmod->kmod_module_unref(mod);
	return ret;
}

int module_files(const char *dir, const char *name, int (*fn)(void *arg, const char *path),
		 void *arg)
{
	struct kmod_list *needed, *item, *each;
	struct kmod_module *mod;
	struct found found;
	int ret;

	ret = look_up(dir, name, &found);
	each_of(&found.kmod, item, found.list) {
		mod = found.kmod.kmod_module_get_module(item);
		needed = found.kmod.kmod_module_get_dependencies(mod);
		found.kmod.kmod_module_unref(mod);
		each_of(&found.kmod, each, needed)
			ret = ret ? ret : tell(&found.kmod, each, fn, arg);
		found.kmod.kmod_module_unref_list(needed);
		ret = ret ? ret : tell(&found.kmod, item, fn, arg);
	}
	found_free(&found);
	return ret;
}

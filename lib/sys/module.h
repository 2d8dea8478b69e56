/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel modules. Only module.c uses <libkmod.h>; see sys_ops.load_module. */
#ifndef VLU_SYS_MODULE_H
#define VLU_SYS_MODULE_H

/*
 * Loads a module. Succeeds if it is built in or loaded already. Fails with -ENOENT if
 * this kernel has no such module, -EACCES if it is blacklisted, and -ECANCELED if the
 * command of its install rule failed.
 */
int module_load(const char *name);

/*
 * Calls fn for the file of each module that this one depends on, and last for its own,
 * until fn returns non-zero. dir is a module directory of any kernel, after depmod.
 * Returns 0 if the module is built in. Reads files only; does not ask this kernel.
 */
int module_files(const char *dir, const char *name, int (*fn)(void *arg, const char *path),
		 void *arg);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel modules; the only user of <libkmod.h>, behind sys_ops.load_module. */
#ifndef VLU_MODULE_H
#define VLU_MODULE_H

/*
 * 0 also when it is built in or loaded; -ENOENT: this kernel has none; -EACCES:
 * it is blacklisted; -ECANCELED: the command of its install rule failed.
 */
int module_load(const char *name);

#endif

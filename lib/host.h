/* SPDX-License-Identifier: GPL-2.0-only */
/* The running kernel: its configuration, its command line, how it was booted. */
#ifndef VLU_HOST_H
#define VLU_HOST_H

#include "private.h"

/* A configuration as text; NULL text: found nowhere. Freed by host_config_free(). */
struct kconfig {
	char *text;
	char source[160];	/* "/proc/config.gz" */
};

int host_release(struct vlu_ctx *ctx, char *buf, size_t size) must_check;
int host_config(struct vlu_ctx *ctx, struct kconfig *ret_config) must_check;
void host_config_free(struct kconfig *config);
/* 'y', 'm', or 0 for "is not set"; name without CONFIG_. */
char kconfig_get(const struct kconfig *config, const char *name);

/* The value of the last "name=" on a kernel command line; false: not there. */
bool cmdline_get(const char *cmdline, const char *name, char *buf, size_t size);
/* As kstrtobool() in lib/kstrtox.c reads it. */
enum vlu_known kernel_bool(const char *text);

/* Does a comma separated value of the command line have this word? */
bool cmdline_has(const char *value, const char *word);

/*
 * The version of systemd as process 1: 0 when something else is, -1 when it
 * cannot be told.
 */
int host_systemd(struct vlu_ctx *ctx);
/* For tests: "libsystemd-shared-252.so" is 252, -1 for any other name. */
int systemd_version(const char *file);

/* Where this kernel was told of it: x86, and others */
#define HOST_SETUP_DATA	"/sys/kernel/boot_params/setup_data"
#define HOST_SETUP_KHO	10	/* arch/x86/include/uapi/asm/setup_data.h */
#define HOST_CHOSEN	"/proc/device-tree/chosen"

/* Was this kernel started by a kexec with KHO data? */
enum vlu_known host_kho_boot(struct vlu_ctx *ctx);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* The build configuration of a kernel. */
#ifndef VLU_FORMATS_KCONFIG_H
#define VLU_FORMATS_KCONFIG_H

#include "base/ctx.h"

#define KCONFIG_MAX	(4u << 20)

/* A configuration as text. NULL text: none was found. */
struct kconfig {
	char *text;
	char source[4096];	/* "/proc/config.gz" */
};

/*
 * Reads config-RELEASE beside the image (a path or NULL), or where distributions put it. Finding
 * none is not a failure. Fails with -ENOMEM only.
 */
int kconfig_read(struct vlu_ctx *ctx, const char *image, const char *release,
		 struct kconfig *config) must_check;
void kconfig_free(struct kconfig *config);
/* Returns 'y', 'm', or 0 for "is not set". name is without CONFIG_. */
char kconfig_get(const struct kconfig *config, const char *name);
/*
 * Copies the text of an option such as CMDLINE, without its quotes. Returns false if the option is
 * not set or its text is empty.
 */
bool kconfig_text(const struct kconfig *config, const char *name, char *buf, size_t size);
/* Returns whether an option is set; VLU_DONT_KNOW without a configuration. */
enum vlu_known kconfig_has(const struct kconfig *config, const char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>

#include "base/disk-file.h"
#include "formats/kconfig.h"

int kconfig_read(struct vlu_ctx *ctx, const char *image, const char *release,
		 struct kconfig *config)
{
	const char *slash = image ? strrchr(image, '/') : NULL;
	const struct { const char *dir, *before, *after; } places[] = {
		{ image, "config-", "" }, { "/boot/", "config-", "" },
		{ "/lib/modules/", "", "/config" }, { "/usr/lib/modules/", "", "/config" },
	};
	size_t i, size;
	int ret;

	for (i = image ? 0 : 1; i < ARRAY_SIZE(places); i++) {
		snprintf(config->source, sizeof(config->source), "%.*s%s%s%s",
			 i ? INT_MAX : slash ? (int)(slash - image + 1) : 0, places[i].dir,
			 places[i].before, release, places[i].after);
		ret = file_read(ctx, config->source, KCONFIG_MAX, &config->text, &size);
		if (!ret || ret == -ENOMEM)
			return ret;
	}
	config->source[0] = '\0';
	return 0;
}

void kconfig_free(struct kconfig *config)
{
	free(config->text);
	config->text = NULL;
}

/* Returns what is behind "CONFIG_NAME=", or "". */
static const char *value_of(const struct kconfig *config, const char *name)
{
	const char *p = config->text;
	size_t len = strlen(name);

	for (; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (strncmp(p, "CONFIG_", 7) == 0 &&
		    strncmp(p + 7, name, len) == 0 && p[7 + len] == '=')
			return p + 8 + len;
	}
	return "";
}

char kconfig_get(const struct kconfig *config, const char *name)
{
	return *value_of(config, name);
}

bool kconfig_text(const struct kconfig *config, const char *name, char *buf, size_t size)
{
	const char *p = value_of(config, name);
	size_t n = 0;

	for (p += *p == '"'; *p && *p != '"' && *p != '\n'; p++) {
		p += *p == '\\' && p[1];
		if (n + 1 < size)
			buf[n++] = *p;
	}
	buf[n] = '\0';
	return n > 0;
}

enum vlu_known kconfig_has(const struct kconfig *config, const char *name)
{
	if (!config->text)
		return VLU_DONT_KNOW;
	return kconfig_get(config, name) ? VLU_YES : VLU_NO;
}

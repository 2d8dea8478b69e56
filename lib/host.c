/* SPDX-License-Identifier: GPL-2.0-only */
#include "attr.h"
#include "host.h"
#include "unpack.h"

#define CONFIG_MAX	(4u << 20)

int host_release(struct vlu_ctx *ctx, char *buf, size_t size)
{
	int ret = attr_read(ctx, buf, size, "/proc/sys/kernel/osrelease");

	if (ret < 0)
		return vlu_fail(ctx, VLU_FAILED, ret,
				"cannot read /proc/sys/kernel/osrelease: %s",
				strerror(-ret));
	return 0;
}

int host_config(struct vlu_ctx *ctx, struct kconfig *ret_config)
{
	static const char *const places[] = {
		"/boot/config-%s", "/lib/modules/%s/config",
		"/usr/lib/modules/%s/config",
	};
	char release[128], *data;
	struct blob text;
	size_t size, i;
	int ret;

	*ret_config = (struct kconfig){ .text = NULL };
	ret = attr_read_all(ctx, "/proc/config.gz", CONFIG_MAX, &data, &size);
	if (ret == -ENOMEM)
		return ret;
	if (!ret) {
		ret = unpack(data, size, CONFIG_MAX, &text);
		free(data);
		if (ret == -ENOMEM)
			return ret;
		strcpy(ret_config->source, "/proc/config.gz");
		if (!ret) {
			ret_config->text = (char *)text.data;
			return 0;
		}
	}
	if (host_release(ctx, release, sizeof(release)))
		return 0;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(ret_config->source, sizeof(ret_config->source),
			 places[i], release);
#pragma GCC diagnostic pop
		ret = attr_read_all(ctx, ret_config->source, CONFIG_MAX,
				    &ret_config->text, &size);
		if (!ret || ret == -ENOMEM)
			return ret;
	}
	ret_config->source[0] = '\0';
	return 0;
}

void host_config_free(struct kconfig *config)
{
	free(config->text);
	config->text = NULL;
}

char kconfig_get(const struct kconfig *config, const char *name)
{
	const char *p = config->text;
	size_t len = strlen(name);

	for (; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (strncmp(p, "CONFIG_", 7) == 0 &&
		    strncmp(p + 7, name, len) == 0 && p[7 + len] == '=')
			return p[8 + len];
	}
	return 0;
}

/* The end of one word; spaces inside double quotes do not end it. */
static const char *word_end(const char *p)
{
	bool quoted = false;

	for (; *p && (quoted || (*p != ' ' && *p != '\t' && *p != '\n')); p++)
		if (*p == '"')
			quoted = !quoted;
	return p;
}

/* kernel/params.c next_arg(): quotes may stand around the value or the word. */
bool cmdline_get(const char *cmdline, const char *name, char *buf, size_t size)
{
	const char *p = cmdline, *end, *value;
	size_t len = strlen(name), n;
	bool found = false;

	for (; *p; p = end) {
		p += strspn(p, " \t\n");
		end = word_end(p);
		if (end - p == 2 && p[0] == '-' && p[1] == '-')
			break;	/* the rest is for init */
		if (*p == '"')
			p++;
		if ((size_t)(end - p) < len || strncmp(p, name, len) != 0)
			continue;
		value = p + len;
		if (value < end && *value != '=')
			continue;
		if (value < end)
			value++;
		if (value < end && *value == '"')
			value++;
		n = (size_t)(end - value);
		if (n && value[n - 1] == '"')
			n--;
		if (n >= size)
			n = size - 1;
		memcpy(buf, value, n);
		buf[n] = '\0';
		found = true;
	}
	return found;
}

enum vlu_known kernel_bool(const char *text)
{
	switch (text[0]) {
	case 'e': case 'E': case 'y': case 'Y': case 't': case 'T': case '1':
		return VLU_YES;
	case 'd': case 'D': case 'n': case 'N': case 'f': case 'F': case '0':
		return VLU_NO;
	case 'o': case 'O':
		if (text[1] == 'n' || text[1] == 'N')
			return VLU_YES;
		if (text[1] == 'f' || text[1] == 'F')
			return VLU_NO;
	}
	return VLU_DONT_KNOW;
}

bool cmdline_has(const char *value, const char *word)
{
	size_t len = strlen(word);

	for (;; value++) {
		/* as the kernel does: what follows the word is not looked at */
		if (strncmp(value, word, len) == 0)
			return true;
		value = strchr(value, ',');
		if (!value)
			return false;
	}
}

int systemd_version(const char *file)
{
	static const char *const names[] = { "libsystemd-shared-", "libsystemd-core-" };
	long version;
	size_t i, len;
	char *end;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		len = strlen(names[i]);
		if (strncmp(file, names[i], len) != 0)
			continue;
		version = strtol(file + len, &end, 10);
		/* also -257.9-1.fc42.so and -261~rc2.so */
		if (end > file + len && version > 0 && version < 100000 && strstr(end, ".so"))
			return (int)version;
	}
	return -1;
}

struct systemd {
	struct vlu_ctx *ctx;
	char dir[128];
	int version;
};

static int look_at_library(void *arg, const char *name)
{
	struct systemd *look = arg;
	int version = systemd_version(name);
	char path[512];

	snprintf(path, sizeof(path), "%s/%.255s", look->dir, name);
	if (version > look->version && sys_exists(&look->ctx->sys, path))
		look->version = version;
	return 0;
}

/* Debian keeps them below the directory of the architecture. */
static int look_at_directory(void *arg, const char *name)
{
	struct systemd *look = arg;

	if (!strstr(name, "-linux-"))
		return 0;
	snprintf(look->dir, sizeof(look->dir), "/usr/lib/%.64s/systemd", name);
	sys_list(&look->ctx->sys, look->dir, look_at_library, look);
	return 0;
}

/*
 * What is installed; after an upgrade that process 1 was not told of, that is
 * what it will be next time.
 */
int host_systemd(struct vlu_ctx *ctx)
{
	static const char *const dirs[] = {
		"/usr/lib/systemd", "/usr/lib64/systemd", "/lib/systemd",
	};
	struct systemd look = { .ctx = ctx, .version = -1 };
	size_t i;

	/* sd_booted(3) */
	if (!sys_exists(&ctx->sys, "/run/systemd/system"))
		return 0;
	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		snprintf(look.dir, sizeof(look.dir), "%s", dirs[i]);
		sys_list(&ctx->sys, dirs[i], look_at_library, &look);
	}
	sys_list(&ctx->sys, "/usr/lib", look_at_directory, &look);
	return look.version;
}

struct setup_data {
	struct vlu_ctx *ctx;
	bool kho;
};

static int look_at_setup_data(void *arg, const char *name)
{
	struct setup_data *look = arg;
	int64_t type;

	if (attr_number(look->ctx, &type, HOST_SETUP_DATA "/%s/type",
			name) < 0)
		return 0;
	look->kho = type == HOST_SETUP_KHO;
	return look->kho;
}

static enum vlu_known find_kho_boot(struct vlu_ctx *ctx)
{
	struct setup_data look = { .ctx = ctx };
	int ret;

	ret = sys_list(&ctx->sys, HOST_SETUP_DATA, look_at_setup_data, &look);
	if (look.kho || sys_exists(&ctx->sys, "/sys/kernel/debug/kho/in") ||
	    sys_exists(&ctx->sys, HOST_CHOSEN "/linux,kho-fdt"))
		return VLU_YES;
	/* x86 shows the directory whenever there is any setup_data at all */
	if (ret == 0 || (ret == -ENOENT &&
			 sys_exists(&ctx->sys, "/sys/kernel/boot_params")))
		return VLU_NO;
	return VLU_DONT_KNOW;
}

/* The rules ask it for each device, and a boot does not change. */
enum vlu_known host_kho_boot(struct vlu_ctx *ctx)
{
	if (!ctx->kho_boot_read) {
		ctx->kho_boot = find_kho_boot(ctx);
		ctx->kho_boot_read = true;
	}
	return ctx->kho_boot;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>

#include "abi/compatible.h"
#include "base/attr.h"
#include "machine/device.h"
#include "machine/vfio-handler.h"

#define MODULES_DEP_MAX	(8u << 20)
#define LONGEST_WORD	32

/* drivers/vfio/pci/vfio_pci_liveupdate.c of the VFIO series, all versions */
#define SYMBOL		"vfio_pci_liveupdate"

/* Does the file contain the word? Returns 1 or 0, or a negative errno. Reads it piece by piece. */
static int file_has_word(struct vlu_ctx *ctx, const char *path, const char *word)
{
	_cleanup_free_ char *buf = malloc(65536 + LONGEST_WORD);
	size_t kept = 0;
	int fd, found = 0;
	ssize_t n;

	if (!buf)
		return -ENOMEM;
	fd = sys_open(&ctx->sys, path, O_RDONLY);
	if (fd < 0)
		return fd;
	while (!found && (n = sys_read(&ctx->sys, fd, buf + kept, 65536)) > 0) {
		kept += (size_t)n;
		found = memmem(buf, kept, word, strlen(word)) != NULL;
		/* a word may span two pieces */
		if (kept > LONGEST_WORD) {
			memmove(buf, buf + kept - LONGEST_WORD, LONGEST_WORD);
			kept = LONGEST_WORD;
		}
	}
	sys_close(&ctx->sys, fd);
	return found ? 1 : n < 0 ? (int)n : 0;
}

bool modules_dep_find(const char *text, const char *module, char *buf, size_t size)
{
	const char *line, *end, *name;
	size_t len = strlen(module);

	for (line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		end = line + strcspn(line, ":\n");
		if (*end != ':')
			continue;
		for (name = end; name > line && name[-1] != '/'; name--)
			;
		if (strncmp(name, module, len) == 0 && strncmp(name + len, ".ko", 3) == 0 &&
		    take_text(buf, size, line, (size_t)(end - line)))
			return true;
	}
	return false;
}

char vfio_pci_built(struct vlu_ctx *ctx, const struct kconfig *config)
{
	static const char word[] = "/vfio-pci.ko";
	char release[128], path[256];
	int ret;

	if (config->text)
		return kconfig_get(config, "VFIO_PCI");
	if (host_release(ctx, release, sizeof(release)))
		return '?';
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin", release);
	ret = file_has_word(ctx, path, word);
	if (ret == 1)
		return 'y';
	/* modules.dep lists modules even without the configuration */
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", release);
	if (ret == 0 && file_has_word(ctx, path, word) == 1)
		return 'm';
	return '?';
}

/*
 * Searches the module file. Returns 1 or 0 with its path in text, or a negative errno with the
 * reason, if known.
 */
static int look_in_module(struct vlu_ctx *ctx, char *text, size_t text_size)
{
	char release[128], name[256] = "kernel/drivers/vfio/pci/vfio-pci.ko";
	struct abi abi = { 0 };
	char path[512], *data;
	size_t size;
	int ret;

	if (host_release(ctx, release, sizeof(release)))
		return -ENOENT;
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", release);
	if (attr_read_all(ctx, path, MODULES_DEP_MAX, &data, &size) == 0) {
		if (!modules_dep_find(data, VFIO_DRIVER, name, sizeof(name)))
			name[0] = '\0';
		free(data);
		if (!name[0]) {
			snprintf(text, text_size, "%s has no vfio-pci", path);
			return -ENOENT;
		}
	}
	/* an absolute path, if depmod was told another directory than that of the release */
	if (name[0] == '/')
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), "/lib/modules/%s/%s", release, name);
	ret = attr_read_all(ctx, path, MODULE_MAX, &data, &size);
	if (!ret) {
		ret = abi_scan_module(&abi, data, size, path);
		free(data);
	}
	if (ret == -ENOTSUP || ret == -EBADMSG)
		snprintf(text, text_size, "%s cannot be unpacked", path);
	else
		snprintf(text, text_size, "%s%s%s", path, ret < 0 ? ": " : "",
			 ret < 0 ? strerror(-ret) : "");
	return ret ? ret : abi.word[ABI_VFIO].text[0] != '\0';
}

static int look_in_map(struct vlu_ctx *ctx)
{
	char release[128], path[256];

	if (host_release(ctx, release, sizeof(release)))
		return -ENOENT;
	snprintf(path, sizeof(path), "/boot/System.map-%s", release);
	return file_has_word(ctx, path, SYMBOL);
}

static void say(struct handler *handler, enum vlu_known there, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say(struct handler *handler, enum vlu_known there, const char *fmt, ...)
{
	va_list args;

	handler->there = there;
	va_start(args, fmt);
	vsnprintf(handler->detail, sizeof(handler->detail), fmt, args);
	va_end(args);
}

void handler_find(struct vlu_ctx *ctx, const struct kconfig *config,
		  struct handler *ret_handler)
{
	bool running, complete;
	char built, module[320] = "";
	int ret;

	if (config->text && kconfig_get(config, "VFIO_PCI_LIVEUPDATE")) {
		say(ret_handler, VLU_YES, "CONFIG_VFIO_PCI_LIVEUPDATE=y in %s", config->source);
		return;
	}
	if (config->text && !kconfig_get(config, "LIVEUPDATE")) {
		say(ret_handler, VLU_NO, "a kernel without the Live Update Orchestrator "
		    "preserves no vfio files");
		return;
	}
	built = vfio_pci_built(ctx, config);
	running = built == 'y' || sys_exists(&ctx->sys, "/sys/module/vfio_pci");
	ret = file_has_word(ctx, "/proc/kallsyms", SYMBOL);
	if (ret == 1) {
		say(ret_handler, VLU_YES, "the handler is in /proc/kallsyms");
		return;
	}
	complete = ret == 0 && running;
	if (built == 'y' && !complete) {
		ret = look_in_map(ctx);
		if (ret == 1) {
			say(ret_handler, VLU_YES, "the handler is in this kernel's System.map");
			return;
		}
		complete = ret == 0;
	}
	if (built != 'y') {
		ret = look_in_module(ctx, module, sizeof(module));
		if (ret == 1) {
			say(ret_handler, VLU_YES, "%s has the handler", module);
			return;
		}
		complete |= ret == 0;
	}
	if (complete && config->text)
		say(ret_handler, VLU_NO, "this kernel preserves no vfio files: there is no "
		    "CONFIG_VFIO_PCI_LIVEUPDATE in %s and no handler in %s",
		    config->source, running ? "its symbols" : VFIO_DRIVER);
	else if (complete)
		say(ret_handler, VLU_DONT_KNOW, "no handler in %s, and no configuration "
		    "of this kernel was found to confirm that",
		    running ? "the kernel's symbols" : VFIO_DRIVER);
	else
		say(ret_handler, VLU_DONT_KNOW, "vfio-lu cannot see whether this kernel has a handler: %s%s%s", config->text ?
		    "its configuration does not name it" : "no configuration of this kernel was found",
		    module[0] ? ", " : " and its symbols cannot be read", module);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* The initrd of a virtual machine: init, this program, and the files that they need. */

#include "base/attr.h"
#include "base/disk-file.h"
#include "base/program.h"
#include "rehearse/guest.h"
#include "sys/late.h"
#include "sys/module.h"

#define FILE_LARGEST	(1u << 30)

extern const char guest_init[], guest_init_end[];
__asm__(".pushsection .rodata\n"
	"guest_init: .incbin \"lib/rehearse/guest-init\"\n"
	"guest_init_end: .byte 0\n"
	".popsection\n");

int guest_add_file(struct guest_image *image, const char *path, const char *name, bool executable)
{
	_cleanup_free_ char *data = NULL;
	size_t size;
	int ret;

	ret = file_read_named(image->ctx, path, FILE_LARGEST, &data, &size);
	if (ret)
		return ret;
	cpio_add_file(&image->out, name, executable, data, size);
	return 0;
}

static int add_library(struct guest_image *image, const char *path)
{
	const char **at;
	size_t i;

	for (i = 0; i < image->n_libraries; i++)
		if (strcmp(image->libraries[i], path) == 0)
			return 0;
	at = pool_add(&image->pool, &image->libraries, &image->n_libraries);
	if (at)
		*at = pool_print(&image->pool, "%s", path);
	if (!at || !*at)
		return vlu_nomem(image->ctx);
	return guest_add_file(image, path, path, true);
}

/* "	libpci.so.3 => /lib/x86_64-linux-gnu/libpci.so.3 (0x7f...)", "	/lib64/ld-... (0x...)" */
static int add_libraries(struct guest_image *image, const char *program)
{
	const char *const argv[] = { "ldd", program, NULL };
	char text[16384], *word, *save = NULL;
	int ret;

	ret = program_run(image->ctx, argv, text, sizeof(text));
	if (ret < 0)
		return ret;
	/* ldd fails for a static program */
	if (ret > 0)
		text[0] = '\0';
	for (word = strtok_r(text, " \t\n", &save); word;
	     word = strtok_r(NULL, " \t\n", &save)) {
		ret = word[0] == '/' ? add_library(image, word) : 0;
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Adds the libraries that this program loads late, which ldd cannot see. The program also works if
 * one is missing.
 */
static int add_late_libraries(struct guest_image *image)
{
	char path[4096];
	int ret = 0;
	size_t i;

	for (i = 0; !ret && late_libraries[i]; i++) {
		if (late_path(late_libraries[i], path, sizeof(path)))
			continue;
		ret = add_library(image, path);
		ret = ret ? ret : add_libraries(image, path);
	}
	return ret;
}

int guest_add_program(struct guest_image *image, const char *path, const char *name)
{
	int ret = guest_add_file(image, path, name, true);

	return ret ? ret : add_libraries(image, path);
}

static int add_found(struct guest_image *image, const char *program, const char *name)
{
	char path[256];
	int ret = program_find(image->ctx, program, path, sizeof(path));

	return ret ? ret : guest_add_program(image, path, name);
}

/* Adds a link for each applet. A later program of the same name replaces the link. */
static int add_busybox(struct guest_image *image)
{
	char path[256], name[64], text[8192], *word, *save = NULL;
	const char *const argv[] = { path, "--list", NULL };
	int ret = program_find(image->ctx, "busybox", path, sizeof(path));

	ret = ret ? ret : program_run(image->ctx, argv, text, sizeof(text));
	if (ret > 0)
		return vlu_fail(image->ctx, VLU_FAILED, -EIO, "%s --list: %s", path, text);
	if (ret)
		return ret;
	for (word = strtok_r(text, "\n", &save); word; word = strtok_r(NULL, "\n", &save)) {
		snprintf(name, sizeof(name), "bin/%s", word);
		if (strcmp(word, "busybox") != 0)
			cpio_add_link(&image->out, name, "busybox");
	}
	return guest_add_program(image, path, "bin/busybox");
}

static int add_programs(struct guest_image *image)
{
	const char *holder = image->ctx->holder;
	char self[4096];
	int ret;

	if (holder && sys_readlink(&image->ctx->sys, holder, self, sizeof(self)) < 0)
		snprintf(self, sizeof(self), "%s", holder);
	ret = add_busybox(image);
	if (!ret)
		ret = holder ? guest_add_program(image, self, "bin/vfio-lu") :
			       add_found(image, "vfio-lu", "bin/vfio-lu");
	ret = ret ? ret : add_late_libraries(image);
	ret = ret ? ret : add_found(image, "kexec", "bin/kexec");
	return ret ? ret : add_found(image, "modprobe", "bin/modprobe");
}

static int add_below(struct guest_image *image, const char *path, const char *below)
{
	char name[1024];

	snprintf(name, sizeof(name), "%s/%s", image->place, below);
	return guest_add_file(image, path, name, false);
}

static int add_module(void *arg, const char *path)
{
	struct guest_image *image = arg;
	const char *at = strstr(path, image->modules);

	return add_below(image, path, at ? at + strlen(image->modules) : path);
}

static int add_index(void *arg, const char *name)
{
	struct guest_image *image = arg;
	char path[1024];

	if (strncmp(name, "modules.", strlen("modules.")) != 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", image->modules, name);
	return add_below(image, path, name);
}

int guest_add_modules(struct guest_image *image, const char *dir, const char *place,
		      const char *const *names, size_t n)
{
	size_t i;
	int ret;

	image->modules = dir;
	image->place = place;
	ret = attr_each(image->ctx, dir, add_index, image);
	for (i = 0; !ret && i < n; i++) {
		ret = module_files(dir, names[i], add_module, image);
		ret = ret == -ENOENT ? 0 : ret;
	}
	return ret;
}

int guest_image_begin(struct guest_image *image, struct vlu_ctx *ctx)
{
	static const char *const dirs[] = { "dev", "proc", "sys", "run", "tmp", "lib", "var/lib" };
	size_t i;

	*image = (struct guest_image){ .ctx = ctx };
	if (cpio_begin(&image->out))
		return vlu_nomem(ctx);
	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		cpio_add_dir(&image->out, dirs[i]);
	cpio_add_link(&image->out, "sbin", "bin");
	cpio_add_file(&image->out, "init", true, guest_init, (size_t)(guest_init_end - guest_init));
	return add_programs(image);
}

int guest_image_finish(struct guest_image *image, int ret)
{
	pool_free(&image->pool);
	if (image->out.stream && cpio_finish(&image->out) && !ret)
		ret = vlu_nomem(image->ctx);
	if (ret) {
		free(image->out.data);
		image->out.data = NULL;
	}
	return ret;
}

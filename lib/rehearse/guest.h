/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual machine that boots a kernel with an initrd made for it. Rehearsals use it, and so do
 * the tests (tests/vm/machine.c).
 */
#ifndef VLU_REHEARSE_GUEST_H
#define VLU_REHEARSE_GUEST_H

#include "base/pool.h"
#include "formats/cpio-write.h"

/* ------------------------------------------------------------------------- guest-image.c */

struct guest_image {
	struct vlu_ctx *ctx;
	struct cpio_out out;
	const char *modules, *place;	/* the directory being added, and its place */
	struct pool pool;
	const char **libraries;		/* libraries in the image */
	size_t n_libraries;
};

/*
 * Begins an image with guest-init (which runs /steps), this program, kexec, modprobe and busybox.
 * Call guest_image_finish() even after a failure.
 */
int guest_image_begin(struct guest_image *image, struct vlu_ctx *ctx) must_check;
int guest_add_file(struct guest_image *image, const char *path, const char *name,
		   bool executable) must_check;
/* Adds a program and its libraries. */
int guest_add_program(struct guest_image *image, const char *path, const char *name) must_check;
/*
 * Adds these modules, those that they depend on, and depmod's lists. A module that is not found is
 * no error, since it may be built in but not listed in modules.builtin. If it is not built in, the
 * step that needs it fails in the machine.
 */
int guest_add_modules(struct guest_image *image, const char *dir, const char *place,
		      const char *const *names, size_t n) must_check;
/* Returns ret, the result so far, or an error. The caller frees image->out.data. */
int guest_image_finish(struct guest_image *image, int ret) must_check;

/* ------------------------------------------------------------------------------- qemu.c */

/* The words of a command line. */
struct words {
	struct pool pool;
	char **at;
	size_t n;
	bool failed;
};

void qemu_word(struct words *words, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void qemu_option(struct words *words, const char *name, const char *value);

struct guest {
	bool kvm;
	long long memory;	/* MiB */
	const char *kernel, *initrd, *cmdline;
	/* Files for a copy of each serial port; NULL: none. */
	const char *kernel_log, *says_log;
};

/* QEMU's files: first serial port in and out, error messages, second port. */
enum { QEMU_IN, QEMU_OUT, QEMU_ERR, QEMU_SAYS, QEMU_FILES };

/* Adds the machine itself to words. Its devices follow. */
void qemu_guest(struct words *words, const struct guest *guest);
/* A kind of emulated device, QEMU's name for it, and further options of that QEMU device. */
struct qemu_kind {
	const char *name, *model, *more;
	bool disk;
};
/* Returns NULL for an unknown kind. */
const struct qemu_kind *qemu_kind(const char *name);
/*
 * Adds a device at slot 0 behind this port, with this PCI function number. The device gets the
 * number n in the machine.
 */
void qemu_device(struct words *words, const struct qemu_kind *kind, size_t n, const char *port,
		 unsigned int function);
/* Starts QEMU with these words, and frees them. Returns its pid. */
int qemu_start(struct vlu_ctx *ctx, const char *qemu, struct words *words, const int *fds,
	       size_t n) must_check;
/* Can KVM run this kernel? Some hosts open /dev/kvm and then fail, so this boots the kernel. */
bool has_kvm(struct vlu_ctx *ctx, const char *qemu, const char *kernel);
/* Returns words that each kernel of a machine needs on its command line. */
const char *guest_words(bool kvm);

#endif

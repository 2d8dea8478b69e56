/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The moments of a live update, and where each one is kept until it is in UPDATES:
 *
 *   preserved		in the manifest, inside the session and on the disk
 *   loaded		on the command line with which `vfio-lu kexec` loads the next kernel
 *   interrupts-disabled, of each device, and kexec-called
 *			on the disk right before the kexec, with "loaded", which shows that
 *			they belong to this kexec
 *   kernel-entered	computed: zero of the next kernel's boot clock
 *   init-started	in the kernel log, under the next kernel
 *   restore-called; restored and given, of each device
 *			in /run
 *   finish-called, bound (of each device), finished
 *			in the memory of the command finish, and then in UPDATES; if finish
 *			fails after it has bound a device, finish-called and bound are also kept
 *			in /run
 *
 * When a moment cannot be written, the command warns and goes on: the moment is unknown later.
 */
#ifndef VLU_TIMELINE_MOMENTS_H
#define VLU_TIMELINE_MOMENTS_H

#include "machine/clock.h"

/* In the order in which they happen. */
enum moment_kind {
	PRESERVED, LOADED, INTERRUPTS_DISABLED, KEXEC_CALLED,
	KERNEL_ENTERED,		/* the first under the next kernel */
	INIT_STARTED, RESTORE_CALLED, RESTORED, GIVEN, FINISH_CALLED, BOUND, FINISHED,
	MOMENT_KINDS
};
const char *moment_word(enum moment_kind kind);

struct noted {
	enum moment_kind kind;
	bool of_device;
	struct vlu_bdf bdf;
	struct moment at;
};

struct moments {
	size_t n;
	struct noted *noted;
};

/*
 * Adds a moment of this kind with the current time, unless one is noted already. bdf NULL: for the
 * whole session.
 */
void moments_note(struct vlu_ctx *ctx, struct moments *moments, enum moment_kind kind,
		  const struct vlu_bdf *bdf);
/* The same for a given time. */
void moments_add(struct moments *moments, enum moment_kind kind, const struct vlu_bdf *bdf,
		 const struct moment *at);
const struct noted *moments_find(const struct moments *moments, enum moment_kind kind,
				 const struct vlu_bdf *bdf);
void moments_drop(struct moments *moments, enum moment_kind kind, struct vlu_bdf bdf);
void moments_free(struct moments *moments);

#define MOMENTS_MAX	(4u << 20)	/* bytes: several moments of all devices of a full holder */

/* Adds the moments of another set that this set does not have yet. */
void moments_merge(struct moments *moments, const struct moments *other);

/* Sorts by kind, then by device. */
void moments_sort(struct moments *moments);

/* The file is name.moments in dir. A missing or malformed file adds no moments. */
void moments_read(struct vlu_ctx *ctx, const char *dir, const char *name, struct moments *moments);
void moments_write(struct vlu_ctx *ctx, const char *dir, const char *name,
		   const struct moments *moments);
void moments_remove(struct vlu_ctx *ctx, const char *dir, const char *name);
/* Returns the content of such a file. moments_text() frees the object, the caller the text. */
struct json_object *moments_object(const struct moments *moments);
char *moments_text(struct json_object *object);
/* Adds the moments of such a text. Returns its object, to be freed, or NULL if malformed. */
struct json_object *moments_parse(const char *text, size_t size, struct moments *moments);
/* Returns a text member of the object or of a row, or "" when there is none. */
const char *moments_get(struct json_object *object, const char *key);

/* The name of the file on the disk, and the word on the next kernel's command line. */
#define KEXEC_MOMENTS	"kexec"
#define KEXEC_WORD	"vfio-lu.kexec"

#endif

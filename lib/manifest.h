/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a session holds, as JSON: on disk, and as a sealed memfd inside the
 * session, so that it crosses the kexec even where the disk does not.
 */
#ifndef VLU_MANIFEST_H
#define VLU_MANIFEST_H

#include "file.h"

#define MANIFEST_SCHEMA	1
#define MANIFEST_MAX	(1u << 20)
#define MANIFEST_COMMAND 4096	/* bytes, the longest that is kept */

struct manifest_device {
	struct vlu_bdf bdf;
	int64_t vendor, device, subsystem, class;	/* -1: not known */
	char path[256];
	char driver_before[64];	/* "": none, or not known */
};

struct manifest_file {
	char name[FILE_NAME];
	uint64_t token;
};

struct manifest {
	char session[64];
	char created[32];	/* UTC, ISO 8601 */
	char boot_id[40];
	char kernel[128];
	int64_t liveupdate_number;	/* that the next kernel will say; -1: not known */
	uint64_t flbs_pa;		/* of the FLB header; 0: not known */
	size_t n_devices;
	struct manifest_device *devices;
	size_t n_files;			/* of the VMM, that are no devices */
	struct manifest_file *files;
	char *command;			/* of the VMM; NULL: not taken from one */
};

/* Fills everything but the devices from the running kernel. */
int manifest_init(struct vlu_ctx *ctx, struct manifest *manifest,
		  const char *session) must_check;
int manifest_add(struct manifest *manifest, const struct manifest_device *dev)
	must_check;
int manifest_add_file(struct manifest *manifest, const struct manifest_file *file)
	must_check;
void manifest_free(struct manifest *manifest);
const struct manifest_device *manifest_find(const struct manifest *manifest,
					    struct vlu_bdf bdf);

/* The text is freed by the caller. */
int manifest_format(const struct manifest *manifest, char **ret_text) must_check;
/* -EBADMSG: not a manifest we understand; why (a constant) says what is wrong. */
int manifest_parse(const char *text, size_t size, struct manifest *ret_manifest,
		   const char **ret_why) must_check;

/* dir is STATE_DIR or RUN_DIR. -ENOENT: there is none. */
int manifest_text(struct vlu_ctx *ctx, const char *dir, const char *session,
		  char **ret_text, size_t *ret_size) must_check;
int manifest_read(struct vlu_ctx *ctx, const char *dir, const char *session,
		  struct manifest *ret_manifest) must_check;
int manifest_write(struct vlu_ctx *ctx, const char *dir,
		   const char *session, const char *text) must_check;
void manifest_remove(struct vlu_ctx *ctx, const char *session);
/* Calls fn with each session that has a manifest file in dir, by name. */
int manifest_each(struct vlu_ctx *ctx, const char *dir,
		  int (*fn)(void *arg, const char *session), void *arg);

/* The boot id of the running kernel. */
int boot_id(struct vlu_ctx *ctx, char buf[40]) must_check;

#endif

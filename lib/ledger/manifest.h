/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The content of a session as JSON. It is on the disk and in a sealed memfd inside the session,
 * which is handed over even if the disk is lost.
 */
#ifndef VLU_LEDGER_MANIFEST_H
#define VLU_LEDGER_MANIFEST_H

#include "base/token.h"
#include "machine/clock.h"

#define MANIFEST_SCHEMA	1
#define MANIFEST_MAX	(8u << 20) /* bytes: all devices of a full holder, with the longest paths */
#define MANIFEST_COMMAND 4096	/* bytes, with the terminating NUL */

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
	struct moment preserved; /* the same moment, for the timeline; old manifests do not have it */
	char boot_id[40];
	char kernel[128];
	int64_t liveupdate_number;	/* of the next kernel; -1: not known */
	uint64_t flbs_pa;		/* of the FLB header; 0: not known */
	size_t n_devices;
	struct manifest_device *devices;
	size_t n_files;			/* memory of the VMM */
	struct manifest_file *files;
	char *command;			/* of the VMM; NULL: the devices were not taken from a VMM */
};

/* Fills in the facts about the running kernel: everything except the devices, files and command. */
int manifest_init(struct vlu_ctx *ctx, struct manifest *manifest,
		  const char *session) must_check;
void manifest_free(struct manifest *manifest);
const struct manifest_device *manifest_find(const struct manifest *manifest,
					    struct vlu_bdf bdf);
/* Returns the name of the i-th member, devices before files. NULL: there are no more. */
const char *manifest_name(const struct manifest *manifest, size_t i, char name[FILE_NAME]);

/* Makes the text, which the caller frees. */
int manifest_format(const struct manifest *manifest, char **ret_text) must_check;
/* Returns -EBADMSG for an invalid manifest, and a constant text that says why. */
int manifest_parse(const char *text, size_t size, struct manifest *ret_manifest,
		   const char **ret_why) must_check;

/* Parses the manifest of this session. where: its origin, for the failure. */
int manifest_take(struct vlu_ctx *ctx, const char *text, size_t size, const char *session,
		  const char *where, struct manifest *ret_manifest) must_check;
/* Reads a manifest from dir, STATE_DIR or RUN_DIR. Returns -ENOENT if there is none. */
int manifest_read(struct vlu_ctx *ctx, const char *dir, const char *session,
		  struct manifest *ret_manifest) must_check;
/* Writes the text to /run and to the disk. Fails only if /run cannot be written; warns otherwise. */
int manifest_keep(struct vlu_ctx *ctx, const char *session, const char *text) must_check;
/* Writes a file of this name in dir. */
int state_write(struct vlu_ctx *ctx, const char *dir, const char *name, const char *text) must_check;
void manifest_remove(struct vlu_ctx *ctx, const char *session);
/* Takes the name of the session from "NAME.json". Returns false if no session can have the name. */
bool manifest_session(const char *file, char session[64]);

#endif

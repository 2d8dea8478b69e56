/* SPDX-License-Identifier: GPL-2.0-only */
/* The records of rehearsals, a file for each pair of kernels. Only vlu_rehearse() writes them. */
#ifndef VLU_NEXT_REHEARSED_H
#define VLU_NEXT_REHEARSED_H

#include "base/digest.h"

#define REHEARSED_MAX	(256u << 10)	/* the largest record */
#define REHEARSALS	"rehearsals"	/* below STATE_DIR, or the user's directory */

#define REHEARSED_DATE	"%Y-%m-%dT%H:%M:%SZ"

/* Returns the id of each row of a rehearsal, and NULL after the last. */
const char *rehearsal_id(size_t i);

/* A pair of kernels, as hashes of its files. */
struct pair {
	char from[DIGEST_SIZE], next[DIGEST_SIZE];
	char initrd[DIGEST_SIZE];	/* "": no initrd */
};

int pair_read(struct vlu_ctx *ctx, const char *from, const char *next, const char *initrd,
	      struct pair *ret_pair) must_check;

/* The content of a record. The caller owns the strings. */
struct rehearsed {
	struct pair pair;
	const char *from, *to;		/* releases; "unknown" if not known */
	const char *from_image, *next_image, *initrd;
	const char *cmdline;
	const char *const *devices;
	size_t n_devices;
	const char *log;
	const char *accel;
	int64_t seconds;
	const struct vlu_report *report;
};

/* Returns JSON, which the caller frees, or NULL if out of memory. */
char *rehearsed_format(const struct rehearsed *rehearsed);
/*
 * Writes a pair's record in dir. If the pair's previous record is from before the date "then",
 * deletes the log of that record.
 */
int rehearsed_write(struct vlu_ctx *ctx, const char *dir, const struct pair *pair,
		    const char *then, const char *text) must_check;
int rehearsed_make_dir(struct vlu_ctx *ctx, const char *dir) must_check;

/* A record that was found. */
struct outcome {
	enum vlu_result verdict;
	char date[32];
	char failed[320];	/* the first bad row, and its detail */
	char path[512];
	char log[512];
};

/*
 * Reads the content of a record. Returns -EBADMSG if it is not one, -EPROTONOSUPPORT if it has a
 * later schema, and -ENOENT if it belongs to another pair. Does not set the path.
 */
int rehearsed_parse(const char *text, const struct pair *pair, struct outcome *outcome) must_check;

/*
 * Finds the pair's newest pass or fail among the stored records and in the record "text", which was
 * read from the path "file" (both NULL: no such file). If the pair
 * has neither, finds a record whose result is unknown.
 * Returns -ENOENT if there is no record, and -EACCES if this user may not read the stored records.
 * Returns -EBADMSG if the file at ret_outcome->path is not a record, and -EPROTONOSUPPORT if it has
 * a later schema.
 */
int rehearsed_find(struct vlu_ctx *ctx, const char *file, const char *text, const char *from,
		   const char *next, const char *initrd, struct outcome *ret_outcome) must_check;

/* Finds the image of an installed kernel, or returns -ENOENT. */
int installed_image(struct vlu_ctx *ctx, const char *release, char *buf, size_t size) must_check;

#endif
